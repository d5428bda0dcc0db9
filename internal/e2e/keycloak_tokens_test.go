package e2e_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/internal/edgetest"
	"github.com/edgeauth/edgeauth/internal/keycloak"
	"github.com/edgeauth/edgeauth/internal/redistest"
)

// keycloakLife is how long access tokens of Keycloak last in these tests.
const keycloakLife = 12 * time.Second

// tokenRealm is n edges behind one origin, in front of an application that gets Keycloak's access tokens. The realm lets each refresh
// token be used once, and ends the session when one comes again.
func tokenRealm(t *testing.T, n int, provider string) (r realm, front *balancer, edges []*edgetest.Edge, app *bearers) {
	t.Helper()
	app = &bearers{}
	s := httptest.NewServer(app)
	t.Cleanup(s.Close)
	kc := keycloak.Shared(t)
	kc.UpdateClient("edgeauth", func(client map[string]any) {
		client["attributes"].(map[string]any)["access.token.lifespan"] = fmt.Sprint(int(keycloakLife / time.Second))
	})
	front = startBalancer(t)
	origin := "http://" + front.ln.Addr().String()
	config := strings.Replace(realmConfig(t, kc, provider), "upstreams:\n", fmt.Sprintf("upstreams:\n  tokens: {addresses: [%q], access_token: {header: Authorization}}\n", s.URL), 1)
	config = strings.Replace(config, "routes:\n", "routes:\n  - {path: /tokens, upstream: tokens}\n", 1) + shared(newKeys(t), redistest.Start(t))
	for range n {
		e := edgetest.Prepare(t, edgetest.Setup{URL: origin, Listen: edgetest.Addr(t), Rest: config})
		e.Run()
		edges = append(edges, e)
	}
	for _, e := range edges {
		e.WaitReady()
	}
	front.to(edges[0].Listen)
	kc.LogoutUser("alice")
	return realm{Edge: edges[0], keycloak: kc, t: t}, front, edges, app
}

func Test_RS_04_edges_that_all_find_a_token_of_Keycloak_expired_redeem_it_once(t *testing.T) {
	r, front, edges, app := tokenRealm(t, 2, "")
	client := r.loggedIn("alice")
	for round := range 3 {
		var wg sync.WaitGroup
		for i := range 60 {
			front.to(edges[i%2].Listen)
			wg.Go(func() {
				if p, err := client.Get(t.Context(), r.URL+"/tokens/x"); err != nil || p.Status != http.StatusOK || p.URL.Path != "/tokens/x" {
					t.Errorf("round %d: %d at %s, %v", round, p.Status, p.URL, err)
				}
			})
		}
		wg.Wait()
		if seen := app.take(); len(seen) != 1 {
			t.Errorf("round %d: the application saw %d tokens", round, len(seen))
		}
		time.Sleep(keycloakLife)
	}
	if n := len(r.keycloak.Sessions("alice")); n != 1 || !r.isIn(client) {
		t.Errorf("%d sessions at Keycloak", n)
	}
}

func Test_a_session_that_Keycloak_ended_without_a_word_ends_when_it_is_asked_about(t *testing.T) {
	r, _, edges, _ := tokenRealm(t, 1, ", revalidate_every: 10s")
	r.keycloak.UpdateClient("edgeauth", func(client map[string]any) {
		client["attributes"].(map[string]any)["backchannel.logout.url"] = ""
	})
	client := r.loggedIn("alice")
	r.keycloak.LogoutUser("alice")
	if !r.isIn(client) {
		t.Fatal("Keycloak did say a word")
	}
	r.Until("the session is refused", func() bool {
		_, _ = client.Ask(t.Context(), r.URL+"/") // /.edgeauth/ is no use of the session
		return !r.isIn(client)
	})
	edges[0].Until("the log says why", func() bool { return strings.Contains(edges[0].Log(), `"event":"refresh_refused"`) })
}

func Test_a_new_authentication_elsewhere_in_the_same_Keycloak_session_does_not_end_this_one(t *testing.T) {
	r, _, edges, app := tokenRealm(t, 1, "")
	client := r.loggedIn("alice")
	if p := r.get(client, "/tokens/x"); p.Status != http.StatusOK {
		t.Fatalf("before: %d at %s", p.Status, p.URL)
	}
	app.take()
	time.Sleep(2 * time.Second) // auth_time has whole seconds
	again := url.Values{"client_id": {"edgeauth"}, "response_type": {"code"}, "scope": {"openid"}, "redirect_uri": {"http://127.0.0.1/.edgeauth/callback"},
		"prompt": {"login"}, "state": {"s"}, "nonce": {"n"}, "code_challenge_method": {"S256"}, "code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}}
	p := must(t)(client.LoginUpTo(t.Context(), r.keycloak.Issuer()+"/protocol/openid-connect/auth?"+again.Encode(), "alice", "alice", "http://127.0.0.1/.edgeauth/callback"))
	if !p.URL.Query().Has("code") {
		t.Fatalf("the second authentication ends at %s", p.URL)
	}
	time.Sleep(keycloakLife)
	if p := r.get(client, "/tokens/x"); p.Status != http.StatusOK || p.URL.Path != "/tokens/x" {
		t.Errorf("afterwards: %d at %s", p.Status, p.URL)
	}
	if log := edges[0].Log(); strings.Contains(log, `"event":"refresh_refused"`) {
		t.Error("the session was ended")
	}
}

func Test_a_logout_revokes_at_Keycloak_and_still_ends_where_it_should(t *testing.T) {
	r, _, edges, _ := tokenRealm(t, 1, "")
	client := r.loggedIn("alice")
	p := must(t)(client.Submit(t.Context(), r.get(client, "/.edgeauth/logout"), nil))
	if p.Status != http.StatusOK || p.URL.Path != "/.edgeauth/logged-out" {
		t.Errorf("the logout ends with %d at %s\n%s", p.Status, p.URL, p.Body)
	}
	log := edges[0].Log()
	if !strings.Contains(log, `"event":"tokens_revoked"`) || strings.Contains(log, `"reason":"not_`) {
		t.Error("the log does not say that the tokens were revoked")
	}
	if left := r.keycloak.Sessions("alice"); len(left) != 0 {
		t.Errorf("left at Keycloak: %v", left)
	}
}
