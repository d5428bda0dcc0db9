package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"google.golang.org/grpc"
	grpccodes "google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/edgeauth/edgeauth/admin/client"
	"github.com/edgeauth/edgeauth/admin/edgeauthv1"
)

func TestLG01WhateverAnEdgeAnswersATerminalIsToldNothingByIt(t *testing.T) {
	const evil = "\x1b]0;owned\x07\u202e\u009b2J\r\nnext\tcell"
	s := &edgeauthv1.Session{Name: evil, Subject: &edgeauthv1.Subject{Sub: evil, Issuer: evil}, Provider: evil, Host: evil, Level: evil, UnprovenLevel: evil, Reasons: []string{evil}, Username: evil, DisplayName: evil,
		Email: evil, Program: &edgeauthv1.Program{Browser: evil, Os: evil}, Place: &edgeauthv1.Place{City: evil, Prefix: evil, Network: evil}, Acr: evil, Amr: []string{evil}}
	var list, one bytes.Buffer
	if err := listTable(&list, &edgeauthv1.ListSessionsResponse{Sessions: []*edgeauthv1.Session{s}}, false); err != nil {
		t.Fatal(err)
	}
	if err := showTable(&one, s); err != nil {
		t.Fatal(err)
	}
	for what, text := range map[string]string{"list": list.String(), "show": one.String(), "an error": client.Said(errors.New(evil)).Error()} {
		if strings.ContainsAny(text, "\x1b\x07\r\t\u202e\u009b") || strings.Contains(text, "\nnext") || !strings.Contains(text, "owned") {
			t.Errorf("%s: %q", what, text)
		}
	}
}

func TestTheTableShowsTheLevelOfALoginAndWhatIsLeftToProve(t *testing.T) {
	for _, c := range []struct{ level, unproven, want string }{
		{"normal", "", "normal"},
		{"high", "high", "high, not proven"},
		{"normal", "high", "normal; high, not proven"},
	} {
		if got := levelOf(&edgeauthv1.Session{Level: c.level, UnprovenLevel: c.unproven}); got != c.want {
			t.Errorf("level %q, unproven %q: %q, want %q", c.level, c.unproven, got, c.want)
		}
	}
}

// pages is an API that knows a number of sessions and gives as many at once as it is asked for.
type pages struct {
	edgeauthv1.SessionServiceClient
	sessions int
	asked    []int32
	refused  int // how many calls were too many
}

// every is how many calls in a row this API bears.
const every = 50

func (p *pages) ListSessions(_ context.Context, req *edgeauthv1.ListSessionsRequest, _ ...grpc.CallOption) (*edgeauthv1.ListSessionsResponse, error) {
	if len(p.asked)%every == every-1 && p.refused < len(p.asked)/every+1 {
		p.refused++
		return nil, status.Error(grpccodes.ResourceExhausted, "too many calls; try again in a second")
	}
	p.asked = append(p.asked, req.GetPageSize())
	var from int
	if req.GetPageToken() != "" {
		if _, err := fmt.Sscan(req.GetPageToken(), &from); err != nil {
			return nil, err
		}
	}
	to := min(p.sessions, from+cmp.Or(int(req.GetPageSize()), 100))
	resp := &edgeauthv1.ListSessionsResponse{}
	for i := from; i < to; i++ {
		resp.Sessions = append(resp.Sessions, &edgeauthv1.Session{Name: fmt.Sprint(i)})
	}
	if to < p.sessions {
		resp.NextPageToken = fmt.Sprint(to)
	}
	return resp, nil
}

func TestAListAsksForNoMoreThanItShowsAndForMuchAtOnce(t *testing.T) {
	for _, c := range []struct{ sessions, limit, shown, calls int }{
		{sessions: 0, limit: 1000, shown: 0, calls: 1},
		{sessions: 300, limit: 3, shown: 3, calls: 1},
		{sessions: 1200, limit: 1000, shown: 1000, calls: 2},
		{sessions: 100_000, limit: 0, shown: 100_000, calls: 200},
	} {
		p := &pages{sessions: c.sessions}
		var all *edgeauthv1.ListSessionsResponse
		var err error
		synctest.Test(t, func(t *testing.T) { all, err = listed(t.Context(), p, &edgeauthv1.ListSessionsRequest{}, c.limit) })
		if err != nil || len(all.GetSessions()) != c.shown || len(p.asked) != c.calls || p.refused != c.calls/every || (all.GetNextPageToken() == "") != (c.shown == c.sessions) {
			t.Errorf("of %d sessions with a limit of %d: %d in %d calls, %v; want %d in %d", c.sessions, c.limit, len(all.GetSessions()), len(p.asked), err, c.shown, c.calls)
		}
	}
}

func TestARevocationOfWhichALaterReleaseSaysSomethingElseIsNotCalledDelivered(t *testing.T) {
	for d, want := range map[edgeauthv1.Delivery]string{
		edgeauthv1.Delivery_DELIVERY_DELIVERED: everyEdgeRefuses,
		edgeauthv1.Delivery_DELIVERY_PENDING:   "other edges follow when it is back",
		edgeauthv1.Delivery_DELIVERY_IN_MEMORY: "unless that edge is restarted before",
		edgeauthv1.Delivery(9):                 `"9", this release does not know`,
		0:                                      `"unspecified", this release does not know`,
	} {
		if got := deliveryWords(d); !strings.Contains(got, want) || d != edgeauthv1.Delivery_DELIVERY_DELIVERED && strings.Contains(got, everyEdgeRefuses) {
			t.Errorf("%v: %q", d, got)
		}
	}
}
