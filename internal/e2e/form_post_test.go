package e2e_test

import (
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/edgeauth/edgeauth/internal/edgetest"
	"github.com/edgeauth/edgeauth/internal/idp"
)

// poster is a browser at an https origin whose TLS ends in front of the edge. It keeps the edge's cookies, and sends with
// a form from elsewhere only those that go across sites.
type poster struct {
	t       *testing.T
	edge    *edgetest.Edge
	cookies map[string]*http.Cookie
	idp     *http.Client
}

var formField = regexp.MustCompile(`name="([a-z_]+)" value="([^"]*)"`)

// ask sends one request to the edge.
func (p *poster) ask(method, path string, form url.Values) reply {
	p.t.Helper()
	r, err := http.NewRequestWithContext(p.t.Context(), method, "http://"+p.edge.Listen+path, strings.NewReader(form.Encode()))
	if err != nil {
		p.t.Fatal(err)
	}
	r.Host = "app.corp.test"
	r.Header.Set("Accept", "text/html")
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "cross-site")
	}
	for _, c := range p.cookies {
		if method == http.MethodGet || c.SameSite == http.SameSiteNoneMode {
			r.AddCookie(c)
		}
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, c := range resp.Cookies() {
		p.cookies[c.Name] = c
	}
	return reply{resp, string(body)}
}

// begin starts a login and returns the form by which the provider would send the browser back.
func (p *poster) begin(path string) url.Values {
	p.t.Helper()
	resp, err := p.idp.Get(p.ask(http.MethodGet, "/.edgeauth/login?rd="+path, nil).Header.Get("Location"))
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	form := url.Values{}
	for _, m := range formField.FindAllStringSubmatch(string(page), -1) {
		form.Add(m[1], html.UnescapeString(m[2]))
	}
	if !form.Has("code") {
		p.t.Fatalf("the provider answers without a code:\n%.2000s", page)
	}
	return form
}

func Test_tabs_that_come_back_by_form_post_share_one_session(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.idp.SetClient(idp.Client{ID: "edgeauth", Secret: clientSecret, RedirectURIs: []string{"https://app.corp.test/.edgeauth/callback"}})
	rest := strings.Replace(w.config(""), "client_secret:", "response_mode: form_post, client_secret:", 1)
	e := edgetest.Prepare(t, edgetest.Setup{Listen: edgetest.Addr(t), URL: "https://app.corp.test", Server: "  tls_in_front: true\n", Rest: rest})
	e.Run()
	e.WaitReady()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	p := &poster{t: t, edge: e, cookies: map[string]*http.Cookie{}, idp: &http.Client{Jar: jar, Timeout: edgetest.Patience}}
	var forms []url.Values
	for i := range 5 {
		forms = append(forms, p.begin(fmt.Sprintf("/tab/%d", i)))
	}
	sessions := map[string]bool{}
	for i, form := range forms {
		r := p.ask(http.MethodPost, "/.edgeauth/callback", form)
		if want := fmt.Sprintf("https://app.corp.test/tab/%d", i); r.StatusCode != http.StatusSeeOther || r.Header.Get("Location") != want {
			t.Fatalf("tab %d: %d to %q, want %q:\n%s", i, r.StatusCode, r.Header.Get("Location"), want, r.body)
		}
		sessions[p.cookies["__Host-edgeauth"].Value] = true
		if r := p.ask(http.MethodGet, fmt.Sprintf("/tab/%d", i), nil); r.StatusCode != http.StatusOK {
			t.Errorf("tab %d is answered %d", i, r.StatusCode)
		}
	}
	if len(sessions) != 1 {
		t.Errorf("%d sessions, want 1", len(sessions))
	}
}
