package e2e_test

import (
	"net/http"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/edgeauth/edgeauth/admin/edgeauthv1"
)

func Test_the_API_is_honest_while_Redis_is_away(t *testing.T) {
	t.Parallel()
	g := newGovernedFleet(t)
	laptop := g.browser()
	wantPage(t, laptop.Open(g.edges[0].URL+"/"))
	name := g.sessionsOf(0, "demo-alice", 1)[0].GetName()
	g.wantState("before", laptop, 1, http.StatusOK)
	c := g.caller(0, g.ops())

	g.redis.Kill()
	if _, err := c.ListSessions(t.Context(), &edgeauthv1.ListSessionsRequest{}); status.Code(err) != codes.Unavailable {
		t.Errorf("an index that cannot be read is answered with %v", err)
	}
	got, err := c.RevokeSession(t.Context(), &edgeauthv1.RevokeSessionRequest{Session: name})
	if err != nil || got.GetDelivery() != edgeauthv1.Delivery_DELIVERY_PENDING {
		t.Errorf("a revocation: %v %v", got, err)
	}
	g.wantState("the edge that was asked refuses at once", laptop, 0, http.StatusSeeOther)

	g.redis.Restart()
	g.wantState("the other edge refuses when Redis is back", laptop, 1, http.StatusSeeOther)
	g.edges[0].Until("the index can be read again", func() bool {
		list, err := c.ListSessions(t.Context(), &edgeauthv1.ListSessionsRequest{IncludeEnded: true})
		return err == nil && len(list.GetSessions()) <= 1 // Redis forgot what it had not saved
	})
}
