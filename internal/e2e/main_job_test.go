package e2e_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/edgeauth/edgeauth/internal/edgetest"
)

func Test_someone_logs_in_reaches_the_backend_logs_out_and_is_out(t *testing.T) {
	w := newWorld(t)
	e := w.start(t, "")
	c := edgetest.NewClient(t)
	p := c.Open(e.URL + "/deep/link?x=1")
	if p.Status != http.StatusOK || p.URL.String() != e.URL+"/deep/link?x=1" || !strings.Contains(p.Body, "alice") {
		t.Fatalf("after the login: %d at %s\n%s", p.Status, p.URL, p.Body)
	}
	stolen := c.Cookie(e.URL, "edgeauth")
	if p := c.Open(e.URL + "/.edgeauth/logout"); p.Status != http.StatusOK {
		t.Fatalf("the logout page: %d\n%s", p.Status, p.Body)
	}
	if p := c.Post(e.URL+"/.edgeauth/logout", url.Values{}); p.Status != http.StatusOK || p.URL.Path != "/.edgeauth/logged-out" {
		t.Fatalf("after the logout: %d at %s\n%s", p.Status, p.URL, p.Body)
	}
	if c.Cookie(e.URL, "edgeauth") != "" {
		t.Error("the session cookie is still there")
	}
	thief := edgetest.NewClient(t)
	thief.SetCookie(e.URL, "edgeauth", stolen)
	if p := thief.Ask(e.URL + "/"); p.Status != http.StatusSeeOther {
		t.Errorf("CK-17: a copy of the cookie after the logout: %d", p.Status)
	}
}

func Test_an_operator_revokes_everybody_through_the_socket_of_an_edge_with_the_embedded_store(t *testing.T) {
	w := newWorld(t)
	e := w.start(t, "")
	c := edgetest.NewClient(t)
	if p := c.Open(e.URL + "/"); p.Status != http.StatusOK {
		t.Fatalf("login: %d", p.Status)
	}
	out, err := e.Command("revoke", "--config", e.ConfigFile(), "--all", "--reason", "test")
	if err != nil || !strings.Contains(out, "every edge that follows the log refuses") || !strings.Contains(out, "At the identity provider nothing was ended") {
		t.Fatalf("revoke: %v\n%s", err, out)
	}
	if p := c.Ask(e.URL + "/"); p.Status != http.StatusSeeOther {
		t.Errorf("after the revocation: %d", p.Status)
	}
	if out, err := e.Command("revoke", "--config", e.ConfigFile(), "--subject", "demo-nobody"); err != nil {
		t.Fatalf("revoke: %v\n%s", err, out)
	}
	for i, sub := range []any{nil, "demo-nobody"} {
		if event := e.Events("revocation")[i]; event["sub"] != sub || !strings.Contains(fmt.Sprint(event["detail"]), "at the provider go on") {
			t.Errorf("the audit event says %v", event)
		}
	}
	if p := c.Open(e.URL + "/"); p.Status != http.StatusOK {
		t.Errorf("a new login after the revocation: %d", p.Status)
	}
}
