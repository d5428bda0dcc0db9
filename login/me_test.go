package login_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/internal/idp"
)

func TestCS_01_MeTellsWhoIAmAndNoSecret(t *testing.T) {
	b := open(t)
	c, anon := b.browser(), b.browser()
	c.login("/x")
	p := c.get("/.edgeauth/me?x.css", "Origin", "https://evil.test")
	var got map[string]any
	if err := json.Unmarshal([]byte(p.body), &got); err != nil {
		t.Fatalf("%v: %s", err, p.body)
	}
	for _, key := range []string{"auth_time", "issued_at", "idle_until", "expires_at", "session", "staleness_seconds"} {
		if got[key] == nil {
			t.Errorf("%s is missing", key)
		}
		delete(got, key)
	}
	want := map[string]any{"sub": "demo-alice", "issuer": b.idp.Issuer(), "provider": "one", "username": "alice", "name": "Alice Liddell", "sessions": "/.edgeauth/sessions",
		"email": "alice@example.org", "groups": []any{"staff"}, "level": "normal", "level_proven": true, "acr": "pwd", "amr": []any{"pwd"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("me (-want +got):\n%s", diff)
	}
	issued := b.idp.Issued()[0]
	for _, secret := range []string{issued.IDToken, issued.AccessToken, issued.RefreshToken, c.cookie("edgeauth")} {
		if strings.Contains(p.body, secret) {
			t.Error("the answer holds a token")
		}
	}
	if p.StatusCode != http.StatusOK || p.Header.Get("Cache-Control") != "no-store" || p.Header.Get("Content-Type") != "application/json" ||
		p.Header.Get("Access-Control-Allow-Origin") != "" || p.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("answered %d with %v", p.StatusCode, p.Header)
	}
	p = anon.get("/.edgeauth/me", "Accept", "application/json", "Sec-Fetch-Mode", "cors")
	if p.StatusCode != http.StatusUnauthorized || p.Header.Get("Content-Type") != "application/problem+json" || !strings.Contains(p.body, `"login_url"`) {
		t.Errorf("nobody is answered %d: %s", p.StatusCode, p.body)
	}
}

// me is what the edge tells a browser of its session.
func (c *browser) me() (profile map[string]any) {
	c.t.Helper()
	p := c.get("/.edgeauth/me")
	if err := json.Unmarshal([]byte(p.body), &profile); err != nil {
		c.t.Fatalf("the profile is %d, %v: %s", p.StatusCode, err, p.body)
	}
	return profile
}

func TestMeSaysWhereALevelIsProvenAndNoIdleTimeBeyondItsEnd(t *testing.T) {
	b := open(t, leveled)
	c := b.browser()
	c.login("/x")
	b.raise("alice", identity.Elevated, b.now())
	me := c.me() // its own idle time is an hour, the level's lifetime half of one
	if me["level"] != "elevated" || me["idle_until"] != me["expires_at"] {
		t.Errorf("a raised session: %v", me)
	}
	link, _ := me["step_up_url"].(string)
	p := c.walk(c.get(c.get(link + "&rd=/x").to()))
	if proven := c.me(); proven["level_proven"] != true || !strings.HasPrefix(p.body, "/x ") {
		t.Errorf("%s leads to %s, and then: %v", link, p.Request.URL, proven)
	}
}

func TestMeFollowsTheRulesOfTheProxy(t *testing.T) {
	b := open(t)
	c := b.browser()
	c.login("/x")
	b.offset.Add(int64(11 * time.Minute))
	if p := c.get("/.edgeauth/me"); p.StatusCode != http.StatusUnauthorized {
		t.Errorf("an idle session is answered %d", p.StatusCode)
	}
	b.offset.Store(0)
	b.deliver(b.token())
	if p := c.get("/.edgeauth/me"); p.StatusCode != http.StatusUnauthorized || !strings.Contains(p.body, "revoked") {
		t.Errorf("a revoked session is answered %d: %s", p.StatusCode, p.body)
	}
	stale := open(t)
	stale.opt.Staleness = func() time.Duration { return 2 * time.Hour }
	stale.restart()
	c = stale.browser()
	c.login("/x")
	if p := c.get("/.edgeauth/me"); p.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("with a log too old it is answered %d", p.StatusCode)
	}
}

func TestOnlyGroupsAndClaimsThatARouteNamesAreKept(t *testing.T) {
	b := open(t)
	b.idp.Lie(idp.Lies{IDToken: func(_, claims map[string]any) {
		claims["groups"] = []string{"admin", "secret-project", "staff"}
		claims["department"] = "law"
		claims["salary"] = 3
	}})
	c := b.browser()
	c.login("/x")
	s := b.open(c.cookie("edgeauth"))
	if diff := cmp.Diff([]string{"admin", "staff"}, s.Groups); diff != "" {
		t.Errorf("groups (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string][]string{"department": {"law"}}, s.Claims); diff != "" {
		t.Errorf("claims (-want +got):\n%s", diff)
	}
}

func TestCS_02_NothingThatCameIsRepeatedUnescaped(t *testing.T) {
	b := open(t)
	b.idp.Lie(idp.Lies{IDToken: func(_, claims map[string]any) { claims["preferred_username"] = "</strong><script>alert(1)</script>" }})
	c := b.browser()
	c.follow(c.get("/x"))
	callback := c.callback("/.edgeauth/login?rd=" + url.QueryEscape(`/"><img src=x onerror=alert(1)>`))
	for name, p := range map[string]page{
		"logout":  c.get("/.edgeauth/logout"),
		"error":   c.get(edited(t, callback, "code", "", "error", "access_denied", "error_description", "<script>alert(1)</script>", "error_uri", "javascript:alert(1)")),
		"login":   c.get("/.edgeauth/login?rd=" + url.QueryEscape(`"><img src=x>`)),
		"missing": c.get("/.edgeauth/<script>"),
	} {
		if strings.Contains(p.body, "<script") || strings.Contains(p.body, "<img") || strings.Contains(p.body, "javascript:") {
			t.Errorf("%s: %s", name, p.body)
		}
		if p.Header.Get("Content-Type") != "text/html; charset=utf-8" || !strings.Contains(p.Header.Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("%s: %v", name, p.Header)
		}
	}
}

func TestSeveralProvidersAreChosenFromAPageOrByIssuer(t *testing.T) {
	b := open(t, func(s *setup) { s.idps = 3 })
	c := b.browser()
	p := c.get("/.edgeauth/login?rd=/x%3Fa%3D1%26b&login_hint=alice%40example.org")
	apple, mango, zebra := strings.Index(p.body, "apple ID"), strings.Index(p.body, "Mango ID"), strings.Index(p.body, "Zebra ID")
	if p.StatusCode != http.StatusOK || apple < 0 || mango < apple || zebra < mango || p.set("edgeauth-login") {
		t.Fatalf("the page is %d:\n%s", p.StatusCode, p.body)
	}
	if !strings.Contains(p.body, `href="/.edgeauth/login?provider=two&amp;rd=%2Fx%3Fa%3D1%26b&amp;login_hint=alice%40example.org"`) {
		t.Errorf("the link to the second provider is missing:\n%s", p.body)
	}
	two := b.opt.Providers[1].Issuer()
	to, err := url.Parse(c.get("/.edgeauth/login?iss=" + url.QueryEscape(two) + "&login_hint=alice&target_link_uri=" + url.QueryEscape(b.edge.URL+"/deep")).to())
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(to.String(), two) || to.Query().Get("login_hint") != "alice" {
		t.Errorf("a third-party initiated login goes to %s", to)
	}
	if p := c.follow(c.get(to.String())); !strings.HasPrefix(p.body, "/deep ") {
		t.Errorf("it ends at %s", p.Request.URL)
	}
	for _, query := range []string{"iss=https://evil.test", "provider=four", "provider=one&iss=" + url.QueryEscape(two), "provider=one&login_hint=" + strings.Repeat("a", 257),
		"provider=one&login_hint=%0a", "provider=one&target_link_uri=https://evil.test/"} {
		if p := c.get("/.edgeauth/login?" + query); p.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: answered %d", query, p.StatusCode)
		}
	}
}

func TestAThirdPartyMayBeginALoginByPost(t *testing.T) {
	b := open(t)
	c := b.browser()
	form := url.Values{"iss": {b.opt.Providers[0].Issuer()}, "target_link_uri": {b.edge.URL + "/deep"}, "rd": {"//evil.test"}}
	p := c.follow(c.post("/.edgeauth/login", form, "Origin", "https://elsewhere.test", "Sec-Fetch-Site", "cross-site"))
	if !strings.HasPrefix(p.body, "/deep ") {
		t.Errorf("it ends at %s:\n%s", p.Request.URL, p.body)
	}
}

func TestALoginNeedsAPageOfItsOwn(t *testing.T) {
	b := open(t)
	p := b.browser().get("/.edgeauth/login?rd=/x", "Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Site", "cross-site", "Accept", "image/*")
	if p.StatusCode != http.StatusUnauthorized || len(p.Cookies()) != 0 {
		t.Errorf("an image is answered %d with %v", p.StatusCode, p.Cookies())
	}
}

func TestUnknownMethodsAreRefused(t *testing.T) {
	b := open(t)
	c := b.browser()
	for path, allow := range map[string]string{"login": "GET, HEAD, POST", "callback": "GET, POST", "logout": "GET, HEAD, POST", "logged-out": "GET, HEAD",
		"backchannel-logout": "POST", "me": "GET, HEAD"} {
		if p := c.send(http.MethodDelete, "/.edgeauth/"+path, nil); p.StatusCode != http.StatusMethodNotAllowed || p.Header.Get("Allow") != allow {
			t.Errorf("%s: answered %d, Allow %q", path, p.StatusCode, p.Header.Get("Allow"))
		}
	}
}

func TestLG_02_NoSecretIsLogged(t *testing.T) {
	b := open(t)
	c := b.browser()
	callback := c.callback("/x")
	u, err := url.Parse(callback)
	if err != nil {
		t.Fatal(err)
	}
	c.follow(c.get(callback))
	c.get(edited(t, callback, "code", "stolen-code"))
	secrets := []string{u.Query().Get("code"), u.Query().Get("state"), "stolen-code", c.cookie("edgeauth"), c.cookie("edgeauth-login"), c.cookie("edgeauth-device"),
		"edge-secret", b.idp.Issued()[0].IDToken, b.idp.Issued()[0].AccessToken}
	token := b.token()
	b.deliver(token)
	c.logout()
	for _, secret := range append(secrets, token) {
		if secret == "" || strings.Contains(b.events.String(), secret) {
			t.Errorf("%.20q is in the log, or the test has lost it", secret)
		}
	}
}
