package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/edgeauth/edgeauth/internal/edgetest"
	"github.com/edgeauth/edgeauth/internal/idp"
)

// loginAs tries a login with an edited ID token and returns what the application was told, if it succeeded.
func (s *siege) loginAs(edit func(claims map[string]any)) (p edgetest.Page, told map[string]string) {
	s.t.Helper()
	s.idp.Lie(idp.Lies{IDToken: func(_, claims map[string]any) { edit(claims) }})
	defer s.idp.Lie(idp.Lies{})
	before := len(s.app.Hits())
	p = edgetest.NewClient(s.t).Open(s.URL + "/home")
	if hits := s.app.Hits()[before:]; len(hits) > 0 {
		told = hits[0].Variables
	}
	return p, told
}

func Test_HD14_claims_of_another_type_refuse_the_login_or_are_dropped_and_never_written_as_Go_would(t *testing.T) {
	t.Parallel()
	s := besiege(t, "", "")
	for _, c := range []struct {
		claim   string
		value   any
		refused bool
		header  string // that must not tell anything, if the login succeeds
	}{
		{"sub", 123, true, ""}, {"sub", nil, true, ""}, {"sub", []string{"a"}, true, ""}, {"sub", map[string]any{"a": 1}, true, ""}, {"sub", true, true, ""},
		{"email", map[string]any{"x": 1}, false, "HTTP_X_AUTH_EMAIL"}, {"email", []string{"root@corp.test"}, false, "HTTP_X_AUTH_EMAIL"}, {"email", 5, false, "HTTP_X_AUTH_EMAIL"},
		{"groups", map[string]any{"admin": map[string]any{}}, false, "HTTP_X_AUTH_GROUPS"}, {"groups", true, false, "HTTP_X_AUTH_GROUPS"},
		{"groups", "admin", false, "HTTP_X_AUTH_GROUPS"}, {"groups", "admin,staff", false, "HTTP_X_AUTH_GROUPS"}, {"groups", "[admin]", false, "HTTP_X_AUTH_GROUPS"},
		{"groups", []any{"admin", 5}, false, "HTTP_X_AUTH_GROUPS"}, {"groups", []any{[]string{"admin"}}, false, "HTTP_X_AUTH_GROUPS"}, {"groups", json.RawMessage(`{"0":"admin"}`), false, "HTTP_X_AUTH_GROUPS"},
		{"name", map[string]any{"x": 1}, false, "HTTP_X_AUTH_NAME"}, {"name", []string{"x"}, false, "HTTP_X_AUTH_NAME"}, {"preferred_username", []string{"root"}, false, "HTTP_X_AUTH_USER"},
		{"preferred_username", map[string]any{"x": 1}, false, "HTTP_X_AUTH_USER"}, {"email_verified", []bool{true}, false, "HTTP_X_AUTH_EMAIL"},
	} {
		p, told := s.loginAs(func(claims map[string]any) { claims[c.claim] = c.value })
		what := fmt.Sprintf("%s: %v", c.claim, c.value)
		if told == nil && (p.Status < 400 || p.Status > 499) {
			t.Errorf("%s: answered %d", what, p.Status)
		}
		if told != nil && c.refused {
			t.Errorf("%s: somebody is logged in as %v", what, told)
		}
		for name, value := range told {
			if strings.HasPrefix(name, "HTTP_X_AUTH_") && (strings.ContainsAny(value, "[]{}") || strings.Contains(value, "map[") || strings.Contains(value, "<nil>")) {
				t.Errorf("%s: %s is %q", what, name, value)
			}
		}
		if told[c.header] != "" {
			t.Errorf("%s: %s is %q, want nothing", what, c.header, told[c.header])
		}
	}
	s.alive()
}

func Test_HD11_line_ends_in_claims_of_the_provider_stay_within_their_header(t *testing.T) {
	t.Parallel()
	s := besiege(t, "", "")
	for _, name := range []string{"x\r\nX-Auth-Groups: admin", "x\rX-Auth-Groups: admin", "x\nX-Auth-Groups: admin", "x\x00X-Auth-Groups: admin", "x\u2028X-Auth-Groups: admin", "x\u0085X-Auth-Groups: admin"} {
		before := len(s.app.Hits())
		p, told := s.loginAs(func(claims map[string]any) { claims["name"] = name })
		if told == nil {
			if p.Status < 400 || p.Status > 499 {
				t.Errorf("%q: answered %d", name, p.Status)
			}
			continue
		}
		head := s.app.Hits()[before].Head
		if told["HTTP_X_AUTH_GROUPS"] != "" || strings.Contains(head, "\nX-Auth-Groups") || strings.Contains(head, "\rX-Auth-Groups") || strings.ContainsFunc(head, func(c rune) bool { return c > '~' }) {
			t.Errorf("%q: the application read %q", name, head)
		}
	}
}

func Test_HD13_names_and_groups_over_the_cap_refuse_and_are_never_cut(t *testing.T) {
	t.Parallel()
	s := besiege(t, "", "")
	for what, edit := range map[string]func(map[string]any){
		"a name of 9 KiB": func(c map[string]any) { c["name"] = strings.Repeat("n", 9<<10) },
		"2,000 groups that no route names": func(c map[string]any) {
			groups := []string{"admin"}
			for i := range 2000 {
				groups = append(groups, fmt.Sprintf("group-%d", i))
			}
			c["groups"] = groups
		},
	} {
		p, told := s.loginAs(edit)
		if told == nil && (p.Status != http.StatusForbidden && p.Status != http.StatusBadRequest) {
			t.Errorf("%s: answered %d:\n%s", what, p.Status, p.Body)
		}
		if told != nil && (strings.Contains(told["HTTP_X_AUTH_NAME"], "nnn") || told["HTTP_X_AUTH_GROUPS"] != "admin") {
			t.Errorf("%s: the application was told %v", what, told)
		}
	}
	if _, told := s.loginAs(func(c map[string]any) { c["name"] = "名前 Ünal 😀" }); told["HTTP_X_AUTH_NAME"] != "%E5%90%8D%E5%89%8D %C3%9Cnal %F0%9F%98%80" {
		t.Errorf("a name beyond ASCII arrived as %q", told["HTTP_X_AUTH_NAME"])
	}
}

func Test_HD16_the_edges_own_cookies_do_not_reach_the_application(t *testing.T) {
	t.Parallel()
	s := besiege(t, "", "")
	value := strings.TrimSuffix(strings.TrimPrefix(s.login(), "Cookie: edgeauth="), "\r\n")
	for _, cookie := range []string{"a=1; edgeauth=%s; b=2; edgeauth-login=%[1]s; edgeauth-device=%[1]s", "a=1;edgeauth=%s;;", ";;; edgeauth=%s", "=; edgeauth=%s", "edgeauth=%s; edgeauth", "edgeauth=%s; $Path=/; __Host-edgeauth=%[1]s"} {
		before := len(s.app.Hits())
		r := s.get("/home", "Cookie: "+fmt.Sprintf(cookie, value)+"\r\n")
		for _, h := range s.app.Hits()[before:] {
			if strings.Contains(h.Head, value) || strings.Contains(h.Variables["HTTP_COOKIE"], "edgeauth") || strings.Contains(cookie, "a=1") && !strings.Contains(h.Variables["HTTP_COOKIE"], "a=1") {
				t.Errorf("%s: the application read %s", cookie, h.Head)
			}
		}
		if r.StatusCode != http.StatusOK && r.StatusCode != http.StatusSeeOther {
			t.Errorf("%s: %d", cookie, r.StatusCode)
		}
	}
	for _, cookie := range []string{";;;", "=", "edgeauth", "edgeauth=", "\t", "edgeauth=\xff", "a"} {
		if r := s.get("/public/x", "Cookie: "+cookie+"\r\n"); r.StatusCode != http.StatusOK {
			t.Errorf("%q: %d", cookie, r.StatusCode)
		}
	}
	s.alive()
}
