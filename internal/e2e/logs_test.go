package e2e_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/edgeauth/edgeauth/internal/edgetest"
	"github.com/edgeauth/edgeauth/internal/redistest"
)

const redisPassword = "redis-password-that-nobody-may-see"

func Test_LG02_no_log_line_holds_a_secret_and_each_is_one_JSON_object(t *testing.T) {
	t.Parallel()
	w, r := newWorld(t), redistest.Start(t, redistest.WithPassword(redisPassword), redistest.WithAppendOnly())
	store := strings.Replace(shared(newKeys(t), r), "addresses:", "password: "+redisPassword+", addresses:", 1)
	e := w.start(t, store)
	secrets := live(t, w, e, r)
	e.Stop()
	log := e.Log()
	for what, secret := range secrets {
		for _, form := range []string{secret, url.QueryEscape(secret)} {
			if len(secret) < 6 {
				t.Errorf("%s is no secret to look for: %q", what, secret)
			}
			if i := strings.Index(log, form); i >= 0 {
				t.Errorf("%s stands in the log: …%.300s", what, log[strings.LastIndex(log[:i], "\n")+1:])
			}
		}
	}
	for line := range strings.Lines(log) {
		var record map[string]any
		if err := json.Unmarshal([]byte(line), &record); err != nil || record["msg"] == nil || record["time"] == nil {
			t.Errorf("a line that is no record (%v): %s", err, line)
		}
	}
	if !strings.Contains(log, `"level":"DEBUG"`) {
		t.Log("nothing was logged at level debug")
	}
	t.Logf("%d secrets in none of %d lines", len(secrets), strings.Count(log, "\n"))
}

// witness collects what must stand in no log, by name, while an edge lives through everything that handles it.
type witness struct {
	*world
	t       *testing.T
	edge    *edgetest.Edge
	browser *edgetest.Client
	secrets map[string]string
}

func (v *witness) note(what, value string) {
	v.secrets[fmt.Sprintf("%s %d", what, len(v.secrets))] = value
}

// live does everything that handles secrets, well and badly, and returns them by name.
func live(t *testing.T, w *world, e *edgetest.Edge, r *redistest.Server) map[string]string {
	t.Helper()
	v := &witness{world: w, t: t, edge: e, browser: edgetest.NewClient(t), secrets: map[string]string{
		"the client secret": clientSecret, "the Redis password": redisPassword,
		"the client's credentials": base64.StdEncoding.EncodeToString([]byte("edgeauth:" + clientSecret)),
	}}
	v.logIn()
	v.forge()
	v.sendLogoutTokens()
	if out, err := e.Command("revoke", "--config", e.ConfigFile(), "--subject", "demo-bob"); err != nil {
		t.Fatalf("revoke: %v\n%s", err, out)
	}
	v.loseRedis(r)
	v.breakConfig()
	for _, tokens := range w.idp.Issued() {
		v.note("a code", tokens.Code)
		v.note("an ID token", tokens.IDToken)
		v.note("an access token", tokens.AccessToken)
	}
	for _, secret := range keyTexts(t, e) {
		v.note("a part of the key ring", secret)
	}
	return v.secrets
}

// logIn goes through a login and repeats its callback in every wrong way.
func (v *witness) logIn() {
	v.t.Helper()
	c, e := v.browser, v.edge
	callback := begin(v.t, c, e.URL+"/deep?token=in-the-query")
	v.note("the query", "in-the-query")
	u, err := url.Parse(callback)
	if err != nil {
		v.t.Fatal(err)
	}
	v.note("the code", u.Query().Get("code"))
	v.note("the state", u.Query().Get("state"))
	v.note("the binding", c.Cookie(e.URL, "edgeauth-login"))
	wantPage(v.t, c.Open(callback))
	v.note("the session", c.Cookie(e.URL, "edgeauth"))
	v.note("the device", c.Cookie(e.URL, "edgeauth-device"))
	c.Open(callback)                                        // loaded again
	c.Open(strings.Replace(callback, "code=", "code=x", 1)) // replayed with another code
	edgetest.NewClient(v.t).Open(callback)                  // in another browser
	refusal := url.Values{"state": {u.Query().Get("state")}, "error": {"access_denied"}, "error_description": {"words-of-the-provider"}}
	c.Open(e.URL + "/.edgeauth/callback?" + refusal.Encode())
	v.note("the provider's words", "words-of-the-provider")
}

// forge sends what somebody made up, and lets the provider answer with a token of another login.
func (v *witness) forge() {
	v.t.Helper()
	v.browser.Open(v.edge.URL + "/.edgeauth/callback?state=forged-state-value&code=forged-code-value")
	v.note("a forged state", "forged-state-value")
	v.note("a forged code", "forged-code-value")
	api(v.t, v.edge, http.Header{"Authorization": {"Bearer token-of-an-api-client"}, "Cookie": {"edgeauth=forged-session-value"}})
	v.note("an Authorization value", "token-of-an-api-client")
	v.note("a forged session", "forged-session-value")
	api(v.t, v.edge, http.Header{"Cookie": {"edgeauth=one-of-two-cookies; edgeauth=two-of-two-cookies"}})
	v.note("the first of two cookies", "one-of-two-cookies")
	v.note("the second of two cookies", "two-of-two-cookies")
	v.idp.Lie(forgetful)
	edgetest.NewClient(v.t).Open(v.edge.URL + "/")
	v.idp.Lie(honest)
}

func (v *witness) sendLogoutTokens() {
	v.t.Helper()
	token := v.idp.LogoutToken(func(_, claims map[string]any) { claims["aud"], claims["sub"] = "edgeauth", "demo-bob" })
	forged := token[:len(token)-8] + "AAAAAAAA"
	v.note("a logout token", token)
	v.note("a forged logout token", forged)
	for _, send := range []string{token, token, forged, "nonsense-logout-token"} {
		resp, err := v.idp.SendBackchannelLogout(v.t.Context(), "edgeauth", send)
		if err != nil {
			v.t.Fatal(err)
		}
		resp.Body.Close()
	}
}

// loseRedis tries a login and a logout while Redis is away, and both again when it is back.
func (v *witness) loseRedis(r *redistest.Server) {
	v.t.Helper()
	r.Kill()
	degraded(v.t, v.edge)
	edgetest.NewClient(v.t).Open(v.edge.URL + "/")
	v.browser.Post(v.edge.URL+"/.edgeauth/logout", url.Values{})
	r.Restart()
	recovered(v.edge)
	wantPage(v.t, v.browser.Open(v.edge.URL+"/"))
	v.note("the next session", v.browser.Cookie(v.edge.URL, "edgeauth"))
	v.browser.Post(v.edge.URL+"/.edgeauth/logout", url.Values{})
}

// breakConfig writes a secret where the configuration wants none.
func (v *witness) breakConfig() {
	v.t.Helper()
	v.edge.Overwrite(strings.Replace(v.edge.Config(), "client_secret: "+clientSecret, "client_secret: [another-secret-in-a-list]", 1))
	v.note("the secret in a broken configuration", "another-secret-in-a-list")
	v.edge.Hangup()
	v.edge.Until("the broken configuration is noticed", func() bool { return len(v.edge.Events("config_refused")) > 0 })
}

// api asks as a program would.
func api(t *testing.T, e *edgetest.Edge, header http.Header) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, e.URL+"/api/hello", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header = header
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("%v: %d", header, resp.StatusCode)
	}
}

// keyTexts are the long values of the key ring file.
func keyTexts(t *testing.T, e *edgetest.Edge) []string {
	t.Helper()
	file := regexp.MustCompile(`keys_file: "([^"]+)"`).FindStringSubmatch(e.Config())[1]
	ring, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`[A-Za-z0-9+/_=-]{32,}`).FindAllString(string(ring), -1)
	if len(found) == 0 {
		t.Fatalf("no keys in %s", file)
	}
	return found
}
