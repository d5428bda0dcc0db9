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

// live does everything that handles secrets, well and badly, and returns them by name.
func live(t *testing.T, w *world, e *edgetest.Edge, r *redistest.Server) map[string]string {
	t.Helper()
	secrets := map[string]string{"the client secret": clientSecret, "the Redis password": redisPassword,
		"an Authorization value":   "Bearer-token-of-an-api-client",
		"the client's credentials": base64.StdEncoding.EncodeToString([]byte("edgeauth:" + clientSecret))}
	note := func(what, value string) { secrets[fmt.Sprintf("%s %d", what, len(secrets))] = value }

	c := edgetest.NewClient(t)
	callback := begin(t, c, e.URL+"/deep?token=in-the-query")
	note("the query", "in-the-query")
	u, _ := url.Parse(callback)
	note("the code", u.Query().Get("code"))
	note("the state", u.Query().Get("state"))
	note("the binding", c.Cookie(e.URL, "edgeauth-login"))
	wantPage(t, c.Open(callback))
	note("the session", c.Cookie(e.URL, "edgeauth"))
	note("the device", c.Cookie(e.URL, "edgeauth-device"))
	c.Open(callback)                                        // loaded again
	c.Open(strings.Replace(callback, "code=", "code=x", 1)) // replayed with another code
	edgetest.NewClient(t).Open(callback)                    // in another browser
	c.Open(e.URL + "/.edgeauth/callback?state=forged-state-value&code=forged-code-value")
	note("a forged state", "forged-state-value")
	note("a forged code", "forged-code-value")
	c.Open(e.URL + "/.edgeauth/callback?" + url.Values{"state": {u.Query().Get("state")}, "error": {"access_denied"}, "error_description": {"words-of-the-provider"}}.Encode())

	api(t, e, http.Header{"Authorization": {"Bearer Bearer-token-of-an-api-client"}, "Cookie": {"edgeauth=forged-session-value"}})
	note("a forged session", "forged-session-value")
	api(t, e, http.Header{"Cookie": {"edgeauth=one-of-two-cookies; edgeauth=two-of-two-cookies"}})
	note("the first of two cookies", "one-of-two-cookies")

	w.idp.Lie(forgetful)
	edgetest.NewClient(t).Open(e.URL + "/")
	w.idp.Lie(honest)
	token := w.idp.LogoutToken(func(_, claims map[string]any) { claims["aud"], claims["sub"] = "edgeauth", "demo-bob" })
	note("a logout token", token)
	forged := token[:len(token)-8] + "AAAAAAAA"
	note("a forged logout token", forged)
	for _, send := range []string{token, token, forged, "nonsense-logout-token"} {
		resp, err := w.idp.SendBackchannelLogout(t.Context(), "edgeauth", send)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	if out, err := e.Command("revoke", "--config", e.ConfigFile(), "--subject", "demo-bob"); err != nil {
		t.Fatalf("revoke: %v\n%s", err, out)
	}
	r.Kill()
	degraded(t, e)
	edgetest.NewClient(t).Open(e.URL + "/")
	c.Post(e.URL+"/.edgeauth/logout", url.Values{})
	r.Restart()
	recovered(e)
	wantPage(t, c.Open(e.URL+"/"))
	c.Post(e.URL+"/.edgeauth/logout", url.Values{})
	e.Overwrite(strings.Replace(e.Config(), "client_secret: "+clientSecret, "client_secret: [another-secret-in-a-list]", 1))
	note("the secret in a broken configuration", "another-secret-in-a-list")
	e.Hangup()
	e.Until("the broken configuration is noticed", func() bool { return len(e.Events("config_refused")) > 0 })

	for _, tokens := range w.idp.Issued() {
		note("a code", tokens.Code)
		note("an ID token", tokens.IDToken)
		note("an access token", tokens.AccessToken)
	}
	for _, secret := range keyTexts(t, e) {
		note("a part of the key ring", secret)
	}
	return secrets
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
