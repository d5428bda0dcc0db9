package e2e_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/edgeauth/edgeauth/internal/browser"
	"github.com/edgeauth/edgeauth/internal/edgetest"
)

// arriveIn logs somebody in to the demo, from Berlin, and checks that nothing looks odd yet.
func (d *demoRun) arriveIn(tab *browser.Tab, name string) {
	d.t.Helper()
	tab.Open(d.origin + "/")
	signInDemo(tab, name)
	arrives(tab, d.origin+"/")
	if tab.Text("#city") != "Berlin" || tab.Text("#level") != "normal" {
		d.t.Fatalf("%s arrives in %s with the level %s", name, tab.Text("#city"), tab.Text("#level"))
	}
}

// travel chooses a city and reads the level there.
func (d *demoRun) travel(tab *browser.Tab, id, name, level, confirmed string) {
	d.t.Helper()
	tab.Click("#city-" + id)
	arrives(tab, d.origin+"/")
	if tab.Text("#city") != name || tab.Text("[aria-current]") == "" || tab.Text("#level") != level || tab.Text("#confirmed") != confirmed {
		d.t.Fatalf("in %s the page says %s: %s, %s; want %s, %s", name, tab.Text("#city"), tab.Text("#level"), tab.Text("#confirmed"), level, confirmed)
	}
}

// password types it where the provider asks for it before it shows what selector names. It does unless the last login is not
// older, in whole seconds, than what made the level rise.
func password(tab *browser.Tab, name, selector string) {
	var asked bool
	tab.WaitVisible("#password, " + selector)
	if tab.Eval(`document.querySelector("#password") !== null`, &asked); asked {
		tab.Fill("#password", name)
		tab.Click("#sign-in")
	}
	tab.WaitVisible(selector)
}

// says checks what the page shows.
func says(t *testing.T, tab *browser.Tab, selector, want string) {
	t.Helper()
	if got := tab.Text(selector); !strings.Contains(got, want) {
		t.Errorf("%s shows %q, want %q", selector, got, want)
	}
}

// lasts checks that the page says of the session that it ends after some minutes.
func lasts(t *testing.T, tab *browser.Tab) {
	t.Helper()
	if got := tab.Text("#ends-in"); !regexp.MustCompile(`^1[345] minutes$`).MatchString(got) {
		t.Errorf("the session ends in %s, want 15 minutes", got)
	}
}

func Test_two_cities_away_the_demo_asks_alice_for_her_fingerprint_and_says_why(t *testing.T) {
	d := startDemo(t)
	tab := browser.Start(t).NewTab()
	d.story(tab, true)
	d.interrupt()
}

// withoutScripts turns JavaScript off.
func withoutScripts(t *testing.T, tab *browser.Tab) {
	t.Helper()
	off := chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		return err
	})
	if err := chromedp.Do(tab.Context(), off); err != nil {
		t.Fatal(err)
	}
}

func Test_without_JavaScript_the_demo_tells_the_same_story(t *testing.T) {
	d := startDemo(t)
	tab := browser.Start(t).NewTab()
	withoutScripts(t, tab)
	d.story(tab, false)
	tab.Open(d.origin + "/try")
	says(t, tab, "noscript", "needs JavaScript")
	d.interrupt()
}

// story is what the issue promises: two clicks, a step-up, fifteen minutes, and why.
func (d *demoRun) story(tab *browser.Tab, scripts bool) {
	t := d.t
	t.Helper()
	d.arriveIn(tab, "alice")
	says(t, tab, "#ends-in", "8 hours")
	pictures(t, tab, "1-berlin")
	tab.Open(d.origin + "/vault/")
	says(t, tab, "#proof", "pwd (password)") // nothing looked unusual
	pictures(t, tab, "2-vault-in-berlin")
	tab.Open(d.origin + "/")

	d.travel(tab, "tokyo", "Tokyo", "elevated", "not confirmed")
	says(t, tab, "#why", "faster than any airliner")
	pictures(t, tab, "3-tokyo")
	d.travel(tab, "sao-paulo", "São Paulo", "high", "not confirmed")
	says(t, tab, "#why", "three time zones")
	lasts(t, tab)
	pictures(t, tab, "4-sao-paulo")

	tab.Click(".button[href='/vault/']")
	password(tab, "alice", "#touch")
	pictures(t, tab, "5-fingerprint")
	tab.Click("#touch")
	arrives(tab, d.origin+"/vault/")
	says(t, tab, "#proof", "bio (a fingerprint)")
	says(t, tab, "#proof", "hwk")
	says(t, tab, "#level", "high")
	if got := tab.Text("#confirmed"); got != "confirmed" {
		t.Errorf("after the fingerprint the level is %s", got)
	}
	says(t, tab, "#why", "three time zones")
	lasts(t, tab)
	pictures(t, tab, "6-vault-confirmed")
	if scripts {
		d.agrees(tab)
		tab.Open(d.origin + "/try") // streams go through carrier and edge
		within(t, tab, "#ws-state", "open")
		tab.Press("#say button")
		within(t, tab, "#ws-log", "hello")
		within(t, tab, "#sse-log", "tick")
	}
}

// agrees compares what the page says with what the edge says of the session.
func (d *demoRun) agrees(tab *browser.Tab) {
	d.t.Helper()
	tab.Open(d.origin + "/.edgeauth/me")
	var me struct {
		Level   string
		Proven  bool `json:"level_proven"`
		Reasons []string
		AMR     []string
		Expires time.Time `json:"expires_at"`
	}
	if err := json.Unmarshal([]byte(tab.Text("pre")), &me); err != nil {
		d.t.Fatal(err)
	}
	left := time.Until(me.Expires)
	if me.Level != "high" || !me.Proven || len(me.Reasons) != 1 || me.Reasons[0] != "time_zones" || len(me.AMR) != 2 || left > 15*time.Minute || left < 13*time.Minute {
		d.t.Errorf("/.edgeauth/me says %+v, %v left", me, left)
	}
}

func Test_carol_who_enrols_her_fingerprint_on_the_spot_is_refused_and_told_why(t *testing.T) {
	d := startDemo(t)
	tab := browser.Start(t).NewTab()
	d.arriveIn(tab, "carol")
	d.travel(tab, "tokyo", "Tokyo", "elevated", "not confirmed")
	d.travel(tab, "sao-paulo", "São Paulo", "high", "not confirmed")
	tab.Open(d.origin + "/vault/")
	password(tab, "carol", "#enrol")
	pictures(t, tab, "1-enrolment")
	tab.Click("#enrol")
	password(tab, "carol", "#touch") // the second round asks for everything anew
	tab.Click("#touch")              // with the finger that was registered a moment ago
	says(t, tab, "h1", "This device is too new for that")
	if tab.Status() != http.StatusForbidden {
		t.Errorf("carol is answered %d", tab.Status())
	}
	says(t, tab, "main", "was set up for you after that")
	pictures(t, tab, "2-refused")
	tab.Open(d.origin + "/")
	says(t, tab, "#level", "high")
	says(t, tab, "#confirmed", "not confirmed")
	d.interrupt()
}

func Test_what_the_demo_says_of_going_on_is_so(t *testing.T) {
	d := startDemo(t)
	tab := browser.Start(t).NewTab()
	d.arriveIn(tab, "alice")
	d.travel(tab, "tokyo", "Tokyo", "elevated", "not confirmed")
	tab.Click("#confirm")
	password(tab, "alice", "#code")
	tab.Fill("#code", "246810")
	tab.Click("#verify")
	arrives(tab, d.origin+"/")
	if got := tab.Text("#confirmed"); got != "confirmed" {
		t.Errorf("after the code the level is %s", got)
	}
	tab.Open(d.origin + "/vault/")
	says(t, tab, "#proof", "mfa (a password and a one-time code)")
	tab.Open(d.origin + "/")
	d.travel(tab, "sao-paulo", "São Paulo", "high", "not confirmed")
	tab.Open(d.origin + "/vault/")
	password(tab, "alice", "#touch")
	tab.Click("#touch")
	arrives(tab, d.origin+"/vault/")
	tab.Open(d.origin + "/")
	d.wander(tab) // each further place raises the level again
	lasts(t, tab)
	d.logOut(tab)
	tab.Open(d.origin + "/")
	signInDemo(tab, "alice")
	arrives(tab, d.origin+"/")
	says(t, tab, "#level", "high") // also for later logins
	d.logOut(tab)
	tab.Open(d.origin + "/")
	signInDemo(tab, "bob")
	arrives(tab, d.origin+"/")
	says(t, tab, "#level", "normal")
	d.interrupt()
}

// wander goes to further places until the level is no longer confirmed. A confirmation of the last two seconds still counts,
// because clocks differ.
func (d *demoRun) wander(tab *browser.Tab) {
	d.t.Helper()
	for i, end := 0, time.Now().Add(edgetest.Patience); tab.Text("#confirmed") != "not confirmed"; i++ {
		if time.Now().After(end) {
			d.t.Fatal("wherever alice goes, the level stays confirmed")
		}
		tab.Click([]string{"#city-sydney", "#city-new-york"}[i%2])
	}
	says(d.t, tab, "#level", "high")
}

func (d *demoRun) logOut(tab *browser.Tab) {
	d.t.Helper()
	tab.Open(d.origin + "/.edgeauth/logout")
	tab.Click("button")
	tab.WaitURL("^" + regexp.QuoteMeta(d.origin) + "/.edgeauth/logged-out")
}

// Chromium follows the redirects of a form only where the page's policy lets forms go.
func Test_choosing_a_city_after_the_session_has_ended_leads_to_a_login(t *testing.T) {
	d := startDemo(t)
	tab := browser.Start(t).NewTab()
	d.arriveIn(tab, "alice")
	d.revoke()
	tab.Click("#city-tokyo")
	tab.WaitURL("^" + regexp.QuoteMeta(d.origin) + "/$") // the provider's session goes on, so the login is silent
	says(t, tab, "#city", "Tokyo")
	d.interrupt()
}

// XF-01: the carrier is what the edge trusts, not the browser behind it.
func Test_XF_01_a_browser_of_the_demo_cannot_say_where_it_is(t *testing.T) {
	d := startDemo(t)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, d.origin+"/public/", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Forwarded-For", "203.0.113.9")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || strings.Contains(string(body), "203.0.113.9") || !strings.Contains(string(body), "79.193.33.37") {
		t.Errorf("%v: the application was told\n%s", err, body)
	}
	d.interrupt()
}

// pictures keeps what a page looks like in light, in dark and on a phone, which it must not be wider than.
func pictures(t *testing.T, tab *browser.Tab, name string) {
	t.Helper()
	for _, scheme := range []string{"light", "dark"} {
		tab.Prefer(scheme)
		tab.Screenshot(name + "-" + scheme)
	}
	resize(t, tab, 360, 640)
	var overflow bool
	tab.Eval("document.documentElement.scrollWidth > document.documentElement.clientWidth", &overflow)
	tab.Screenshot(name + "-phone")
	if overflow {
		t.Errorf("%s is wider than a phone", name)
	}
	resize(t, tab, 1280, 900)
	tab.Prefer("light")
}
