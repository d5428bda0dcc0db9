package e2e_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/internal/browser"
	"github.com/edgeauth/edgeauth/internal/idp/factor"
	"github.com/edgeauth/edgeauth/internal/keycloak"
)

// at checks that the tab shows a page of the edge with a status.
func at(t *testing.T, tab *browser.Tab, r realm, path string, status int) {
	t.Helper()
	if tab.URL() != r.URL+path || tab.Status() != status {
		t.Fatalf("the tab shows %s with %d, want %s with %d:\n%s", tab.URL(), tab.Status(), r.URL+path, status, tab.Text("body"))
	}
}

// refusedFor checks that the tab shows the callback's page that refuses a step-up for a reason, and says what to do.
func refusedFor(t *testing.T, tab *browser.Tab, r realm, heading, advice string) {
	t.Helper()
	if !strings.HasPrefix(tab.URL(), r.URL+"/.edgeauth/callback?") || tab.Status() != http.StatusForbidden ||
		tab.Text("h1") != heading || !strings.Contains(tab.Text("body"), advice) {
		t.Fatalf("the tab shows %s with %d:\n%s", tab.URL(), tab.Status(), tab.Text("body"))
	}
}

func Test_a_passkey_enrolled_with_a_stolen_password_does_not_lift_what_was_raised_before(t *testing.T) {
	r := startStepping(t, stepping{routes: payroll, sections: travellers})
	const who = "erin"
	sub := r.keycloak.AddUser(keycloak.User{Name: who})
	tab := tabIn(t, browser.Start(t), "berlin")
	tab.AddAuthenticator()
	tab.Open(r.URL + "/payroll")
	signIn(tab, who, who)
	at(t, tab, r, "/payroll", http.StatusOK)
	before := meIn(t, tab)
	r.raise(who)

	tab.Open(r.URL + "/payroll")
	pages := confirm(t, tab, r, who)
	t.Logf("Keycloak's pages: %v", pages)
	refusedFor(t, tab, r, "This device is too new for that", "ask the operator")
	tab.Screenshot("too-new")
	if n := r.keycloak.Passkeys(who); n != 1 {
		t.Errorf("%s has %d passkeys, so this test is about something else", who, n)
	}
	wantTrail(t, "the edge", trail(t, r.Edge, stepEvents()...),
		told{event: "step_up_asked", sub: sub, session: before.Session, level: "high", holds: []string{"round 1"}},
		told{event: "authenticator_enrolled", sub: sub, level: "high", holds: []string{"acr bio, amr pwd"}},
		told{event: "step_up_asked", sub: sub, session: before.Session, level: "high", holds: []string{"round 2"}},
		told{event: "step_up_refused", sub: sub, session: before.Session, level: "high", reason: "new_authenticator", holds: []string{"hwk"}})
	tab.Open(r.URL + "/elsewhere")
	at(t, tab, r, "/elsewhere", http.StatusOK)
	meIn(t, tab).is(t, "after the refusal", "high", false, "pwd", "pwd")

	again := confirmAt(t, tab, r, "/payroll", who)
	refusedFor(t, tab, r, "This device is too new for that", "ask the operator")
	t.Logf("Keycloak's pages of another try: %v", again)

	r.Configure(strings.Replace(r.Config()[strings.Index(r.Config(), "providers:"):], "\nrisk:",
		"\nlevels: {elevated: {allow_new_authenticator: true}, high: {allow_new_authenticator: true}}\nrisk:", 1))
	r.Until("the configuration is read", func() bool { return len(r.Events("config_reloaded")) == 1 })
	confirmAt(t, tab, r, "/payroll", who)
	at(t, tab, r, "/payroll", http.StatusOK)
	meIn(t, tab).is(t, "where new authenticators are let through", "high", true, "bio", "pwd", "hwk")
}

// confirmAt opens a route that asks for a step-up and goes through Keycloak's pages.
func confirmAt(t *testing.T, tab *browser.Tab, r realm, path, password string) []string {
	t.Helper()
	tab.Open(r.URL + path)
	return confirm(t, tab, r, password)
}

func Test_a_passkey_enrolled_on_the_spot_serves_against_what_is_raised_later(t *testing.T) {
	r := startStepping(t, stepping{routes: payroll + "  - {path: /safe, upstream: page, level: high}\n", sections: travellers, provider: ", clock_skew: 1s"})
	const who = "frank"
	r.keycloak.AddUser(keycloak.User{Name: who})
	tab := tabIn(t, browser.Start(t), "berlin")
	tab.AddAuthenticator()
	tab.Open(r.URL + "/elsewhere")
	signIn(tab, who, who)
	if pages := confirmAt(t, tab, r, "/safe", who); strings.Join(pages, " ") != "enrol password passkey" {
		t.Errorf("a passkey for a route without a raised level: Keycloak's pages were %v", pages)
	}
	at(t, tab, r, "/safe", http.StatusOK)
	if n := len(r.Events("authenticator_enrolled")); n != 1 {
		t.Errorf("%d enrolments were recorded", n)
	}
	before := meIn(t, tab)
	before.is(t, "without a raised level", "normal", true, "bio", "pwd", "hwk")

	// A proof from within clock_skew before a level was raised would count as later.
	r.Until("the proof is older than clocks may differ", func() bool { return time.Since(before.AuthTime) > 3*time.Second })
	r.raise(who)
	pages := confirmAt(t, tab, r, "/payroll", who)
	t.Logf("Keycloak's pages after the level was raised: %v", pages)
	at(t, tab, r, "/payroll", http.StatusOK)
	meIn(t, tab).is(t, "after the level was raised", "high", true, "bio", "pwd", "hwk")
}

// leaky is another application of the realm. Its address proves an acr of Keycloak's client edgeauth-otp.
func leaky(t *testing.T, kc *keycloak.Server, acr string) (address string) {
	t.Helper()
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<!doctype html><h1>The other application</h1>")) // the test looks at the tab
	}))
	t.Cleanup(app.Close)
	return kc.Issuer() + "/protocol/openid-connect/auth?" + url.Values{
		"client_id": {"edgeauth-otp"}, "response_type": {"code"}, "scope": {"openid"}, "redirect_uri": {app.URL + "/.edgeauth/callback"},
		"code_challenge_method": {"S256"}, "code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}, "acr_values": {acr}}.Encode()
}

func Test_an_acr_that_leaked_from_another_application_opens_nothing_and_the_passkey_does(t *testing.T) {
	r := startStepping(t, stepping{routes: "  - {path: /safe, upstream: page, level: high}\n  - {path: /naive, upstream: page, acr: [bio]}\n", provider: ", clock_skew: 1s"})
	const who, key = "gina", "a-test's-otp-secret-20"
	r.keycloak.AddUser(keycloak.User{Name: who, OTP: key, Required: []string{keycloak.EnrolPasskey}})
	tab := tabIn(t, browser.Start(t), "berlin")
	tab.AddAuthenticator()
	tab.Open(r.URL + "/elsewhere")
	signIn(tab, who, who)
	tab.WaitVisible("#registerWebAuthn")
	tab.Click("#registerWebAuthn")
	at(t, tab, r, "/elsewhere", http.StatusOK)

	tab.Open(leaky(t, r.keycloak, "mfa"))
	tab.Fill("#otp", factor.TOTP(key, time.Now()))
	tab.Screenshot("1-code-for-the-other-application")
	tab.Click("#kc-login")
	if tab.Text("h1") != "The other application" {
		t.Fatalf("the other application: %s\n%s", tab.URL(), tab.Text("body"))
	}
	proved := time.Now() // beyond clock_skew, auth_time says that nobody authenticated for us
	r.Until("the code is older than clocks may differ", func() bool { return time.Since(proved) > 3*time.Second })
	tab.Open(r.URL + "/naive") // names an acr alone, and falls for it
	at(t, tab, r, "/naive", http.StatusOK)
	meIn(t, tab).is(t, "after a step-up that names an acr alone", "normal", true, "bio", "pwd", "otp")

	pages := confirmAt(t, tab, r, "/safe", who)
	if strings.Join(pages, " ") != "password passkey" {
		t.Errorf("Keycloak's pages of the step-up: %v", pages)
	}
	at(t, tab, r, "/safe", http.StatusOK)
	meIn(t, tab).is(t, "after the step-up", "normal", true, "bio", "pwd", "hwk")
	wantTrail(t, "the edge", trail(t, r.Edge, stepEvents()...),
		told{event: "step_up_asked", holds: []string{"round 1"}}, told{event: "step_up_proven"}, // the naive route
		told{event: "step_up_asked", level: "high", holds: []string{"round 1"}},
		told{event: "step_up_asked", level: "high", holds: []string{"round 2"}},
		told{event: "step_up_proven"})
}

func Test_with_a_level_for_each_factor_a_passkey_proves_the_lower_one_and_the_higher_one_is_asked_for_by_itself(t *testing.T) {
	r := startStepping(t, stepping{client: "edgeauth-levels",
		routes: "  - {path: /desk, upstream: page, level: elevated}\n  - {path: /safe, upstream: page, level: high}\n"})
	const who = "kira"
	r.keycloak.AddUser(keycloak.User{Name: who, Required: []string{keycloak.EnrolPasskey}})
	tab := tabIn(t, browser.Start(t), "berlin")
	tab.AddAuthenticator()
	tab.Open(r.URL + "/elsewhere")
	signIn(tab, who, who)
	tab.WaitVisible("#registerWebAuthn")
	tab.Click("#registerWebAuthn")
	at(t, tab, r, "/elsewhere", http.StatusOK)

	t.Logf("Keycloak's pages for elevated: %v", confirmAt(t, tab, r, "/desk", who))
	at(t, tab, r, "/desk", http.StatusOK)
	meIn(t, tab).is(t, "elevated", "normal", true, "mfa", "pwd", "hwk")
	t.Logf("Keycloak's pages for high: %v", confirmAt(t, tab, r, "/safe", who))
	at(t, tab, r, "/safe", http.StatusOK)
	meIn(t, tab).is(t, "high", "normal", true, "bio", "pwd", "hwk")
	tab.Open(r.URL + "/desk")
	at(t, tab, r, "/desk", http.StatusOK)
	if n := len(r.Events("step_up_proven")); n != 2 {
		t.Errorf("%d step-ups", n)
	}
}
