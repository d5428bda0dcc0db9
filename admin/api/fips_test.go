package api_test

import (
	"testing"

	"github.com/edgeauth/edgeauth/admin/edgeauthv1"
	"github.com/edgeauth/edgeauth/audit"
)

// In the FIPS lane a forbidden algorithm panics; nothing on the way of a call may use one.
func TestACallOfEachKindUnderFIPS(t *testing.T) {
	w := newWorld(t, withSessions)
	c := w.grpc()
	if _, err := c.ListSessions(t.Context(), &edgeauthv1.ListSessionsRequest{}); err != nil {
		t.Error(err)
	}
	if _, err := c.RevokeSessions(t.Context(), everybody()); err != nil {
		t.Error(err)
	}
	s := w.follow(&edgeauthv1.ListEventsRequest{Names: []string{"logout"}})
	w.hub.Publish(&audit.Event{ID: "a", Name: audit.Logout})
	if got := next(t, s).GetEvent().GetId(); got != "a" {
		t.Errorf("event %q", got)
	}
	if status, _, body := w.say("GET", "/v1/sessions", ""); status != 200 {
		t.Errorf("%d %s", status, body)
	}
}
