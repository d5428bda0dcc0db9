package keycloak_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/internal/keycloak"
)

const (
	limit       = 30 * time.Second
	verifier    = "a-code-verifier-that-is-long-enough-to-be-one-of-43-characters"
	redirectURI = "http://127.0.0.1:9/.edgeauth/callback" // nobody serves the discard port
)

// authorize returns an authorization request of the client "edgeauth" (RFC 6749, 4.1.1, and RFC 7636, 4.3).
func authorize(s *keycloak.Server) string {
	challenge := sha256.Sum256([]byte(verifier))
	return s.Issuer() + "/protocol/openid-connect/auth?" + url.Values{
		"client_id": {"edgeauth"}, "redirect_uri": {redirectURI}, "response_type": {"code"}, "scope": {"openid"},
		"state": {"s t&te"}, "code_challenge_method": {"S256"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])},
	}.Encode()
}

func login(t *testing.T, s *keycloak.Server, username, password string) keycloak.Page {
	t.Helper()
	page, err := keycloak.NewClient(redirectURI).Login(t.Context(), authorize(s), username, password)
	if err != nil {
		t.Fatal(err)
	}
	return page
}

func TestAliceLogsInAndTheRedirectURIGetsACode(t *testing.T) {
	s := keycloak.Shared(t)
	page := login(t, s, "alice", "alice")
	answer := page.URL.Query()
	if !strings.HasPrefix(page.URL.String(), redirectURI+"?") || answer.Get("code") == "" ||
		answer.Get("state") != "s t&te" || answer.Get("iss") != s.Issuer() {
		t.Errorf("ended at %s with %v", page.URL, answer)
	}
}

func TestAWrongPasswordShowsTheFormAgain(t *testing.T) {
	page := login(t, keycloak.Shared(t), "alice", "bob")
	if !page.IsLoginForm() || page.URL.Query().Has("code") {
		t.Errorf("ended at %s with status %d", page.URL, page.Status)
	}
}

func TestASecondRequestOfTheSameClientNeedsNoForm(t *testing.T) {
	s := keycloak.Shared(t)
	client := keycloak.NewClient(redirectURI)
	if _, err := client.Login(t.Context(), authorize(s), "bob", "bob"); err != nil {
		t.Fatal(err)
	}
	page, err := client.Get(t.Context(), authorize(s))
	if err != nil || !page.URL.Query().Has("code") {
		t.Errorf("the second request ended at %v, %v", page.URL, err)
	}
}

func TestAnAdministratorEndsOneSessionOrAll(t *testing.T) {
	s := keycloak.Shared(t)
	s.LogoutUser("carol")
	login(t, s, "carol", "carol")
	login(t, s, "carol", "carol")
	sessions := s.Sessions("carol")
	if len(sessions) != 2 {
		t.Fatalf("two logins made %d sessions", len(sessions))
	}
	s.EndSession(sessions[0].ID)
	if left := s.Sessions("carol"); len(left) != 1 || left[0] != sessions[1] {
		t.Errorf("after the end of %v these are left: %v", sessions[0], left)
	}
	s.LogoutUser("carol")
	if left := s.Sessions("carol"); len(left) != 0 {
		t.Errorf("after the logout of the user these are left: %v", left)
	}
}

func TestAClientLearnsABackChannelAddressAndCallsIt(t *testing.T) {
	s := keycloak.Shared(t)
	tokens := make(chan string, 10)
	edge := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		tokens <- r.FormValue("logout_token")
	}))
	defer edge.Close()
	s.UpdateClient("edgeauth", func(client map[string]any) {
		client["attributes"].(map[string]any)["backchannel.logout.url"] = edge.URL
	})
	page := login(t, s, "bob", "bob")
	redeem(t, s, page.URL.Query().Get("code"))
	s.LogoutUser("bob")
	select {
	case token := <-tokens:
		if strings.Count(token, ".") != 2 {
			t.Errorf("logout token %q", token)
		}
	case <-time.After(limit):
		t.Errorf("no logout token came within %v", limit)
	}
}

// redeem trades a code for tokens; only then does the client belong to the session and hear of its end.
func redeem(t *testing.T, s *keycloak.Server, code string) {
	t.Helper()
	response, err := http.PostForm(s.Issuer()+"/protocol/openid-connect/token", url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {redirectURI},
		"client_id": {"edgeauth"}, "client_secret": {"edgeauth-secret"},
		"code_verifier": {verifier},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, _ := io.ReadAll(response.Body); response.StatusCode != http.StatusOK {
		t.Fatalf("redeeming the code: %s: %s", response.Status, body)
	}
}

func TestRotatedKeysAppearBesideTheFormerOnes(t *testing.T) {
	s := keycloak.Shared(t)
	before := signingKeys(t, s)
	s.RotateKeys()
	after := signingKeys(t, s)
	if len(after) != len(before)+1 {
		t.Errorf("keys before %v, after %v", before, after)
	}
}

func TestAKilledServerComesBackWithItsSessionsAndAnEmptyOneWithNewKeys(t *testing.T) {
	s := keycloak.Start(t)
	issuer, keys := s.Issuer(), signingKeys(t, s)
	login(t, s, "alice", "alice")
	s.Stop()
	if _, err := keycloak.NewClient().Get(t.Context(), issuer); err == nil {
		t.Error("a stopped server answers")
	}
	s.Restart()
	if s.Issuer() != issuer || len(s.Sessions("alice")) != 1 {
		t.Errorf("after Restart: %s with sessions %v", s.Issuer(), s.Sessions("alice"))
	}
	s.RestartEmpty()
	if s.Issuer() != issuer || len(s.Sessions("alice")) != 0 {
		t.Errorf("after RestartEmpty: %s with sessions %v", s.Issuer(), s.Sessions("alice"))
	}
	for kid := range signingKeys(t, s) {
		if keys[kid] {
			t.Errorf("key %s outlived RestartEmpty", kid)
		}
	}
}

// signingKeys returns the ids of the RS256 keys in the JWKS.
func signingKeys(t *testing.T, s *keycloak.Server) map[string]bool {
	t.Helper()
	page, err := keycloak.NewClient().Get(t.Context(), s.Issuer()+"/protocol/openid-connect/certs")
	if err != nil {
		t.Fatal(err)
	}
	var set struct {
		Keys []struct{ Kid, Alg string }
	}
	if err := json.Unmarshal([]byte(page.Body), &set); err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	for _, key := range set.Keys {
		if key.Alg == "RS256" {
			ids[key.Kid] = true
		}
	}
	return ids
}
