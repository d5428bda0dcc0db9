package keycloak_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/edgeauth/edgeauth/internal/keycloak"
)

// echo serves a form with a hidden field and a Secure cookie, and shows what a post of it brought.
func echo(t *testing.T) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/loop":
			http.Redirect(w, r, "/loop", http.StatusSeeOther)
		case "/start":
			http.SetCookie(w, &http.Cookie{Name: "c", Value: "v", Path: "/", Secure: true})
			http.Redirect(w, r, "/form", http.StatusSeeOther)
		case "/form":
			fmt.Fprint(w, `<form id="kc-form-login" action="post?a=1&amp;b=2" method="post"><input name="username">
				<input type="hidden" name="h" value="&lt;x&gt;"><input type="submit" name="cancel" value="1"></form>`)
		case "/post":
			_ = r.ParseForm()
			cookie, _ := r.Cookie("c")
			fmt.Fprintf(w, "%s %s %v", r.URL.RawQuery, r.PostForm.Encode(), cookie)
		}
	}))
	t.Cleanup(server.Close)
	return server
}

func TestAClientFillsInAFormAsABrowserWould(t *testing.T) {
	local := strings.Replace(echo(t).URL, "127.0.0.1", "localhost", 1)
	page, err := keycloak.NewClient().Login(t.Context(), local+"/start", "alice", "secret")
	if want := "a=1&b=2 h=%3Cx%3E&password=secret&username=alice c=v"; err != nil || page.Body != want {
		t.Errorf("the server got %q, %v; want %q", page.Body, err, want)
	}
}

func TestAClientSendsNoSecureCookieToAnAddressOverPlainHTTP(t *testing.T) {
	page, err := keycloak.NewClient().Login(t.Context(), echo(t).URL+"/start", "alice", "secret")
	if err != nil || !strings.HasSuffix(page.Body, "username=alice ") {
		t.Errorf("the server got %q, %v; want no cookie", page.Body, err)
	}
}

func TestAClientStopsWhereItIsTold(t *testing.T) {
	server := echo(t)
	page, err := keycloak.NewClient(server.URL+"/form").Get(t.Context(), server.URL+"/start")
	if err != nil || page.Status != http.StatusSeeOther || page.URL.Path != "/form" {
		t.Errorf("ended with %d at %v, %v", page.Status, page.URL, err)
	}
}

func TestAClientSendsItsHeadersAndAsksWithoutFollowing(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			http.Redirect(w, r, "/next", http.StatusSeeOther)
		}
		fmt.Fprint(w, r.Header.Get("X-From"))
	}))
	t.Cleanup(server.Close)
	client := keycloak.NewClient()
	client.Send("X-From", "Berlin")
	if page, err := client.Get(t.Context(), server.URL); err != nil || page.Body != "Berlin" || page.URL.Path != "/next" {
		t.Errorf("ended with %q at %v, %v", page.Body, page.URL, err)
	}
	if page, err := client.Ask(t.Context(), server.URL+"/"); err != nil || page.Status != http.StatusSeeOther || page.Header.Get("Location") != "/next" {
		t.Errorf("asked: %d, %v, %v", page.Status, page.Header, err)
	}
}

func TestAClientGivesUpOnALoop(t *testing.T) {
	if _, err := keycloak.NewClient().Get(t.Context(), echo(t).URL+"/loop"); err == nil {
		t.Error("a loop of redirects ended without an error")
	}
}
