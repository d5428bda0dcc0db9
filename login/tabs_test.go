package login_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/audit"
	"github.com/edgeauth/edgeauth/internal/idp"
	"github.com/edgeauth/edgeauth/session"
)

func TestCK_20_SixtyTabs(t *testing.T) {
	b := open(t)
	c := b.browser()
	var callbacks []string
	for i := range 60 {
		callbacks = append(callbacks, c.callback(fmt.Sprintf("/tab/%d", i)))
	}
	if n := len(c.jar.Cookies(c.edgeURL())); n != 2 { // ours and, as cookies ignore ports, the provider's
		t.Errorf("%d cookies, want 2: %v", n, c.jar.Cookies(c.edgeURL()))
	}
	families := map[string]bool{}
	for i, callback := range callbacks {
		p := c.follow(c.get(callback))
		if !strings.HasPrefix(p.body, fmt.Sprintf("/tab/%d ", i)) {
			t.Fatalf("tab %d ended at %s with %d", i, p.Request.URL, p.StatusCode)
		}
		families[family(p)] = true
	}
	if len(families) != 1 || b.events.of(audit.SessionReplaced) != 0 {
		t.Errorf("%d sessions, %d of them ended under the tabs that used them", len(families), b.events.of(audit.SessionReplaced))
	}
	if b.shop.keys() > 60+1 {
		t.Errorf("%d keys in the store", b.shop.keys())
	}
}

func TestTwentyTabsOpenedAtOnceWithoutACookie(t *testing.T) {
	b := open(t)
	c := b.browser()
	var callbacks []string
	for i := range 20 {
		c.drop("edgeauth-login") // none of the twenty requests carries one; the last answer wins
		callbacks = append(callbacks, c.callback(fmt.Sprintf("/tab/%d", i)))
	}
	again, families := 0, map[string]bool{}
	for i, callback := range callbacks {
		p := c.follow(c.get(callback))
		if p.StatusCode == http.StatusForbidden && p.refresh() != "" {
			again++
			p = c.follow(c.get(p.refresh()))
		}
		if !strings.HasPrefix(p.body, fmt.Sprintf("/tab/%d ", i)) {
			t.Fatalf("tab %d ended at %s with %d:\n%s", i, p.Request.URL, p.StatusCode, p.body)
		}
		families[family(p)] = true
	}
	if again != 19 || len(families) != 1 {
		t.Errorf("%d tabs began again, want all but the last; they have %d sessions, want 1", again, len(families))
	}
}

func TestTabsThatKnewTheSameOldSessionEndItOnce(t *testing.T) {
	b := open(t)
	c := b.browser()
	c.login("/x")
	b.offset.Add(int64(30 * time.Minute)) // idle for too long
	var callbacks []string
	for i := range 10 {
		callbacks = append(callbacks, c.callback(fmt.Sprintf("/tab/%d", i)))
	}
	for i, callback := range callbacks {
		if p := c.follow(c.get(callback)); !strings.HasPrefix(p.body, fmt.Sprintf("/tab/%d ", i)) {
			t.Fatalf("tab %d ended at %s with %d", i, p.Request.URL, p.StatusCode)
		}
	}
	if n := b.events.of(audit.SessionReplaced); n != 1 {
		t.Errorf("%d sessions were replaced, want 1", n)
	}
}

// formPage begins a login and shows the page by which the provider sends the browser back.
func (c *browser) formPage(path string) page {
	c.t.Helper()
	p := c.get(path)
	for range 5 {
		if strings.Contains(p.body, `name="state"`) {
			return p
		}
		p = c.get(p.to())
	}
	c.t.Fatalf("no form for %s", path)
	return p
}

func TestTabsWhoseProviderAnswersByFormShareOneSession(t *testing.T) {
	b := open(t, formPost)
	c := b.browser()
	var forms []page
	for i := range 10 {
		forms = append(forms, c.formPage(fmt.Sprintf("/tab/%d", i)))
	}
	families, devices := map[string]bool{}, map[string]bool{}
	for i, form := range forms {
		p := c.follow(c.postBack(form))
		if !strings.HasPrefix(p.body, fmt.Sprintf("/tab/%d ", i)) {
			t.Fatalf("tab %d ended at %s with %d:\n%s", i, p.Request.URL, p.StatusCode, p.body)
		}
		families[family(p)], devices[c.cookie("edgeauth-device")] = true, true
	}
	if len(families) != 1 || len(devices) != 1 || b.events.of(audit.SessionReplaced) != 0 {
		t.Errorf("%d sessions of %d devices, %d of them ended under the tabs that used them", len(families), len(devices), b.events.of(audit.SessionReplaced))
	}
}

func TestAFormOfAnotherLoginEndsTheSessionThatItOverwrites(t *testing.T) {
	for what, change := range map[string]func(*bed){
		"another person": func(b *bed) {
			b.idp.Lie(idp.Lies{IDToken: func(_, claims map[string]any) { claims["sub"] = "somebody-else" }})
		},
		"other groups":                  func(b *bed) { b.lieGroups([]string{"admin"}) },
		"a session that idled too long": func(b *bed) { b.offset.Add(int64(11 * time.Minute)) },
	} {
		b := open(t, formPost)
		c := b.browser()
		fast, slow := c.formPage("/fast"), c.formPage("/slow")
		first := c.follow(c.postBack(fast))
		overwritten := c.cookie("edgeauth")
		change(b)
		second := c.follow(c.postBack(slow))
		if !strings.HasPrefix(second.body, "/slow ") || family(first) == family(second) {
			t.Fatalf("%s: the second login ended with %s", what, second.body)
		}
		c.put("__Host-edgeauth", overwritten)
		if p := c.get("/slow"); p.StatusCode == http.StatusOK || b.events.of(audit.SessionReplaced) != 1 {
			t.Errorf("%s: the session that was overwritten is answered %d; %d were replaced, want 1", what, p.StatusCode, b.events.of(audit.SessionReplaced))
		}
	}
}

func TestALogoutBetweenTwoFormsIsNotUndoneByWhatTheBindingRemembers(t *testing.T) {
	b := open(t, formPost)
	c := b.browser()
	fast, slow := c.formPage("/fast"), c.formPage("/slow")
	first := c.follow(c.postBack(fast))
	if p := c.post("/.edgeauth/logout", url.Values{}, "Origin", c.edge.URL); p.set("edgeauth") {
		t.Fatalf("the logout is answered %d and sets a session", p.StatusCode)
	}
	p := c.follow(c.postBack(slow))
	if strings.HasPrefix(p.body, "/slow ") && family(p) == family(first) {
		t.Errorf("the session that was logged out is used again: %s", p.body)
	}
	if n := b.events.of(audit.SessionReplaced); n != 0 {
		t.Errorf("%d sessions were replaced, though all had ended", n)
	}
}

func TestCK_16_NothingOfAFixedBrowserIsCarriedOver(t *testing.T) {
	b := open(t)
	attacker, victim := b.browser(), b.browser()
	b.idp.AutoLogin("bob")
	attacker.login("/x")
	before := attacker.cookie("edgeauth")
	for _, name := range []string{"edgeauth", "edgeauth-login", "edgeauth-device"} {
		victim.put(name, attacker.cookie(name))
	}
	b.idp.AutoLogin("alice")
	fixed := b.open(before)
	victim.follow(victim.get("/.edgeauth/login?rd=/x"))
	fresh := b.open(victim.cookie("edgeauth"))
	if fresh.ID == fixed.ID || fresh.Family == fixed.Family || fresh.VaultSecret == fixed.VaultSecret || fresh.Subject == fixed.Subject {
		t.Error("the victim's session shares something with the attacker's")
	}
	if p := attacker.get("/x"); p.StatusCode == http.StatusOK {
		t.Error("the session of before lives on")
	}
}

// open opens a session cookie's value as the edge does.
func (b *bed) open(value string) *session.Session {
	b.t.Helper()
	s, err := b.opt.Cookies.Open(value)
	if err != nil {
		b.t.Fatal(err)
	}
	return s
}

func TestCK_04_ValuesOfOtherPurposesAreNoStateAndNoBinding(t *testing.T) {
	b := open(t)
	c := b.browser()
	callback := c.callback("/x")
	done := b.browser()
	done.login("/x")
	for _, name := range []string{"edgeauth", "edgeauth-device", "edgeauth-login"} {
		c.noSession(name+" as state", c.get(edited(t, callback, "state", done.cookie(name))), 1)
	}
	c.put("edgeauth-login", done.cookie("edgeauth"))
	c.noSession("session as binding", c.get(callback), 1)
}

func TestCK_11_ASessionThatDoesNotFitFailsWithAPageThatSaysWhy(t *testing.T) {
	b := open(t)
	c := b.browser()
	b.opt.KeepGroups = nil
	for i := range 3000 {
		b.opt.KeepGroups = append(b.opt.KeepGroups, fmt.Sprintf("group-%d", i))
	}
	b.restart()
	groups := func(n int) { b.lieGroups(b.opt.KeepGroups[:n]) }
	most, least := 2000, 0
	for most-least > 1 { // where the cap lies
		half := (most + least) / 2
		groups(half)
		c.drop("edgeauth")
		c.drop("edgeauth-login")
		p := c.follow(c.get("/x"))
		switch {
		case p.StatusCode == http.StatusOK:
			least = half
			if len(p.body) == 0 {
				t.Fatal("the page is empty")
			}
		case p.StatusCode == http.StatusForbidden && strings.Contains(p.body, "do not fit"):
			most = half
			if len(p.Cookies()) != 0 {
				t.Errorf("a refused login sets %v", p.Cookies())
			}
		default:
			t.Fatalf("%d groups: answered %d:\n%s", half, p.StatusCode, p.body)
		}
	}
	if least < 100 {
		t.Errorf("only %d groups fit", least)
	}
	groups(3)
	c.drop("edgeauth-login")
	if small := c.follow(c.get("/.edgeauth/login?rd=/y")); !strings.HasPrefix(small.body, "/y ") {
		t.Errorf("a smaller session does not replace the large one: %d", small.StatusCode)
	}
}

func TestARestartInTheMiddleOfALoginLosesNothing(t *testing.T) {
	b := open(t)
	c := b.browser()
	callback := c.callback("/x")
	b.restart()
	if p := c.follow(c.get(callback)); !strings.HasPrefix(p.body, "/x ") {
		t.Errorf("it ended at %s with %d", p.Request.URL, p.StatusCode)
	}
}

func TestAKeyRotationInTheMiddleOfALoginLosesNothing(t *testing.T) {
	b := open(t)
	c := b.browser()
	callback := c.callback("/x")
	b.keys = append(b.keys, newKey(t, b.now().Add(-time.Second)))
	b.useKeys()
	if p := c.follow(c.get(callback)); !strings.HasPrefix(p.body, "/x ") {
		t.Errorf("it ended at %s with %d", p.Request.URL, p.StatusCode)
	}
}

func TestAnAddressThatWasCutSaysSo(t *testing.T) {
	b := open(t)
	c := b.browser()
	p := c.follow(c.get("/.edgeauth/login?rd=%2Flong&cut=1"))
	if p.StatusCode != http.StatusOK || !strings.Contains(p.body, "too long") || !strings.Contains(p.body, `href="/long"`) || c.cookie("edgeauth") == "" {
		t.Errorf("it ended with %d:\n%s", p.StatusCode, p.body)
	}
}
