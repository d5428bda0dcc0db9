package returnurl_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/edgeauth/edgeauth/login/internal/returnurl"
)

const app = "https://app.corp.test"

// originOf resolves a reference against app by the WHATWG URL standard (basic URL parser, special schemes) as far as
// the origin goes, and returns "opaque" for what has none. It is written from the standard, not from ReturnURL.
func originOf(ref string) string {
	ref = strings.TrimFunc(ref, func(c rune) bool { return c <= ' ' })
	ref = strings.NewReplacer("\t", "", "\n", "", "\r", "").Replace(ref)
	if scheme, rest, ok := schemeOf(ref); ok {
		switch scheme {
		case "http", "https", "ws", "wss", "ftp":
			if scheme == "https" && !strings.HasPrefix(rest, "//") {
				return originOf(relative(rest)) // special relative or authority state
			}
			return scheme + "://" + authority(rest)
		}
		return "opaque"
	}
	if len(ref) >= 2 && slash(ref[0]) && slash(ref[1]) {
		return "https://" + authority(ref)
	}
	return app
}

// relative keeps a rest from being read as having a scheme once more.
func relative(rest string) string {
	if rest == "" || slash(rest[0]) {
		return rest
	}
	return "./" + rest
}

func slash(c byte) bool { return c == '/' || c == '\\' }

func schemeOf(ref string) (scheme, rest string, ok bool) {
	scheme, rest, ok = strings.Cut(ref, ":")
	if !ok || scheme == "" || !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", rune(scheme[0])) {
		return "", ref, false
	}
	if strings.Trim(scheme, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.") != "" {
		return "", ref, false
	}
	return strings.ToLower(scheme), rest, true
}

// authority reads past any number of slashes, as the special authority ignore slashes state does.
func authority(s string) string {
	s = strings.TrimLeft(s, `/\`)
	if i := strings.IndexAny(s, `/\?#`); i >= 0 {
		s = s[:i]
	}
	s = s[strings.LastIndexByte(s, '@')+1:]
	return strings.TrimSuffix(strings.ToLower(s), ":443")
}

func TestTheResolverOfTheTestsKnowsBrowsers(t *testing.T) {
	for ref, want := range map[string]string{
		"/a": app, "a/b": app, "?x": app, "#": app, "": app, "https:evil.test": app, "https:/evil.test": app,
		"//evil.test/": "https://evil.test", `/\evil.test`: "https://evil.test", "/\t/evil.test": "https://evil.test",
		`\\evil.test`: "https://evil.test", "https:///evil.test": "https://evil.test", `http:\\evil.test`: "http://evil.test",
		"javascript:alert(1)": "opaque", " https://evil.test": "https://evil.test", "https://APP.corp.test:443/x": app,
		"https://app.corp.test@evil.test/": "https://evil.test", `https://evil.test\@app.corp.test/`: "https://evil.test",
		"/%2F%2Fevil.test": app, "/.//evil.test": app,
	} {
		if got := originOf(ref); got != want {
			t.Errorf("%q resolves to %q, want %q", ref, got, want)
		}
	}
}

func TestReturnURLsThatAreAccepted(t *testing.T) {
	for raw, want := range map[string]string{
		"": "/", "/": "/", "/a/b?c=d&e=//f#g": "/a/b?c=d&e=//f#g", app: "/", app + "/x": "/x", app + "?q": "/?q",
		app + "#f": "/#f", "/caf\u00e9": "/caf%C3%A9", "/a b": "/a%20b", `/?q=\"<>`: "/?q=%5C%22%3C%3E", "/a%2Fb": "/a%2Fb",
		"/?u=https://evil.test/": "/?u=https://evil.test/", "/100%25": "/100%25", "/?p=100%": "/?p=100%", "/.edgeauthx": "/.edgeauthx",
	} {
		if got, err := returnurl.Parse(raw, app); err != nil || got != want {
			t.Errorf("%q gives %q, %v; want %q", raw, got, err, want)
		}
	}
}

func TestReturnURLsThatAreRefused(t *testing.T) {
	for _, raw := range append(hostile(), "x", "?x", "#x", "/.edgeauth/login", "/.EdgeAuth/logout", "/%2eedgeauth/x", "/.edgeauth",
		"/a/../b", "/a/%2e%2E/b", "/./a", "/%zz", "/%0d%0aSet-Cookie:x", "/a\x7f", "/"+strings.Repeat("a", returnurl.Max)) {
		if got, err := returnurl.Parse(raw, app); err == nil {
			t.Errorf("%q gives %q", raw, got)
		}
	}
}

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

// corpus is separators, control characters, encodings and host tricks in every combination.
func corpus() (all []string) {
	for _, lead := range []string{"", "/", "//", `\`, `/\`, `\/`, "/./", "/../", "/%2f", "/%5c", "https:", "https:/", app, app + "@", app + ":", app + "%40"} {
		for _, in := range []string{"", "\t", "\n", "\r", "\x00", "\x01", " ", "\u00a0", "\u3002", "%09", "%00", "%2e", ";", ":", "@", "?", "#"} {
			for _, host := range []string{"evil.test", "/evil.test", `\evil.test`, "//evil.test/..", "javascript:alert(1)"} {
				all = append(all, lead+in+host)
			}
		}
	}
	return all
}

func TestOfAllCombinationsOnlyOwnPagesAreAccepted(t *testing.T) {
	for _, raw := range corpus() {
		staysHome(t, raw)
	}
}

func FuzzReturnURL(f *testing.F) {
	for _, raw := range hostile() {
		f.Add(raw)
	}
	f.Fuzz(staysHome)
}

// staysHome is the property: what is accepted is of this origin for browsers and for net/url, and stays as it is.
func staysHome(t *testing.T, raw string) {
	out, err := returnurl.Parse(raw, app)
	if err != nil {
		return
	}
	if got := originOf(out); got != app {
		t.Errorf("%q gives %q, which resolves to %s", raw, out, got)
	}
	if got := originOf(app + out); got != app {
		t.Errorf("%q gives %q, which resolves to %s behind the origin", raw, out, got)
	}
	u, err := url.Parse(out)
	if err != nil && !strings.Contains(out, "#") { // net/url is strict about fragments, which never reach a server
		t.Errorf("%q gives %q, which net/url refuses: %v", raw, out, err)
	}
	if err == nil && (u.Host != "" || u.Scheme != "" || strings.HasPrefix(u.Path, "//") || strings.ContainsRune(u.Path, '\\')) {
		t.Errorf("%q gives %q, which net/url reads as %#v", raw, out, u)
	}
	if again, err := returnurl.Parse(out, app); err != nil || again != out {
		t.Errorf("%q gives %q, and that gives %q, %v", raw, out, again, err)
	}
}
