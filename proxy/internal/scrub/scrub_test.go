package scrub_test

import (
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/edgeauth/edgeauth/internal/demo/classicasp"
	"github.com/edgeauth/edgeauth/proxy/internal/scrub"
	"github.com/edgeauth/edgeauth/session"
)

func TestPrivate_only_ever_narrows_what_may_be_cached(t *testing.T) {
	for in, want := range map[string]string{
		"": "private", "no-store": "no-store", "private, max-age=60": "private, max-age=60", "no-cache": "no-cache, private", "public, max-age=60": "max-age=60, private",
		"max-age=60, s-maxage=600": "max-age=60, private", "Public": "private", `private="set-cookie", max-age=1`: `private="set-cookie", max-age=1, private`,
		"public, no-store": "no-store", `no-cache="a, public", S-MaxAge=3`: `no-cache="a, public", private`,
	} {
		h := http.Header{"Surrogate-Control": {"max-age=9"}, "Cdn-Cache-Control": {"public"}, "Cloudflare-Cdn-Cache-Control": {"public"}}
		if in != "" {
			h.Set("Cache-Control", in)
		}
		scrub.Private(h)
		if diff := cmp.Diff(http.Header{"Cache-Control": {want}}, h); diff != "" {
			t.Errorf("%q: %s", in, diff)
		}
	}
}

func FuzzScrub(f *testing.F) {
	for _, s := range []string{
		"X-Auth-User: root", "x_auth_user: root", "X.Forwarded.For: 1", "Cookie: a=1; __Host-edgeauth=x", "Authorization: NTLM x", "Authorization: Bearer x", "Trailer: X-Auth-User",
		"X-Edgeauth-Assertion: x\nAccept: */*", "Content_Length: 5\nContent-Length: 5", "Proxy: x\nExpect: y",
	} {
		f.Add(s)
	}
	rules := scrub.New([]string{"X-Auth-User", "Remote_Groups"})
	f.Fuzz(func(t *testing.T, text string) {
		h := http.Header{}
		for line := range strings.SplitSeq(text, "\n") {
			name, value, _ := strings.Cut(line, ": ")
			h.Add(name, value)
			h[name] = append(h[name], value) // also in the spelling as sent
		}
		rules.Request(h)
		for name := range h {
			folded := classicasp.Fold(name)
			if folded == "HTTP_X_AUTH_USER" || folded == "HTTP_REMOTE_GROUPS" || folded == "HTTP_PROXY" || strings.HasPrefix(folded, "HTTP_X_FORWARDED") || strings.HasPrefix(folded, "HTTP_X_EDGEAUTH_") {
				t.Errorf("%q survived", name)
			}
			if rules.Managed(name) {
				t.Errorf("%q survived though it is managed", name)
			}
		}
		once := maps.Clone(h)
		rules.Request(h)
		if diff := cmp.Diff(once, h); diff != "" {
			t.Errorf("a second time changed: %s", diff)
		}
	})
}

func FuzzStripOwn(f *testing.F) {
	for _, s := range []string{"a=1; __Host-edgeauth=x; b=2", "edgeauth", ";;;", "=edgeauth=x", "a=b,edgeauth=x", "%65dgeauth=x%zz", "$Version=1", "a[b]=1;edgeauth[0]=x", "\xa0edgeauth=x", "A=\"edgeauth\""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, line string) {
		h := http.Header{"Cookie": {line}}
		session.StripOwn(h)
		for _, kept := range h["Cookie"] {
			for piece := range strings.SplitSeq(kept, ";") {
				if strings.TrimSpace(piece) != "" && session.OwnSetCookie(piece) {
					t.Errorf("%q kept %q", line, piece)
				}
				name, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(piece)), "=")
				if name == "edgeauth" || name == "__host-edgeauth" {
					t.Errorf("%q kept the session", line)
				}
			}
		}
		once := h.Clone()
		session.StripOwn(h)
		if diff := cmp.Diff(once, h); diff != "" {
			t.Errorf("%q: a second time changed: %s", line, diff)
		}
	})
}
