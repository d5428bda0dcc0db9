package e2e_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/internal/idp/factor"
	"github.com/edgeauth/edgeauth/internal/keycloak"
)

// byCode are the levels of a provider whose strongest factor is a one-time code.
const byCode = "levels: {elevated: {acr: [mfa], amr: [otp]}, high: {acr: [mfa], amr: [otp]}}\n"

// safes ask for proof of a level, for a recent authentication, and for what Keycloak has never heard of.
const safes = `  - {path: /safe, upstream: page, level: elevated}
  - {path: /recent, upstream: page, max_age: 2s}
  - {path: /gold, upstream: page, acr: [gold]}
`

// typed submits a one-time code of alice.
func typed(t *testing.T, client *keycloak.Client, p keycloak.Page) keycloak.Page {
	t.Helper()
	return must(t)(client.Submit(t.Context(), p, map[string]string{"otp": factor.TOTP(keycloak.AliceOTP, time.Now())}))
}

func Test_a_one_time_code_proves_a_level_without_a_browser(t *testing.T) {
	for name, s := range map[string]stepping{
		"at a client that knows codes alone":                {client: "edgeauth-otp", routes: safes, sections: byCode},
		"with the shipped levels, at a client that has all": {client: "edgeauth-levels", routes: safes},
	} {
		t.Run(name, func(t *testing.T) {
			r := startStepping(t, s)
			client := clientIn(t, "berlin")
			if p := r.login(client, "/elsewhere", "alice"); p.Status != http.StatusOK {
				t.Fatalf("the login: %d at %s", p.Status, p.URL)
			}
			before := r.me(client)
			before.is(t, "after the password", "normal", true, "pwd", "pwd")
			p := r.get(client, "/safe")
			if !p.IsCodeForm() {
				t.Fatalf("no form for a code: %d at %s\n%s", p.Status, p.URL, p.Body)
			}
			p = must(t)(client.Submit(t.Context(), p, map[string]string{"otp": "000000"}))
			if !p.IsCodeForm() {
				t.Fatalf("after a wrong code: %d at %s\n%s", p.Status, p.URL, p.Body)
			}
			if p = typed(t, client, p); p.Status != http.StatusOK || p.URL.String() != r.URL+"/safe" || !shows(p, "X-Auth-Acr", "mfa") {
				t.Errorf("after the code: %d at %s\n%s", p.Status, p.URL, p.Body)
			}
			after := r.me(client)
			after.is(t, "after the code", "normal", true, "mfa", "pwd", "otp")
			if after.Session != before.Session {
				t.Error("the step-up began another session")
			}
			wantTrail(t, "the edge", trail(t, r.Edge, stepEvents()...), told{event: "step_up_asked", level: "elevated"}, told{event: "step_up_proven", sub: after.Sub})
		})
	}
}

// again gives alice's password where Keycloak wants it once more before the code: max_age may be past by now.
func again(t *testing.T, c *keycloak.Client, p keycloak.Page) keycloak.Page {
	t.Helper()
	for round := 1; !p.IsCodeForm() && round < 3; round++ {
		p = must(t)(c.Submit(t.Context(), p, map[string]string{"username": "alice", "password": "alice"}))
	}
	return p
}

func Test_a_login_from_another_continent_asks_for_a_code_with_everything_as_shipped(t *testing.T) {
	r := startStepping(t, stepping{client: "edgeauth-levels", routes: payroll})
	home, away := clientIn(t, "berlin"), clientIn(t, "tokyo")
	r.login(home, "/", "alice")
	if p := again(t, away, r.login(away, "/payroll", "alice")); !p.IsCodeForm() {
		t.Errorf("the traveller: %d at %s\n%s", p.Status, p.URL, p.Body)
	}
	r.me(away).is(t, "the traveller", "elevated", false, "pwd", "pwd")
	p := again(t, home, r.get(home, "/payroll"))
	if p = typed(t, home, p); p.Status != http.StatusOK || p.URL.String() != r.URL+"/payroll" {
		t.Errorf("at home, after the code: %d at %s\n%s", p.Status, p.URL, p.Body)
	}
	r.me(home).is(t, "at home, after the code", "elevated", true, "mfa", "pwd", "otp")
	if p := r.get(away, "/payroll"); p.Status == http.StatusOK && p.URL.String() == r.URL+"/payroll" {
		t.Error("the step-up at home opened the route for the traveller")
	}
	raised := r.Events("level_raised")
	if len(raised) != 1 || raised[0]["security_level"] != "elevated" || raised[0]["reason"] != "impossible_travel" {
		t.Errorf("raised: %v", raised)
	}
}

func Test_a_route_for_recent_logins_asks_again_and_auth_time_decides(t *testing.T) {
	r := startStepping(t, stepping{routes: safes})
	client := clientIn(t, "berlin")
	if p := r.login(client, "/recent", "alice"); p.Status != http.StatusOK || p.URL.Path != "/recent" {
		t.Fatalf("right after the login: %d at %s", p.Status, p.URL)
	}
	first := r.me(client)
	r.Until("the login is too long ago", func() bool { return time.Since(first.AuthTime) > 3*time.Second })
	p := r.get(client, "/recent")
	if !p.IsLoginForm() {
		t.Fatalf("too long after the login: %d at %s\n%s", p.Status, p.URL, p.Body)
	}
	if p := r.get(client, "/elsewhere"); p.Status != http.StatusOK || p.URL.Path != "/elsewhere" {
		t.Errorf("another route meanwhile: %d at %s", p.Status, p.URL)
	}
	p = must(t)(client.Submit(t.Context(), p, map[string]string{"username": "alice", "password": "alice"}))
	if p.Status != http.StatusOK || p.URL.String() != r.URL+"/recent" {
		t.Errorf("after the password: %d at %s\n%s", p.Status, p.URL, p.Body)
	}
	if second := r.me(client); !second.AuthTime.After(first.AuthTime) || second.Session != first.Session {
		t.Errorf("before %+v, after %+v", first, second)
	}
}

func Test_an_acr_that_Keycloak_does_not_know_ends_after_two_rounds_with_a_page_that_explains(t *testing.T) {
	r := startStepping(t, stepping{routes: safes})
	client := clientIn(t, "berlin")
	r.login(client, "/", "alice")
	before := r.me(client)
	p := r.get(client, "/gold") // the first round is silent: Keycloak ignores what it does not know
	if !p.IsLoginForm() {
		t.Fatalf("the second round asks for nothing: %d at %s\n%s", p.Status, p.URL, p.Body)
	}
	p = must(t)(client.Submit(t.Context(), p, map[string]string{"username": "alice", "password": "alice"}))
	if p.Status != http.StatusForbidden || p.URL.Path != "/.edgeauth/callback" || !strings.Contains(p.Body, "That was not enough") || !strings.Contains(p.Body, "Ask the operator") {
		t.Errorf("after two rounds: %d at %s\n%s", p.Status, p.URL, p.Body)
	}
	wantTrail(t, "the edge", trail(t, r.Edge, stepEvents()...),
		told{event: "step_up_asked", sub: before.Sub, holds: []string{"round 1"}}, told{event: "step_up_asked", sub: before.Sub, holds: []string{"round 2"}},
		told{event: "step_up_refused", sub: before.Sub, reason: "not_proven", holds: []string{"acr pwd"}})
	if after := r.me(client); after.Session != before.Session || after.ACR != "pwd" || !after.Expires.Equal(before.Expires) {
		t.Errorf("before %+v, after %+v", before, after)
	}
	if p := r.get(client, "/elsewhere"); p.Status != http.StatusOK {
		t.Errorf("another route: %d", p.Status)
	}
}

// The edge asks voluntarily for that reason.
func Test_Keycloak_strands_whoever_asks_for_an_essential_acr_that_it_does_not_know(t *testing.T) {
	r := startStepping(t, stepping{routes: safes})
	client := clientIn(t, "berlin")
	r.login(client, "/", "alice")
	asked := must(t)(client.Ask(t.Context(), r.URL+"/gold"))
	asked = must(t)(client.Ask(t.Context(), r.URL+asked.Header.Get("Location")))
	address, err := url.Parse(asked.Header.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	q := address.Query()
	if q.Get("acr_values") != "gold" || strings.Contains(q.Get("claims"), "essential") {
		t.Errorf("the edge asks for %v", q)
	}
	q.Set("claims", `{"id_token":{"acr":{"essential":true,"values":["gold","bio"]}}}`)
	address.RawQuery = q.Encode()
	p := must(t)(keycloak.NewClient().Get(t.Context(), address.String()))
	if p.Status != http.StatusBadRequest || p.URL.Host != address.Host || !strings.Contains(p.Body, "Invalid parameter: claims") {
		t.Errorf("Keycloak no longer has what this test is about: %d at %s\n%s", p.Status, p.URL, p.Body)
	}
}
