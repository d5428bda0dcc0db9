package idptest_test

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/edgeauth/edgeauth/internal/idp"
	"github.com/edgeauth/edgeauth/internal/idp/idptest"
	"github.com/edgeauth/edgeauth/internal/idp/jose"
)

// verifier and its S256 challenge are those of RFC 7636, appendix B.
const (
	verifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
)

// application is a client of a provider that does nothing with what it gets.
type application struct {
	idp      *idp.Server
	callback string
}

func startApplication(t *testing.T) *application {
	t.Helper()
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<p>back</p>") }))
	t.Cleanup(app.Close)
	now := time.Now() // stands still, so that honest tokens are alike
	s := idptest.Start(t, func(o *idp.Options) { o.Now = func() time.Time { return now } })
	s.SetIssuer(strings.Replace(s.Issuer(), "127.0.0.1", "localhost", 1))
	s.SetClient(idp.Client{ID: "app", RedirectURIs: []string{app.URL + "/cb"}})
	return &application{s, app.URL + "/cb"}
}

// login is the address of an authorization request for a context.
func (a *application) login(acr string) string {
	return a.idp.Issuer() + "/authorize?" + url.Values{"client_id": {"app"}, "redirect_uri": {a.callback}, "scope": {"openid"},
		"response_type": {"code"}, "code_challenge_method": {"S256"}, "code_challenge": {challenge}, "acr_values": {acr}}.Encode()
}

func newClient(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Jar: jar, Transport: transport}
}

// open asks for a context and returns the first answer.
func (a *application) open(t *testing.T, c *http.Client, acr string) *http.Response {
	t.Helper()
	resp, err := c.Get(a.login(acr))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = resp.Body.Close() })
	return resp
}

func TestEveryPageIsPassedWithoutABrowser(t *testing.T) {
	for name, c := range map[string]struct {
		acr   string
		steps []idptest.Step
		want  string
	}{
		"password":    {"pwd", []idptest.Step{idptest.Password("alice", "alice")}, "code"},
		"code":        {"mfa", []idptest.Step{idptest.Password("bob", "x"), idptest.Password("bob", "bob"), idptest.Code(idp.DemoCode)}, "code"},
		"fingerprint": {"bio", []idptest.Step{idptest.Password("alice", "alice"), idptest.Touch()}, "code"},
		"enrolment":   {"bio", []idptest.Step{idptest.Password("carol", "carol"), idptest.Enrol()}, "code"},
		"cancelled":   {"bio", []idptest.Step{idptest.Password("carol", "carol"), idptest.Cancel()}, "error"},
	} {
		a, client := startApplication(t), newClient(t)
		resp := idptest.Walk(t, client, a.open(t, client, c.acr), c.steps...)
		_ = resp.Body.Close()
		if to := resp.Request.URL.String(); !strings.HasPrefix(to, a.callback) || !resp.Request.URL.Query().Has(c.want) {
			t.Errorf("%s ends at %s, want %s at the callback", name, to, c.want)
		}
	}
}

func TestEveryStepUpLieIsTold(t *testing.T) {
	a := startApplication(t)
	a.idp.AutoLogin("alice")
	honest := a.claims(t, newClient(t))
	for name, lies := range idptest.StepUpLies("bio") {
		client := newClient(t)
		_ = a.open(t, client, "").Body.Close() // with the password alone
		a.idp.Lie(lies)
		if lie := a.claims(t, client); cmp.Equal(honest, lie) {
			t.Errorf("%s: the token says %v as an honest one does", name, lie)
		}
		a.idp.Lie(idp.Lies{})
	}
}

// claims steps up anew and returns what the ID token says of who authenticated, how and when.
func (a *application) claims(t *testing.T, c *http.Client) map[string]any {
	t.Helper()
	resp, err := c.Get(a.login("bio") + "&prompt=login")
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp, err = c.PostForm(a.idp.Issuer()+"/token", url.Values{"grant_type": {"authorization_code"}, "client_id": {"app"},
		"code": resp.Request.URL.Query()["code"], "redirect_uri": {a.callback}, "code_verifier": {verifier}}); err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	issued := a.idp.Issued()
	_, claims, err := jose.Decode(issued[len(issued)-1].IDToken)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("status %d, %v", resp.StatusCode, err)
	}
	about := map[string]any{}
	for _, name := range []string{"sub", "acr", "amr", "auth_time"} {
		about[name] = claims[name]
	}
	return about
}
