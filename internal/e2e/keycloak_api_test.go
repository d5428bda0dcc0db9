package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/edgeauth/edgeauth/internal/edgetest"
	"github.com/edgeauth/edgeauth/internal/keycloak"
)

// tokensOf are what Keycloak's token endpoint gives the edge's own client for a grant.
func tokensOf(t *testing.T, kc *keycloak.Server, form url.Values) (access, id string) {
	t.Helper()
	form.Set("client_id", "edgeauth")
	form.Set("client_secret", "edgeauth-secret")
	resp, err := http.PostForm(kc.Issuer()+"/protocol/openid-connect/token", form)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var got struct {
		Access string `json:"access_token"`
		ID     string `json:"id_token"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&got); err != nil || got.Access == "" {
		t.Fatalf("%d %v", resp.StatusCode, err)
	}
	return got.Access, got.ID
}

func Test_the_API_takes_access_tokens_of_Keycloak_and_none_of_its_other_tokens(t *testing.T) {
	kc := keycloak.Shared(t)
	kc.UpdateClient("edgeauth", func(client map[string]any) {
		client["serviceAccountsEnabled"], client["directAccessGrantsEnabled"] = true, true
	})
	addr, api := edgetest.Addr(t), edgetest.Addr(t)
	realmName := kc.Issuer()[strings.LastIndex(kc.Issuer(), "/")+1:]
	r := runRealm(t, kc, edgetest.Setup{Listen: addr, Rest: realmConfig(t, kc, ""), Admin: fmt.Sprintf(
		"  api:\n    listen: %s\n    bearer: {audience: account, claim: [realm_access, roles], viewer: [default-roles-%s]}\n", api, realmName)}, "http://"+addr)
	ask := func(method, path, token string) int {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, "http://"+api+path, strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		req.Header.Set("Content-Type", "application/json")
		resp, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		return resp.StatusCode
	}
	robot, _ := tokensOf(t, kc, url.Values{"grant_type": {"client_credentials"}})
	person, id := tokensOf(t, kc, url.Values{"grant_type": {"password"}, "username": {"bob"}, "password": {"bob"}, "scope": {"openid"}})
	if got := ask("GET", "/v1/sessions", robot); got != http.StatusOK {
		t.Errorf("a robot's access token is answered with %d", got)
	}
	if got := ask("POST", "/v1/sessions/AAAAAAAAAAAAAAAAAAAAAA:revoke", robot); got != http.StatusForbidden {
		t.Errorf("a viewer revokes: %d", got)
	}
	for what, token := range map[string]string{"an access token for nobody": person, "an ID token": id} { // the realm gives bob's no audience
		if got := ask("GET", "/v1/sessions", token); got != http.StatusUnauthorized {
			t.Errorf("%s is answered with %d", what, got)
		}
	}
	if actor := fmt.Sprint(r.Events("api_called")[0]["actor"]); !strings.HasPrefix(actor, "token:corp/") {
		t.Errorf("the actor is %q", actor)
	}
}
