package login_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// app is the origin that the hostile return URLs speak of.
const app = "https://app.corp.test"

// maxReturnURL is the greatest length of a return URL in bytes.
const maxReturnURL = 1200

// hostile are the return URLs of the cases RD-01 to RD-08, as they are after the query was decoded once.
func hostile() []string {
	return []string{
		"//evil.test/", "///evil.test", "/////evil.test/%2e%2e", "%2F%2Fevil.test", "/%2Fevil.test", "%252F%252Fevil.test",
		`/\evil.test`, "/%5cevil.test", `\\evil.test`, `/./\evil.test`, `/./../../\evil.test`,
		"https:evil.test", "https:/evil.test", "https:///evil.test", `http:\\evil.test`, " https://evil.test", "\x01https://evil.test", "ht\ttps://evil.test",
		"https://app.corp.test@evil.test/", `https://evil.test\@app.corp.test/`, "https://app.corp.test%40evil.test", "https://app.corp.test:443@evil.test",
		"javascript:alert(1)", "java\rscript:alert(1)", "data:text/html,x", "vbscript:x", "/\t/javascript:alert(1)", "/%09/javascript:alert(1)",
		"//evil\u3002test", "https://app.corp.test\u3002evil.test", "\u3031evil.test", "https://0x7f.1/", "https://2130706433/", "https://[::ffff:127.0.0.1]/",
		"/\n/evil.test", "/\r\n/evil.test", "/\x00/evil.test", "///\\;@evil.test", "/..//evil.test", "/.//evil.test", "/%2e%2e//evil.test",
		"https://app.corp.test.evil.test/", "https://app.corp.test:8443/", "http://app.corp.test/", "HTTPS://APP.CORP.TEST/", app + "//evil.test", app + "\\evil.test",
	}
}

// comesHome begins a login with a raw query, completes it, and fails unless it ends at the edge or is refused at once.
func (b *bed) comesHome(rawQuery string) {
	b.t.Helper()
	c := b.browser()
	p := c.get("/.edgeauth/login?" + rawQuery)
	if p.StatusCode == http.StatusBadRequest {
		if strings.Contains(strings.ToLower(p.body), "javascript:") || strings.Contains(p.body, "evil") {
			b.t.Errorf("%s: the page repeats what came: %s", rawQuery, p.body)
		}
		return
	}
	for range 5 {
		if strings.HasPrefix(p.Request.URL.String(), b.edge.URL+"/.edgeauth/callback?") {
			break
		}
		if p.to() == "" {
			b.t.Errorf("%s: answered %d at %s", rawQuery, p.StatusCode, p.Request.URL)
			return
		}
		p = c.get(p.to())
	}
	to := p.Header.Get("Location")
	if !strings.HasPrefix(to, b.edge.URL+"/") || strings.HasPrefix(to, b.edge.URL+"//") || strings.ContainsAny(to, "\\\t\r\n") {
		b.t.Errorf("%s: the login ends at %q", rawQuery, to)
	}
}

func TestRD_01_to_RD_08_NoReturnURLLeavesTheOrigin(t *testing.T) {
	b := open(t)
	for _, raw := range hostile() {
		raw = strings.ReplaceAll(raw, app, b.edge.URL)
		b.comesHome("rd=" + url.QueryEscape(raw))
	}
	for _, query := range []string{"rd=%2F%2Fevil.test", "rd=%252F%252Fevil.test", "rd=/%5cevil.test", "rd=%01https://evil.test", "rd=ht%09tps://evil.test",
		"rd=java%0dscript:alert(1)", "rd=/%09/javascript:alert(1)", "rd=//evil%E3%80%82test", "target_link_uri=//evil.test", "rd=/%zz"} {
		b.comesHome(query)
	}
}

func TestRD_10_DuplicateReturnURLsAreRefused(t *testing.T) {
	b := open(t)
	for _, query := range []string{"rd=/ok&rd=//evil.test", "rd=//evil.test&rd=/ok", "rd=/ok&rd=/ok", "rd=/ok&target_link_uri=/ok"} {
		if p := b.browser().get("/.edgeauth/login?" + query); p.StatusCode != http.StatusBadRequest || p.set("edgeauth-login") {
			t.Errorf("%s: answered %d", query, p.StatusCode)
		}
	}
}

func TestRD_11_ALongReturnURLIsRefusedNotCut(t *testing.T) {
	b := open(t)
	c := b.browser()
	if p := c.get("/.edgeauth/login?rd=" + strings.Repeat("/a", 8<<10) + `/../../\evil.test`); p.StatusCode != http.StatusBadRequest {
		t.Errorf("answered %d", p.StatusCode)
	}
	if p := c.get("/.edgeauth/login?rd=/" + strings.Repeat("a", maxReturnURL)); p.StatusCode != http.StatusBadRequest {
		t.Errorf("one byte too many is answered %d", p.StatusCode)
	}
	c.login("/" + strings.Repeat("a", maxReturnURL-1))
}

func TestRD_13_OddPathsAreNotRedirected(t *testing.T) {
	b := open(t)
	c := b.browser()
	for _, path := range []string{"/.edgeauth//login", "/.edgeauth/./login", "/.edgeauth/%6cogin", "/.edgeauth/login/", "/.edgeauth/", "/.edgeauth/logout/..",
		"/.edgeauth/healthz", "/.edgeauth/%2e%2e//evil.test"} {
		if p := c.get(path); p.StatusCode != http.StatusNotFound || p.Header.Get("Location") != "" {
			t.Errorf("%s: answered %d to %q", path, p.StatusCode, p.Header.Get("Location"))
		}
	}
}

func TestRD_14_LogoutGoesNowhereElse(t *testing.T) {
	b := open(t)
	c := b.browser()
	c.login("/x")
	for _, query := range []string{`?rd=/\evil.test`, "?post_logout_redirect_uri=https://evil.test", "?rd=https://evil.test"} {
		if p := c.get("/.edgeauth/logout" + query); p.StatusCode != http.StatusOK || strings.Contains(p.body, "evil") || c.cookie("edgeauth") == "" {
			t.Errorf("%s: answered %d:\n%s", query, p.StatusCode, p.body)
		}
	}
	p := c.post(`/.edgeauth/logout?rd=/\evil.test&post_logout_redirect_uri=https://evil.test`, url.Values{"rd": {"https://evil.test"}}, "Sec-Fetch-Site", "same-origin")
	to, err := url.Parse(p.to())
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(p.to(), b.idp.Issuer()+"/end_session?") || strings.Contains(p.to(), "evil") ||
		to.Query().Get("post_logout_redirect_uri") != b.edge.URL+"/.edgeauth/logged-out" {
		t.Errorf("the browser is sent to %s", p.to())
	}
}

func TestRD_16_ForwardedHeadersChangeNoAddress(t *testing.T) {
	b := open(t)
	for _, h := range [][2]string{{"X-Forwarded-Host", "evil.test"}, {"X-Forwarded-Prefix", "//evil.test"}, {"X-Forwarded-Proto", "javascript"},
		{"Forwarded", "host=evil.test;proto=http"}, {"X-Original-Url", "//evil.test"}} {
		p := b.browser().get("/.edgeauth/login?rd=/x", h[0], h[1])
		u, err := url.Parse(p.to())
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(p.to(), b.idp.Issuer()) || u.Query().Get("redirect_uri") != b.edge.URL+"/.edgeauth/callback" {
			t.Errorf("%s: %s", h[0], p.to())
		}
	}
}
