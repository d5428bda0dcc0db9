package idp_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/edgeauth/edgeauth/internal/idp"
	"github.com/edgeauth/edgeauth/internal/idp/idptest"
)

const (
	callback = "https://app.example.org/callback"
	goodbye  = "https://app.example.org/logged-out"
	verifier = "a-verifier-of-the-least-length-that-is-allowed"
)

// browser is a client with cookies that follows no redirect by itself.
type browser struct {
	t   *testing.T
	idp *idp.Server
	*http.Client
}

func open(t *testing.T, opts ...func(*idp.Options)) *browser {
	t.Helper()
	s := idptest.Start(t, opts...)
	s.SetClient(idp.Client{ID: "edge", Secret: "edge s%cret", RedirectURIs: []string{callback}, PostLogoutURIs: []string{goodbye}})
	return another(t, s)
}

// another is a browser of its own at the same provider.
func another(t *testing.T, s *idp.Server) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &browser{t, s, &http.Client{Jar: jar, Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}}
}

// request is a good authorization request with changes; an empty value removes the parameter.
func request(changes ...string) url.Values {
	sum := sha256.Sum256([]byte(verifier))
	q := url.Values{"client_id": {"edge"}, "redirect_uri": {callback}, "response_type": {"code"}, "state": {"s t&te"},
		"nonce": {"n"}, "scope": {"openid profile email"}, "code_challenge_method": {"S256"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}}
	for i := 0; i < len(changes); i += 2 {
		if q.Set(changes[i], changes[i+1]); changes[i+1] == "" {
			q.Del(changes[i])
		}
	}
	return q
}

// get returns the answer with its body read.
func (b *browser) get(path string, q url.Values) (*http.Response, string) {
	b.t.Helper()
	resp, err := b.Get(b.idp.Issuer() + path + "?" + q.Encode())
	return b.read(resp, err)
}

func (b *browser) post(path string, form url.Values) (*http.Response, string) {
	b.t.Helper()
	resp, err := b.PostForm(b.idp.Issuer()+path, form)
	return b.read(resp, err)
}

func (b *browser) read(resp *http.Response, err error) (*http.Response, string) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return resp, string(body)
}

var actionPattern = regexp.MustCompile(`<form method="post" action="([^"]*)"`)

func actionOf(t *testing.T, page string) string {
	t.Helper()
	m := actionPattern.FindStringSubmatch(page)
	if m == nil {
		t.Fatalf("no form on the page:\n%s", page)
	}
	return html.UnescapeString(m[1])
}

// fillIn sends the first form of a page with these fields.
func (b *browser) fillIn(page string, fields ...string) (*http.Response, string) {
	b.t.Helper()
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	return b.post(actionOf(b.t, page), form)
}

// redirected returns the query of the redirect that the answer must be.
func (b *browser) redirected(resp *http.Response, to string) url.Values {
	b.t.Helper()
	where, query, _ := strings.Cut(resp.Header.Get("Location"), "?")
	if resp.StatusCode != http.StatusSeeOther || where != to {
		b.t.Fatalf("status %d to %q, want 303 to %q", resp.StatusCode, where, to)
	}
	q, err := url.ParseQuery(query)
	if err != nil {
		b.t.Fatal(err)
	}
	return q
}

// code logs alice in without the form and returns the code.
func (b *browser) code(changes ...string) string {
	b.t.Helper()
	b.idp.AutoLogin("alice")
	resp, _ := b.get("/authorize", request(changes...))
	return b.redirected(resp, callback).Get("code")
}

// redeem spends a code with right credentials and changes of the form.
func (b *browser) redeem(code string, changes ...string) (int, map[string]any) {
	b.t.Helper()
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback},
		"code_verifier": {verifier}, "client_id": {"edge"}, "client_secret": {"edge s%cret"}}
	for i := 0; i < len(changes); i += 2 {
		form.Set(changes[i], changes[i+1])
	}
	resp, body := b.post("/token", form)
	var out map[string]any
	if err := json.Unmarshal([]byte(body), &out); err != nil {
		b.t.Fatalf("the token endpoint answered %q: %v", body, err)
	}
	return resp.StatusCode, out
}

// tokens logs alice in without the form and returns the token endpoint's answer.
func (b *browser) tokens(changes ...string) map[string]any {
	b.t.Helper()
	status, out := b.redeem(b.code(changes...))
	if status != http.StatusOK {
		b.t.Fatalf("redeeming the code: status %d, %v", status, out)
	}
	return out
}
