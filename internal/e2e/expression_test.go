package e2e_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/edgeauth/edgeauth/internal/edgetest"
)

// No route lists a group: the session carries those that the expressions ask for, and a claim.
func Test_expressions_of_the_configuration_decide_and_sessions_carry_what_they_ask_for(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.routes = `  - {path: /admin/staff, upstream: page, allow: '"staff" in user.groups && user.email.endsWith("@example.com") || user.claims.preferred_username == ["alice"]'}
  - {path: /admin/root, upstream: page, allow: '"root" in user.groups'}
  - {path: /admin/query, upstream: page, allow: 'request.query.role == ["user"]'}
  - {path: /admin/change, upstream: page, acr: [impossible], when: 'request.method != "GET"'}
  - {path: /admin/absent, upstream: page, allow: 'user.claims.nothing == ["a"]'}
`
	e := w.start(t, "")
	c := edgetest.NewClient(t)
	for target, want := range map[string]int{
		"/admin/staff": http.StatusOK, "/admin/root": http.StatusForbidden, "/admin/query?role=user": http.StatusOK, "/admin/query?role=admin": http.StatusForbidden,
		"/admin/query?role=user&role=admin": http.StatusBadRequest, "/admin/change": http.StatusOK, "/admin/absent": http.StatusForbidden,
	} {
		if p := c.Open(e.URL + target); p.Status != want {
			t.Errorf("%s: got %d, want %d", target, p.Status, want)
		}
	}
	if p := c.Post(e.URL+"/admin/change", nil); p.Status != http.StatusUnauthorized {
		t.Errorf("POST /admin/change: got %d", p.Status)
	}
	reasons := map[string]bool{}
	for _, event := range e.Events("access_denied") {
		reasons[event["reason"].(string)] = true
		if detail := event["detail"].(string); event["reason"] == "claim_missing" && !strings.Contains(detail, "no such key: nothing") {
			t.Errorf("detail %q", detail)
		}
	}
	if !reasons["expression_false"] || !reasons["claim_missing"] {
		t.Errorf("audited: %v", reasons)
	}
}
