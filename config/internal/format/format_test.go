package format_test

import (
	"strings"
	"testing"

	"github.com/edgeauth/edgeauth/config/internal/format"
)

type row struct {
	format, text, want string // want empty: refused
}

func TestTextsAreAcceptedInOneFormOrRefused(t *testing.T) {
	for _, r := range []row{
		{"origin", "https://App.Example.com:443/", "https://app.example.com"},
		{"origin", "http://[::1]:8080", "http://[::1]:8080"},
		{"origin", "https://app.example.com?x", ""},
		{"origin", "https://app.example.com/#", ""},
		{"origin", "https://app.example.com:", ""},
		{"origin", "https://app.example.com:0", ""},
		{"origin", "https://app.example.com:99999", ""},
		{"origin", "https://*.example.com", ""},
		{"origin", "https://10.0.0.256", ""},
		{"origin", "https://0x7f.1", ""},
		{"origin", "https://127.0.0.1.", ""},
		{"origin", "https://bücher.example", ""},
		{"origin", "https://user@app.example.com", ""},
		{"origin", "null", ""},
		{"issuer", "https://ID.example.com/realms/a/", "https://ID.example.com/realms/a/"},
		{"issuer", "http://localhost:8080/realms/a", "http://localhost:8080/realms/a"},
		{"issuer", "http://id.example.com", ""},
		{"issuer", "https://id.example.com?tenant=1", ""},
		{"host", "App.Example.com:8443", "app.example.com:8443"},
		{"host", "https://app.example.com", ""},
		{"host", "user@app.example.com", ""},
		{"listen", ":443", ":443"},
		{"listen", "[::1]:0", "[::1]:0"},
		{"listen", "443", ""},
		{"listen", ":https", ""},
		{"hostport", "redis:6379", "redis:6379"},
		{"hostport", "redis", ""},
		{"hostport", ":6379", ""},
		{"header", "X-Auth-User", "X-Auth-User"},
		{"header", "Remote-User", "Remote-User"},
		{"header", "X_Auth_User", ""},
		{"header", "x-forwarded-for", ""},
		{"header", "Content-Length", ""},
		{"header", "transfer-encoding", ""},
		{"header", "CDN-Loop", ""}, // it counts the edges on the way (proxy)
		{"header", "HOST", ""},
		{"header", "Cookie", ""},
		{"header", "Authorization", ""},
		{"header", "X Auth", ""},
		{"header", "X-Auth\r\nY", ""},
		{"routepath", "/", "/"},
		{"routepath", "/api/*/status", "/api/*/status"},
		{"routepath", "/.EdgeAuth/x", ""},
		{"routepath", "/.edgeauth", ""},
		{"routepath", "/.edgeauthor", "/.edgeauthor"},
		{"routepath", "/a;b", ""},
		{"routepath", "/a\\b", ""},
		{"routepath", "/./a", ""},
		{"routepath", "/a/..", ""},
		{"prefix", "/a/*", ""},
		{"emailpattern", "*@example.org", "*@example.org"},
		{"emailpattern", "alice@example.org", "alice@example.org"},
		{"emailpattern", "*", ""},
		{"emailpattern", "a*@example.org", ""},
		{"emailpattern", "*@*.example.org", ""},
		{"emailpattern", "a@b@example.org", ""},
		{"email", "*@example.org", ""},
		{"method", "GET", "GET"},
		{"method", "get", ""},
		{"method", "CONNECT", ""},
		{"scope", "openid profile", ""},
		{"name", "corp-1", "corp-1"},
		{"name", "a.b", ""},
		{"edge", "web-1.example.com", "web-1.example.com"},
		{"edge", "web/1", ""},
		{"edge", "web 1", ""},
		{"edge", ".web", ""},
	} {
		got, fault := format.All()[r.format](r.text)
		if got != r.want || (fault == nil) != (r.want != "") {
			t.Errorf("%s %q: got %q and %v, want %q", r.format, r.text, got, fault, r.want)
		}
		if fault != nil && len(r.text) > 8 && strings.Contains(fault.Message, r.text) {
			t.Errorf("%s %q: the message repeats the text", r.format, r.text)
		}
	}
}

func TestAcceptedTextsAreStable(t *testing.T) {
	for name, f := range format.All() {
		for _, text := range []string{"https://A.example:443/", "a.example:80", "/x", "X-Y", "GET", "*@a.example", ":80"} {
			once, fault := f(text)
			if fault != nil {
				continue
			}
			if twice, fault := f(once); fault != nil || twice != once {
				t.Errorf("%s: %q became %q, then %q", name, text, once, twice)
			}
		}
	}
}
