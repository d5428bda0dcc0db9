package api_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/edgeauth/edgeauth/admin/api"
	"github.com/edgeauth/edgeauth/admin/edgeauthv1"
	"github.com/edgeauth/edgeauth/audit"
	"github.com/edgeauth/edgeauth/identity"
)

type stream = interface {
	Recv() (*edgeauthv1.ListEventsResponse, error)
}

// follow begins a stream and waits until nothing is missed any more.
func (w *world) follow(req *edgeauthv1.ListEventsRequest) stream {
	w.t.Helper()
	s, err := w.grpc().ListEvents(w.t.Context(), req)
	if err == nil {
		_, err = s.Header()
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

func next(t *testing.T, s stream) *edgeauthv1.ListEventsResponse {
	t.Helper()
	got, err := s.Recv()
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestEventsAreFollowedByNamePersonAndSession(t *testing.T) {
	w := newWorld(t)
	alice := identity.Subject{Issuer: issuer, Sub: "alice"}
	all := w.follow(&edgeauthv1.ListEventsRequest{Subject: &edgeauthv1.Person{Sub: "alice"}, Names: []string{"logout", "login_assessed"}})
	one := w.follow(&edgeauthv1.ListEventsRequest{Session: family(1).String()})
	w.hub.Publish(&audit.Event{Name: audit.Logout, Subject: identity.Subject{Issuer: issuer, Sub: "bob"}})
	w.hub.Publish(&audit.Event{Name: audit.LoginSucceeded, Subject: alice})
	w.hub.Publish(&audit.Event{ID: "a", At: aboutNow(), Name: audit.Assessed, Subject: alice, Detail: "\x1b[1mbold",
		Assessment: &audit.Assessment{Mode: "enforce", Score: 1.5, Terms: []audit.Term{{Code: "new_device", Points: 1.5}}, Thresholds: map[string]float64{"high": 3}}})
	w.hub.Publish(&audit.Event{ID: "b", Name: audit.Logout, Subject: alice, Session: family(1).String()})
	got := next(t, all).GetEvent()
	if got.GetId() != "a" || got.GetDetail() != `\x1b[1mbold` || got.GetAssessment().GetTerms()[0].GetCode() != "new_device" || !got.GetAt().AsTime().Equal(aboutNow()) {
		t.Errorf("the assessment: %v", got)
	}
	if got := next(t, all).GetEvent(); got.GetId() != "b" {
		t.Errorf("the logout: %v", got)
	}
	if got := next(t, one).GetEvent(); got.GetId() != "b" {
		t.Errorf("of the session: %v", got)
	}
}

// A client that does not read must neither hold up who publishes nor be left to believe that it has everything.
func TestASlowClientIsToldWhatItLost(t *testing.T) {
	w := newWorld(t)
	const published = 60_000
	s := w.follow(&edgeauthv1.ListEventsRequest{Names: []string{"logout"}})
	for i := range published {
		w.hub.Publish(&audit.Event{ID: fmt.Sprint(i), Name: audit.Logout, Detail: "some text, so that buffers on the way are soon full"})
	}
	events, lost, told := 0, uint64(0), 0
	for events+int(lost) < published {
		switch item := next(t, s).GetItem().(type) {
		case *edgeauthv1.ListEventsResponse_Lost:
			lost += item.Lost.GetEvents()
			told++
		case *edgeauthv1.ListEventsResponse_Event:
			if want := fmt.Sprint(events + int(lost)); item.Event.GetId() != want {
				t.Fatalf("event %s, want %s: the count of what was lost is wrong", item.Event.GetId(), want)
			}
			events++
		}
	}
	if lost == 0 || told == 0 {
		t.Errorf("%d events came, and %d were lost in %d gaps", events, lost, told)
	}
}

func TestAStreamEndsWithTheAPI(t *testing.T) {
	w := newWorld(t)
	s := w.follow(&edgeauthv1.ListEventsRequest{})
	w.api.End()
	if _, err := s.Recv(); status.Code(err) != codes.Unavailable {
		t.Errorf("%v", err)
	}
}

func TestAStreamEndsWithWhatProvedTheCaller(t *testing.T) {
	w := newWorld(t)
	w.as(func(c *api.Caller) { c.Until = aboutNow().Add(50 * time.Millisecond) })
	s := w.follow(&edgeauthv1.ListEventsRequest{})
	if _, err := s.Recv(); status.Code(err) != codes.Unauthenticated {
		t.Errorf("%v", err)
	}
}

func TestStreamsOfOneCallerAreBounded(t *testing.T) {
	w := newWorld(t)
	for range 4 {
		w.follow(&edgeauthv1.ListEventsRequest{})
	}
	s, err := w.grpc().ListEvents(t.Context(), &edgeauthv1.ListEventsRequest{})
	if err == nil {
		_, err = s.Recv()
	}
	if status.Code(err) != codes.ResourceExhausted {
		t.Errorf("the fifth stream: %v", err)
	}
}

func TestCallsOfOneCallerAreBounded(t *testing.T) {
	w := newWorld(t)
	c := w.grpc()
	codesOf := map[codes.Code]int{}
	for range 120 {
		_, err := c.ListSessions(t.Context(), &edgeauthv1.ListSessionsRequest{})
		codesOf[status.Code(err)]++
	}
	if codesOf[codes.OK] != 100 || codesOf[codes.ResourceExhausted] != 20 { // the world's clock stands still
		t.Errorf("%v", codesOf)
	}
	w.as(func(c *api.Caller) { c.Name = "cert:cn:another" })
	if _, err := c.ListSessions(t.Context(), &edgeauthv1.ListSessionsRequest{}); err != nil {
		t.Errorf("another caller: %v", err)
	}
	if n := len(w.audits.named(audit.APICalled)); n != 101 {
		t.Errorf("%d calls are recorded", n)
	}
}

func TestStrangersCannotFillTheAuditLog(t *testing.T) {
	w := newWorld(t)
	w.as(func(c *api.Caller) { c.Role = api.NoRole })
	for range 150 {
		_, _ = w.grpc().ListSessions(t.Context(), &edgeauthv1.ListSessionsRequest{})
	}
	if n := len(w.audits.named(audit.APIRefused)); n != 100 {
		t.Errorf("%d refusals are recorded", n)
	}
}

func TestEventsOverREST(t *testing.T) {
	w := newWorld(t)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.server.URL+"/v1/events?names=logout", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := w.server.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "application/x-ndjson" {
		t.Fatalf("%d %v", resp.StatusCode, resp.Header)
	}
	w.hub.Publish(&audit.Event{ID: "a", Name: audit.LoginSucceeded})
	w.hub.Publish(&audit.Event{ID: "b", Name: audit.Logout})
	lines := bufio.NewScanner(resp.Body)
	var item struct {
		Result struct{ Event struct{ ID, Name string } }
		Error  struct{ Code int }
	}
	if !lines.Scan() || json.Unmarshal(lines.Bytes(), &item) != nil || item.Result.Event.ID != "b" || item.Result.Event.Name != "logout" {
		t.Errorf("the first line: %s", lines.Text())
	}
	w.api.End()
	if !lines.Scan() || json.Unmarshal(lines.Bytes(), &item) != nil || codes.Code(item.Error.Code) != codes.Unavailable {
		t.Errorf("the last line: %s", lines.Text())
	}
}
