package e2e_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/edgeauth/edgeauth/internal/edgetest"
	"github.com/edgeauth/edgeauth/internal/keycloak"
)

func Test_a_login_through_Keycloak_keeps_the_deep_link_and_tells_the_backend_who_is_there(t *testing.T) {
	r := startRealm(t)
	const deep = "/deep/link?x=1&y=%C3%A4%20b"
	p := r.login(keycloak.NewClient(), deep, "alice")
	if p.Status != http.StatusOK || p.URL.String() != r.URL+deep {
		t.Errorf("after the login: %d at %s, want %s", p.Status, p.URL, deep)
	}
	for header, want := range map[string]string{
		"X-Auth-User": "alice", "X-Auth-Groups": "staff", "X-Auth-Email": "alice@example.org", "X-Auth-Name": "Alice Liddell", "X-Auth-Acr": "pwd",
	} {
		if !shows(p, header, want) {
			t.Errorf("the backend saw no %s: %s in\n%s", header, want, p.Body)
		}
	}
	if !strings.Contains(p.Body, "None: the proxy keeps its own.") || !strings.Contains(p.Body, r.keycloak.Issuer()) {
		t.Errorf("cookies reached the backend, or the assertion did not:\n%s", p.Body)
	}
}

func Test_a_wrong_password_shows_the_form_again_and_the_right_one_then_works(t *testing.T) {
	r := startRealm(t)
	client := keycloak.NewClient()
	p := must(t)(client.Login(t.Context(), r.URL+"/deep", "alice", "wrong"))
	if !p.IsLoginForm() {
		t.Fatalf("after a wrong password: %d at %s", p.Status, p.URL)
	}
	if r.isIn(client) {
		t.Error("a wrong password made a session")
	}
	p = must(t)(client.Submit(t.Context(), p, map[string]string{"username": "alice", "password": "alice"}))
	if p.Status != http.StatusOK || p.URL.Path != "/deep" {
		t.Errorf("after the right password: %d at %s\n%s", p.Status, p.URL, p.Body)
	}
}

func Test_routes_ask_for_groups_and_verified_addresses_that_Keycloak_told(t *testing.T) {
	r := startRealm(t)
	for _, row := range []struct {
		name                     string
		staff, admin, mail, open int
	}{
		{"alice", 200, 403, 200, 200},
		{"bob", 200, 200, 200, 200},
		{"carol", 200, 403, 403, 200}, // her address is not verified
	} {
		client := r.loggedIn(row.name)
		for path, want := range map[string]int{"/staff": row.staff, "/admin": row.admin, "/mail": row.mail, "/other": row.open} {
			if p := r.get(client, path); p.Status != want {
				t.Errorf("%s at %s: %d, want %d", row.name, path, p.Status, want)
			}
		}
		if p := r.get(client, "/staff"); row.name == "carol" && !shows(p, "X-Auth-Groups", url.PathEscape("员工")) {
			t.Errorf("carol's group should arrive percent-encoded:\n%s", p.Body)
		}
	}
}

func Test_a_third_party_begins_a_login(t *testing.T) {
	r := startRealm(t)
	client := keycloak.NewClient()
	begin := func(target string) keycloak.Page {
		return r.get(client, "/.edgeauth/login?"+url.Values{
			"iss": {r.keycloak.Issuer()}, "login_hint": {"bob"}, "target_link_uri": {target}}.Encode())
	}
	if p := begin("https://evil.example/"); p.Status != http.StatusBadRequest {
		t.Errorf("a target on another host: %d at %s", p.Status, p.URL)
	}
	p := begin(r.URL + "/deep/link?x=1")
	if !p.IsLoginForm() || !strings.Contains(p.Body, `value="bob"`) {
		t.Fatalf("no form with the hint: %d at %s\n%s", p.Status, p.URL, p.Body)
	}
	p = must(t)(client.Submit(t.Context(), p, map[string]string{"password": "bob"}))
	if p.Status != http.StatusOK || p.URL.String() != r.URL+"/deep/link?x=1" || !shows(p, "X-Auth-User", "bob") {
		t.Errorf("after the login: %d at %s", p.Status, p.URL)
	}
}

func Test_with_two_providers_a_page_asks_and_the_chosen_one_logs_in(t *testing.T) {
	w := newWorld(t)
	kc := keycloak.Shared(t)
	addr := edgetest.Addr(t)
	w.client(addr)
	config := strings.Replace(realmConfig(t, kc, ""), "upstreams:",
		"  other: {display_name: A & B, issuer: "+w.idp.Issuer()+", client_id: edgeauth, client_secret: "+clientSecret+"}\nupstreams:", 1)
	r := runRealm(t, kc, edgetest.Setup{Listen: addr, Rest: config}, "http://"+addr)
	client := keycloak.NewClient()
	p := r.get(client, "/deep?x=1")
	links := linksOf(p, "/.edgeauth/login?")
	if p.Status != http.StatusOK || len(links) != 2 || !strings.Contains(p.Body, "The company") || !strings.Contains(p.Body, "A &amp; B") {
		t.Fatalf("no page asks: %d at %s\n%s", p.Status, p.URL, p.Body)
	}
	p = r.login(client, links[1], "carol")
	if p.URL.String() != r.URL+"/deep?x=1" || !shows(p, "X-Auth-User", "carol") {
		t.Errorf("with Keycloak: %d at %s", p.Status, p.URL)
	}
	p = r.get(keycloak.NewClient(), links[0])
	if p.URL.String() != r.URL+"/deep?x=1" || !shows(p, "X-Auth-User", "alice") {
		t.Errorf("with the other: %d at %s\n%s", p.Status, p.URL, p.Body)
	}
}

// linksOf are the addresses of a page's links that begin with prefix, in the page's order.
func linksOf(p keycloak.Page, prefix string) (links []string) {
	for _, piece := range strings.Split(p.Body, `href="`)[1:] {
		address, _, _ := strings.Cut(piece, `"`)
		if address = strings.ReplaceAll(address, "&amp;", "&"); strings.HasPrefix(address, prefix) {
			links = append(links, address)
		}
	}
	return links
}

func Test_encryption_keys_and_certificates_in_the_key_set_are_no_obstacle(t *testing.T) {
	r := startRealm(t)
	_, body := r.Get(r.keycloak.Issuer() + "/protocol/openid-connect/certs")
	var set struct {
		Keys []struct {
			Use, Alg string
			X5C      []string
		}
	}
	if err := json.Unmarshal([]byte(body), &set); err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(set.Keys, func(k struct {
		Use, Alg string
		X5C      []string
	}) bool {
		return k.Use == "enc" && k.Alg == "RSA-OAEP" && len(k.X5C) > 0
	}) {
		t.Fatalf("Keycloak no longer has what this test is about: %s", body)
	}
	r.loggedIn("alice")
}

func Test_a_key_rotation_at_Keycloak_needs_no_restart(t *testing.T) {
	r := startRealm(t)
	before := r.loggedIn("alice")
	r.keycloak.RotateKeys()
	if !r.isIn(before) {
		t.Error("the rotation ended a session")
	}
	after := r.loggedIn("bob")
	r.keycloak.LogoutUser("bob") // its logout token is signed with the new key too
	r.Until("the logout token counts", func() bool { return !r.isIn(after) })
	if !r.isIn(before) {
		t.Error("the logout of one ended the session of another")
	}
}
