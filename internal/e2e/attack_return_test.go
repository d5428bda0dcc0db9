package e2e_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/edgeauth/edgeauth/internal/edgetest"
)

// staysHome logs in with each query behind /.edgeauth/login and demands that the login ends within the edge's origin, as
// the WHATWG rules read a Location, or is refused before it begins.
func staysHome(t *testing.T, queries ...string) {
	t.Helper()
	s := besiege(t, "", "")
	for _, query := range queries {
		query = strings.ReplaceAll(query, "https://app.corp.test", s.URL)
		c := edgetest.NewClient(t)
		p := c.Ask(s.URL + "/.edgeauth/login?" + query)
		for range 5 {
			if p.Status != http.StatusSeeOther || strings.HasPrefix(p.URL.Path, "/.edgeauth/callback") {
				break
			}
			p = c.Ask(p.Header.Get("Location"))
		}
		to := p.Header.Get("Location")
		switch {
		case p.Status == http.StatusBadRequest && to == "":
		case p.Status == http.StatusSeeOther && strings.HasPrefix(to, s.URL+"/") && !strings.ContainsAny(to, "\\\t\r\n") && !strings.HasPrefix(to, s.URL+"//"):
		default:
			t.Errorf("%s: %d to %q", query, p.Status, to)
		}
		if text := strings.ToLower(p.Body); strings.Contains(text, "evil") || strings.Contains(text, "script:") || strings.Contains(text, "data:text") {
			t.Errorf("%s: the page repeats what came:\n%s", query, p.Body)
		}
	}
	s.alive()
}

// rd is each value as a browser would escape it.
func rd(values ...string) (queries []string) {
	for _, v := range values {
		queries = append(queries, "rd="+url.QueryEscape(v))
	}
	return queries
}

func Test_RD01_network_paths_are_no_return_URLs(t *testing.T) {
	t.Parallel()
	staysHome(t, append(rd("//evil.test/", "///evil.test", "/////evil.test/%2e%2e", "//evil.test//", "//app.corp.test@evil.test"),
		"rd=//evil.test/", "rd=%2F%2Fevil.test", "rd=%252F%252Fevil.test", "rd=/%2Fevil.test")...)
}

func Test_RD02_backslashes_lead_nowhere_else(t *testing.T) {
	t.Parallel()
	staysHome(t, append(rd(`/\evil.test`, `/%5cevil.test`, `\\evil.test`, `/./\evil.test`, `/./../../\evil.test`, `/\/evil.test`, `\/evil.test`, "/\uff3cevil.test", "\uff0f\uff0fevil.test"),
		`rd=/\evil.test`, "rd=/%5cevil.test", "rd=%5c%5cevil.test", `rd=/./../../\evil.test`, "rd=/%255cevil.test")...)
}

func Test_RD04_schemes_without_slashes_or_behind_controls_are_no_return_URLs(t *testing.T) {
	t.Parallel()
	staysHome(t, append(rd("https:evil.test", "https:/evil.test", "https:///evil.test", `http:\\evil.test`, " https://evil.test", "\x01https://evil.test", "ht\ttps://evil.test",
		"\n//evil.test", "/\t/evil.test", "/\n/evil.test", "\u00a0https://evil.test", "\ufeff//evil.test", "//\t/evil.test"),
		"rd=https:evil.test", "rd=%01https://evil.test", "rd=ht%09tps://evil.test", "rd=+https://evil.test", "rd=/%0a/evil.test", "rd=/%09/evil.test")...)
}

func Test_RD05_a_user_before_another_host_does_not_make_it_ours(t *testing.T) {
	t.Parallel()
	staysHome(t, rd("https://app.corp.test@evil.test/", `https://evil.test\@app.corp.test/`, "https://app.corp.test%40evil.test", "https://app.corp.test:443@evil.test",
		"https://app.corp.test.evil.test/", "https://app.corp.test:x@evil.test", "https://app.corp.test#@evil.test", "https://app.corp.test?@evil.test", `https://app.corp.test\.evil.test`)...)
}

func Test_RD07_no_scheme_that_runs_or_carries_text_is_followed_or_shown(t *testing.T) {
	t.Parallel()
	staysHome(t, append(rd("javascript:alert(1)", "java\rscript:alert(1)", "data:text/html,x", "vbscript:x", "/\t/javascript:alert(1)", "JaVaScRiPt:alert(1)", "\x00javascript:alert(1)", "blob:x", "file:///etc/passwd"),
		"rd=java%0dscript:alert(1)", "rd=/%09/javascript:alert(1)", "rd=javascript%3aalert(1)", "target_link_uri=javascript:alert(1)")...)
}

func Test_RD08_hosts_that_only_some_parsers_read_as_others_are_no_return_URLs(t *testing.T) {
	t.Parallel()
	staysHome(t, append(rd("//evil\u3002test", "https://app.corp.test\u3002evil.test", "\u3031evil.test", "https://0x7f.1/", "https://2130706433/", "https://[::ffff:127.0.0.1]/"),
		"rd=//evil%E3%80%82test")...)
}

func Test_RD10_two_return_URLs_are_refused_in_either_order(t *testing.T) {
	t.Parallel()
	s := besiege(t, "", "")
	for _, query := range []string{"rd=/ok&rd=//evil.test", "rd=//evil.test&rd=/ok", "rd=/ok&rd=/ok", "rd=/ok&%72d=//evil.test", "rd=/ok&target_link_uri=//evil.test"} {
		if r := s.get("/.edgeauth/login?" + query); r.StatusCode != http.StatusBadRequest || len(r.Cookies()) != 0 {
			t.Errorf("%s: %d with %v", query, r.StatusCode, r.Cookies())
		}
	}
	if r := s.get("/.edgeauth/login?rd=/ok&RD=//evil.test"); strings.Contains(r.Header.Get("Location"), "evil") {
		t.Errorf("another case: %d to %s", r.StatusCode, r.Header.Get("Location"))
	}
}

func Test_RD11_a_return_URL_that_is_too_long_is_refused_and_never_cut(t *testing.T) {
	t.Parallel()
	s := besiege(t, "", "")
	if r := s.get("/.edgeauth/login?rd=" + strings.Repeat("/a", 8<<10) + `/../../\evil.test`); r.StatusCode != http.StatusBadRequest || len(r.Cookies()) != 0 {
		t.Errorf("a literal one: %d with %v", r.StatusCode, r.Cookies())
	}
	long := "/" + strings.Repeat("a", 1150) + "?next=" + strings.Repeat("b", 600) + "#//evil.test"
	r := s.get(strings.TrimSuffix(long, "#//evil.test"))
	if to, err := url.Parse(r.Header.Get("Location")); err != nil || to.Query().Get("cut") != "1" || strings.Contains(to.Query().Get("rd"), "?") {
		t.Errorf("a page whose address is too long is sent to %s; a part of its query would be another question", r.Header.Get("Location"))
	}
}

func Test_RD13_no_path_is_cleaned_by_a_redirect(t *testing.T) {
	t.Parallel()
	s := besiege(t, "", "")
	alice, seen := s.login(), 0
	s.fresh(&seen)
	for _, target := range []string{"//evil.test/%2e%2e", `/\evil.test/`, "//evil.test/foo/..", "//evil.test", "/%5cevil.test/", "/public//evil.test/..", "/.edgeauth//evil.test/..", "/.edgeauth/login/..//evil.test",
		"/.edgeauth/../../evil.test", "/..//evil.test", "/public/..", "//", "/.//evil.test", "http://" + s.Listen + "//evil.test/..", "http://" + s.Listen + "/\\evil.test"} {
		for who, line := range map[string]string{"nobody": "", "alice": alice} {
			r := s.get(target, line)
			if r.StatusCode != http.StatusBadRequest && r.StatusCode != http.StatusNotFound || r.Header.Get("Location") != "" {
				t.Errorf("%s as %s: %d to %q", target, who, r.StatusCode, r.Header.Get("Location"))
			}
		}
	}
	if hits := s.fresh(&seen); len(hits) != 0 {
		t.Errorf("%d requests reached the application, the first: %s", len(hits), hits[0].Head)
	}
}
