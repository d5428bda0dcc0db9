package target_test

import (
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/edgeauth/edgeauth/internal/demo/classicasp"
	"github.com/edgeauth/edgeauth/proxy/internal/target"
)

const host = "app.corp.test"

func TestA_target_that_is_too_long_is_refused(t *testing.T) {
	if _, err := target.Parse("/"+strings.Repeat("a", 16<<10), host); err == nil {
		t.Error("accepted")
	}
}

func TestHosts_are_compared_as_names(t *testing.T) {
	for _, same := range []string{"app.corp.test", "APP.corp.test", "app.corp.test.", "app.corp.test:443", "app.corp.test:80"} {
		if !target.SameHost(same, host) {
			t.Errorf("%s is another host", same)
		}
	}
	for _, other := range []string{"", "app.corp.test:444", "app.corp.test.evil.test", "evil@app.corp.test", "app.corp.test:443@evil.test"} {
		if target.SameHost(other, host) {
			t.Errorf("%s is the same host", other)
		}
	}
}

func seeds(f *testing.F) {
	for _, s := range []string{
		"/", "/a/b?c=d", "/%61dmin", "/a%2Bb+c", "/\xc3\xa4", "/a//b", "/..", "/.../x", "/a/%2e%2e/b", "/a;b", "/a%", "/a#b", "*", "http://app.corp.test/x?y", "https://app.corp.test?y",
		"/(S(x))/y", "/admin./x", "/a%20/b", "/x%3Fy", "/[a]|^", "/a?b=%zz", "/%E2%84%AA", "/a/b/", "/%7e~", "//evil.test/", "/ADMIN~1", "/x::$DATA", `/a\b`, "/a?b;c",
	} {
		f.Add(s)
	}
}

func FuzzCanonicalPath(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, raw string) {
		a, err := target.Parse(raw, host)
		if err != nil {
			return
		}
		again, err := target.Parse(a.String(), host)
		if err != nil || again != a {
			t.Fatalf("%q is %+v, and that again %+v, %v", raw, a, again, err)
		}
		if decoded, err := url.PathUnescape(a.Path); err != nil || decoded != a.Decoded || !utf8.ValidString(decoded) {
			t.Errorf("%q: the path %q decodes to %q, not %q", raw, a.Path, decoded, a.Decoded)
		}
		for _, form := range []string{a.Path, a.Decoded} {
			if !strings.HasPrefix(form, "/") || strings.Contains(form, "//") || strings.ContainsAny(form, ";\\\x00") {
				t.Errorf("%q gives %q", raw, form)
			}
			for segment := range strings.SplitSeq(form, "/") {
				if segment == "." || segment == ".." {
					t.Errorf("%q keeps a dot segment: %q", raw, form)
				}
			}
		}
		forwarded := url.URL{Path: a.Decoded, RawPath: a.Path, RawQuery: a.Query}
		if got := forwarded.RequestURI(); got != a.String() {
			t.Errorf("%q is decided as %q and forwarded as %q", raw, a.String(), got)
		}
	})
}

// FuzzIIS compares what routes to IIS are matched against with what a model of IIS makes of the forwarded path.
func FuzzIIS(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, raw string) {
		a, err := target.Parse(raw, host)
		if err != nil || target.CheckIIS(a.Decoded) != nil {
			return
		}
		got, want := target.Fold(strings.TrimSuffix(a.Decoded, "/")), target.Fold(strings.TrimSuffix(classicasp.IISPath(a.Path), "/"))
		if got != want {
			t.Errorf("%q is decided as %q, and IIS takes it for %q", raw, got, want)
		}
	})
}
