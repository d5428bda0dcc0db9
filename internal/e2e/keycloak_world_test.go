package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/edgeauth/edgeauth/internal/edgetest"
	"github.com/edgeauth/edgeauth/internal/keycloak"
)

// realm is an edge in front of the sample applications, with the Keycloak that all tests of the package share.
type realm struct {
	*edgetest.Edge
	keycloak *keycloak.Server
	t        *testing.T
}

// startRealm runs an edge on plain http, to whose port Keycloak sends its logout tokens.
func startRealm(t *testing.T) realm {
	t.Helper()
	kc := keycloak.Shared(t)
	addr := edgetest.Addr(t)
	return runRealm(t, kc, edgetest.Setup{Listen: addr, Rest: realmConfig(t, kc, "")}, "http://"+addr)
}

// runRealm runs an edge as setup says. Keycloak sends logout tokens to the origin logoutTo.
func runRealm(t *testing.T, kc *keycloak.Server, setup edgetest.Setup, logoutTo string) realm {
	t.Helper()
	r := realm{Edge: edgetest.Prepare(t, setup), keycloak: kc, t: t}
	kc.UpdateClient("edgeauth", func(client map[string]any) {
		client["attributes"].(map[string]any)["backchannel.logout.url"] = logoutTo + "/.edgeauth/backchannel-logout"
	})
	r.Run()
	r.WaitReady()
	r.waitWord("ready")
	return r
}

// realmConfig is the configuration from `providers:` on. Further is what else the provider's mapping holds.
func realmConfig(t *testing.T, kc *keycloak.Server, further string) string {
	t.Helper()
	page, api := startApps(t)
	return fmt.Sprintf(`providers:
  corp: {display_name: The company, issuer: %q, client_id: edgeauth, client_secret: edgeauth-secret%s}
upstreams:
  page: {addresses: [%q], assertion: {enabled: true}}
  api: {addresses: [%q]}
routes:
  - {path: /public, upstream: page, public: true}
  - {path: /staff, upstream: page, groups: [staff, 员工]}
  - {path: /admin, upstream: page, groups: [admin]}
  - {path: /mail, upstream: page, emails: ["*@example.org"]}
  - {path: /api, upstream: api}
  - {path: /, upstream: page}
`, kc.Issuer(), further, page, api)
}

// waitWord waits until /readyz sums up as word.
func (r realm) waitWord(word string) {
	r.t.Helper()
	r.Until("the edge is "+word, func() bool { _, now := r.Ready(); return now == word })
}

// login logs someone in by Keycloak's form, from the address path, and returns the page after it.
func (r realm) login(client *keycloak.Client, path, name string) keycloak.Page {
	r.t.Helper()
	return must(r.t)(client.Login(r.t.Context(), r.URL+path, name, name))
}

// loggedIn is a client that someone has just logged in with.
func (r realm) loggedIn(name string) *keycloak.Client {
	r.t.Helper()
	client := keycloak.NewClient()
	if p := r.login(client, "/", name); p.Status != http.StatusOK || !shows(p, "X-Auth-User", name) {
		r.t.Fatalf("%s after the login: %d at %s\n%s", name, p.Status, p.URL, p.Body)
	}
	return client
}

// get opens a page of the edge and follows redirects.
func (r realm) get(client *keycloak.Client, path string) keycloak.Page {
	r.t.Helper()
	return must(r.t)(client.Get(r.t.Context(), r.URL+path))
}

// isIn reports whether the edge still accepts the client's session.
func (r realm) isIn(client *keycloak.Client) bool {
	r.t.Helper()
	p := r.get(client, "/.edgeauth/me")
	return p.Status == http.StatusOK
}

// must ends the test where there is no page.
func must(t *testing.T) func(keycloak.Page, error) keycloak.Page {
	return func(p keycloak.Page, err error) keycloak.Page {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
}

// shows reports whether the sample page shows a header with a value.
func shows(p keycloak.Page, header, value string) bool {
	return strings.Contains(p.Body, ">"+header+"</th><td>"+value+"</td>")
}
