package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/internal/browser"
	"github.com/edgeauth/edgeauth/internal/edgetest"
	"github.com/edgeauth/edgeauth/internal/keycloak"
	"github.com/edgeauth/edgeauth/internal/redistest"
)

// scenario is two edges that share a Redis and a key ring, and a person with a passkey.
type scenario struct {
	a, b realm
	who  string
	sub  string
	t    *testing.T
}

// payroll is the sensitive route of a scenario.
const payroll = "  - {path: /payroll, upstream: page, classes: [sensitive]}\n"

// travellers lets the trips of the staff be as fast as they like, so that the time zones alone raise a level, at one moment.
const travellers = "  exceptions: [{groups: [staff], exempt: [impossible_travel]}]\n"

func startScenario(t *testing.T) scenario {
	t.Helper()
	kc := keycloak.Shared(t)
	common := shared(newKeys(t), redistest.Start(t))
	edge := func() realm {
		addr := edgetest.Addr(t)
		config := stepping{routes: payroll, sections: travellers + common}.config(t, kc)
		return runRealm(t, kc, edgetest.Setup{Listen: addr, Server: believing, Rest: config}, "http://"+addr)
	}
	s := scenario{a: edge(), b: edge(), who: "dora", t: t}
	s.sub = kc.AddUser(keycloak.User{Name: s.who, Required: []string{keycloak.EnrolPasskey}})
	return s
}

// loggedIn is a tab with a session on edge B. The passkey is registered on the way, which is nobody's step-up.
func (s scenario) loggedIn(b *browser.Browser) (*browser.Tab, *browser.Authenticator) {
	s.t.Helper()
	tab := tabIn(s.t, b, "berlin")
	device := tab.AddAuthenticator()
	tab.Open(s.b.URL + "/payroll")
	signIn(tab, s.who, s.who)
	tab.WaitVisible("#registerWebAuthn")
	tab.Screenshot("1-keycloak-registers-the-passkey")
	tab.Click("#registerWebAuthn")
	arrives(tab, s.b.URL+"/payroll")
	if made, _ := device.Credentials(); made != 1 {
		s.t.Fatalf("%d passkeys after the registration", made)
	}
	return tab, device
}

// watchRefusal watches the sensitive route on edge B from the tab's own page, and notes the moment when it is refused.
func (s scenario) watchRefusal(tab *browser.Tab) (refusedAt func() time.Time) {
	s.t.Helper()
	tab.Eval(`void (window.refused = 0, (async () => {
		for (;;) {
			const answer = await fetch("/payroll", {redirect: "manual"})
			if (answer.status !== 200) { window.refused = performance.timeOrigin + performance.now(); window.refusedWith = answer.status; return }
		}
	})()) || true`, new(bool))
	return func() time.Time {
		var at float64
		s.b.Until("edge B refuses the sensitive route", func() bool {
			tab.Eval("window.refused", &at)
			return at > 0
		})
		return time.UnixMicro(int64(at * 1000))
	}
}

// loginOnA logs in from a city by a browser of its own, and returns when the answer came that sets the session's cookie.
func (s scenario) loginOnA(city string) (client *keycloak.Client, asked, answered time.Time) {
	s.t.Helper()
	client = clientIn(s.t, city)
	p := must(s.t)(client.LoginUpTo(s.t.Context(), s.a.URL+"/", s.who, s.who, s.a.URL+"/.edgeauth/callback"))
	asked = time.Now()
	callback := must(s.t)(client.Ask(s.t.Context(), p.URL.String()))
	answered = time.Now()
	if callback.Status != http.StatusSeeOther || callback.Header.Get("Location") != s.a.URL+"/" {
		s.t.Fatalf("the login from %s: %d %v\n%s", city, callback.Status, callback.Header, callback.Body)
	}
	return client, asked, answered
}

func Test_the_design_card_three_time_zones_raise_the_level_everywhere_and_a_passkey_restores_the_route(t *testing.T) {
	s := startScenario(t)
	b := browser.Start(t)
	tab, device := s.loggedIn(b)
	tab.Screenshot("2-payroll-is-open")
	before := meIn(t, tab)
	before.is(t, "her session on B", "normal", true, "pwd", "pwd")

	s.loginOnA("berlin")
	tokyo, _, _ := s.loginOnA("tokyo")
	if p := s.a.get(tokyo, "/payroll"); p.Status != http.StatusOK || !shows(p, "X-Auth-User", s.who) {
		t.Errorf("two time zones are enough: %d at %s", p.Status, p.URL)
	}
	refusedAt := s.watchRefusal(tab)
	saoPaulo, asked, answered := s.loginOnA("sao-paulo")
	refused := refusedAt()
	t.Logf("edge B refused %v after edge A's answer to the login (%v after its request)",
		refused.Sub(answered).Round(100*time.Microsecond), refused.Sub(asked).Round(100*time.Microsecond))

	s.a.me(saoPaulo).is(t, "the session from São Paulo", "high", false, "pwd", "pwd")
	raised := meIn(t, tab)
	raised.is(t, "her session on B, raised", "high", false, "pwd", "pwd")
	if raised.Session != before.Session || !raised.Expires.Before(before.Expires) || fmt.Sprint(raised.Reasons) != "[time_zones]" {
		t.Errorf("her session on B is now %+v", raised)
	}
	tab.Open(s.b.URL + "/elsewhere")
	if tab.Status() != http.StatusOK || tab.Text("#user") != s.who+" Tester" {
		t.Errorf("another route on B: %d, %q", tab.Status(), tab.Text("#user"))
	}
	tab.Screenshot("3-other-routes-stay-open")

	tab.Open(s.b.URL + "/payroll")
	pages := confirm(t, tab, s.b, s.who)
	t.Logf("Keycloak's pages of the step-up: %v", pages)
	if tab.URL() != s.b.URL+"/payroll" || tab.Status() != http.StatusOK {
		t.Fatalf("after the step-up: %d at %s\n%s", tab.Status(), tab.URL(), tab.Text("body"))
	}
	tab.Screenshot("4-payroll-is-open-again")
	if _, used := device.Credentials(); used == 0 {
		t.Error("the passkey was not used")
	}
	after := meIn(t, tab)
	after.is(t, "her session on B, proven", "high", true, "bio", "pwd", "hwk")
	if after.Expires.Sub(after.IssuedAt) != 15*time.Minute || after.IdleUntil.Sub(after.IssuedAt) > 15*time.Minute {
		t.Errorf("the session goes from %v to %v, idle %v", after.IssuedAt, after.Expires, after.IdleUntil)
	}
	if c := cookiesOf(b, s.b)["edgeauth"]; c == nil || c.Expires.After(after.Expires.Add(time.Second)) || c.Expires.Before(after.IssuedAt.Add(14*time.Minute)) {
		t.Errorf("its cookie: %v; the session expires at %v", c, after.Expires)
	}
	s.checkTrails(before.Session)
	for city, client := range map[string]*keycloak.Client{"Tokyo": tokyo, "São Paulo": saoPaulo} {
		if p := s.a.get(client, "/payroll"); !strings.HasPrefix(p.URL.String(), s.a.keycloak.Issuer()) {
			t.Errorf("her step-up opened the route for the session from %s: %d at %s", city, p.Status, p.URL)
		}
	}
}

func (s scenario) checkTrails(session string) {
	s.t.Helper()
	names := []string{"login_assessed", "login_succeeded", "level_raised", "access_blocked", "step_up_asked", "step_up_proven", "step_up_refused",
		"authenticator_enrolled", "login_refused"}
	ordinary := func(city string) told {
		return told{event: "login_assessed", sub: s.sub, level: "normal", holds: []string{in(s.t, city)}}
	}
	welcome := func(level string) told { return told{event: "login_succeeded", sub: s.sub, level: level} }
	wantTrail(s.t, "edge A", trail(s.t, s.a.Edge, names...),
		ordinary("berlin"), welcome("normal"), ordinary("tokyo"), welcome("normal"),
		told{event: "login_assessed", sub: s.sub, level: "high", holds: []string{"time_zones", in(s.t, "sao-paulo")}},
		told{event: "level_raised", sub: s.sub, level: "high", reason: "time_zones", holds: []string{`"delivery":"delivered"`, `"actor":"risk"`}},
		welcome("high"))
	wantTrail(s.t, "edge B", trail(s.t, s.b.Edge, names...),
		told{event: "login_assessed", sub: s.sub, session: session, level: "normal"},
		told{event: "login_succeeded", sub: s.sub, session: session, level: "normal"},
		told{event: "access_blocked", sub: s.sub, session: session, level: "high", reason: "raised"},
		told{event: "access_blocked", sub: s.sub, session: session, level: "high", reason: "raised"},
		told{event: "step_up_asked", sub: s.sub, session: session, level: "high", holds: []string{"round 1"}},
		told{event: "login_assessed", sub: s.sub, session: session, level: "high", holds: []string{"time_zones"}},
		told{event: "step_up_proven", sub: s.sub, session: session, level: "high"})
}
