package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/edgeauth/edgeauth/admin/api"
	"github.com/edgeauth/edgeauth/admin/edgeauthv1"
	"github.com/edgeauth/edgeauth/audit"
	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/revocation"
)

func withSessions(w *world, _ *api.Options) {
	w.index.records = append(w.index.records, record(1, "alice"), record(2, "alice"), record(3, "bob"))
}

func everybody() *edgeauthv1.RevokeSessionsRequest {
	return &edgeauthv1.RevokeSessionsRequest{Target: &edgeauthv1.RevokeSessionsRequest_Everybody{Everybody: true}}
}

func TestARevocationReachesAsFarAsClocksAndOtherRevocationsDo(t *testing.T) {
	w := newWorld(t, func(_ *world, o *api.Options) { o.Lead = func() time.Duration { return 6 * time.Minute } })
	var last revocation.Millis
	for n := range 2 {
		if _, err := w.grpc().RevokeSessions(t.Context(), everybody()); err != nil {
			t.Fatal(err)
		}
		want := revocation.MillisOf(aboutNow().Add(6*time.Minute)) + revocation.Millis(n)
		if last = w.log.all()[n].Since; last != want {
			t.Errorf("the revocation number %d reaches to %v, want %v", n+1, last.Time(), want.Time())
		}
	}
}

func TestEachWriteIsOneEntryWithItsActor(t *testing.T) {
	w := newWorld(t)
	c, ctx := w.grpc(), t.Context()
	alice := &edgeauthv1.Person{Sub: "alice"}
	subject := identity.Subject{Issuer: issuer, Sub: "alice"}
	soon := aboutNow().Add(identity.MaxClockSkew)
	for name, x := range map[string]struct {
		call     func() error
		register revocation.Register
		since    time.Time
		event    audit.Event
	}{
		"RevokeSession": {func() error {
			_, err := c.RevokeSession(ctx, &edgeauthv1.RevokeSessionRequest{Session: family(1).String(), Reason: "lost"})
			return err
		}, revocation.Family(family(1)), soon, audit.Event{Name: audit.RevocationMade, Session: family(1).String(), Reason: "lost"}},
		"RevokeSessions of a person": {func() error {
			_, err := c.RevokeSessions(ctx, &edgeauthv1.RevokeSessionsRequest{Target: &edgeauthv1.RevokeSessionsRequest_Subject{Subject: alice}})
			return err
		}, revocation.Subject(subject), soon, audit.Event{Name: audit.RevocationMade, Subject: subject, Reason: "operator"}},
		"RevokeSessions of everybody": {func() error {
			_, err := c.RevokeSessions(ctx, everybody())
			return err
		}, revocation.All(), soon, audit.Event{Name: audit.RevocationMade, Reason: "operator"}},
		"RaiseLevel": {func() error {
			_, err := c.RaiseLevel(ctx, &edgeauthv1.RaiseLevelRequest{Subject: alice, Level: "high", Reason: "phishing"})
			return err
		}, revocation.Floor(subject, identity.High), aboutNow(), audit.Event{Name: audit.LevelRaised, Subject: subject, Level: "high", Reason: "phishing"}},
	} {
		t.Run(name, func(t *testing.T) {
			w.log.empty() // else a not-before would lie behind the one before
			if err := x.call(); err != nil {
				t.Fatal(err)
			}
			entries := w.log.all()
			if len(entries) != 1 || entries[0].Register != x.register || entries[0].Since != revocation.MillisOf(x.since) ||
				entries[0].Actor != "cert:cn:ops" || entries[0].Reason != x.event.Reason || !entries[0].Until.Time().After(aboutNow().Add(720*time.Hour)) {
				t.Fatalf("written: %+v", entries)
			}
			x.event.Actor, x.event.Delivery, x.event.Client = "cert:cn:ops", "delivered", "127.0.0.1"
			x.event.Detail, _ = entries[0].Encode()
			if x.event.Name == audit.RevocationMade {
				x.event.Detail += "; session and tokens at the provider go on"
			}
			made := w.audits.named(x.event.Name)
			got := made[len(made)-1]
			got.ID, got.At = "", time.Time{}
			if diff := cmp.Diff(x.event, got); diff != "" {
				t.Errorf("the audit event (-want +got):\n%s", diff)
			}
			calls := w.audits.named(audit.APICalled)
			if last := calls[len(calls)-1]; !strings.HasPrefix(name, last.Detail) || last.Reason != "ok" || last.Actor != "cert:cn:ops" || last.Subject != x.event.Subject {
				t.Errorf("the call's event: %+v", last)
			}
		})
	}
}

func TestAWriteSaysHowFarItCame(t *testing.T) {
	w := newWorld(t)
	w.log.pending = true
	got, err := w.grpc().RevokeSessions(t.Context(), everybody())
	if err != nil || got.GetDelivery() != edgeauthv1.Delivery_DELIVERY_PENDING {
		t.Errorf("while the store is away: %v %v", got, err)
	}
	w.log.inMemory = true
	if got, err := w.grpc().RevokeSessions(t.Context(), everybody()); err != nil || got.GetDelivery() != edgeauthv1.Delivery_DELIVERY_IN_MEMORY {
		t.Errorf("while the disk is full, too: %v %v", got, err)
	}
	w.log.refuses = true
	if _, err := w.grpc().RevokeSessions(t.Context(), everybody()); status.Code(err) != codes.Internal || strings.Contains(err.Error(), errRefused.Error()) {
		t.Errorf("an entry that makes no sense: %v", err)
	}
}

func TestAnIndexThatIsAwayIsNoEmptyOne(t *testing.T) {
	w := newWorld(t, withSessions)
	w.index.away = true
	c, ctx := w.grpc(), t.Context()
	_, list := c.ListSessions(ctx, &edgeauthv1.ListSessionsRequest{})
	_, person := c.ListSessions(ctx, &edgeauthv1.ListSessionsRequest{Subject: &edgeauthv1.Person{Sub: "alice"}})
	_, get := c.GetSession(ctx, &edgeauthv1.GetSessionRequest{Session: family(1).String()})
	for _, err := range []error{list, person, get} {
		if status.Code(err) != codes.Unavailable || strings.Contains(err.Error(), "10.0.0.7") {
			t.Errorf("%v", err)
		}
	}
	if _, err := c.RevokeSession(ctx, &edgeauthv1.RevokeSessionRequest{Session: family(1).String()}); err != nil {
		t.Errorf("revoking needs no index: %v", err)
	}
}

func TestAListGoesPageByPageAndLeavesOutWhatHasEnded(t *testing.T) {
	w := newWorld(t, withSessions)
	c, ctx := w.grpc(), t.Context()
	if _, err := c.RevokeSession(ctx, &edgeauthv1.RevokeSessionRequest{Session: family(2).String()}); err != nil {
		t.Fatal(err)
	}
	list := func(ended bool) (out []string) {
		req := &edgeauthv1.ListSessionsRequest{IncludeEnded: ended}
		for {
			page, err := c.ListSessions(ctx, req)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range page.GetSessions() {
				out = append(out, s.GetSubject().GetSub()+" "+s.GetState().String())
			}
			if req.PageToken = page.GetNextPageToken(); req.PageToken == "" {
				return out
			}
		}
	}
	const active, revoked = " SESSION_STATE_ACTIVE", " SESSION_STATE_REVOKED"
	if diff := cmp.Diff([]string{"alice" + active, "bob" + active}, list(false)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"alice" + active, "alice" + revoked, "bob" + active}, list(true)); diff != "" {
		t.Error(diff)
	}
	got, err := c.GetSession(ctx, &edgeauthv1.GetSessionRequest{Session: family(3).String()})
	if err != nil || got.GetSession().GetSubject().GetSub() != "bob" {
		t.Errorf("a session of the second page: %v %v", got, err)
	}
	_, err = c.GetSession(ctx, &edgeauthv1.GetSessionRequest{Session: family(3).String(), Subject: &edgeauthv1.Person{Sub: "alice"}})
	if status.Code(err) != codes.NotFound {
		t.Errorf("bob's session among alice's: %v", err)
	}
}

// A session that was raised shows what is left to prove and when it ends for that; once that time is over it counts as ended, long
// before its cookie does.
func TestASessionThatWasRaisedShowsWhatIsLeftToProve(t *testing.T) {
	now := aboutNow()
	w := newWorld(t, withSessions, func(_ *world, o *api.Options) { o.Now = func() time.Time { return now } })
	c, ctx := w.grpc(), t.Context()
	show := func() string {
		t.Helper()
		got, err := c.GetSession(ctx, &edgeauthv1.GetSessionRequest{Session: family(1).String()})
		if err != nil {
			t.Fatal(err)
		}
		s := got.GetSession()
		return strings.Join([]string{s.GetState().String(), s.GetLevel(), s.GetUnprovenLevel(), s.GetEndsAt().AsTime().Sub(aboutNow()).String()}, " ")
	}
	if got := show(); got != "SESSION_STATE_ACTIVE elevated  8h0m0s" {
		t.Errorf("before: %s", got)
	}
	if _, err := c.RaiseLevel(ctx, &edgeauthv1.RaiseLevelRequest{Subject: &edgeauthv1.Person{Sub: "alice"}, Level: "high"}); err != nil {
		t.Fatal(err)
	}
	if got := show(); got != "SESSION_STATE_ACTIVE elevated high 15m0s" {
		t.Errorf("raised: %s", got)
	}
	now = now.Add(16*time.Minute + time.Second)
	if got := show(); got != "SESSION_STATE_EXPIRED elevated high 15m0s" {
		t.Errorf("past its time: %s", got)
	}
}

// recorded are the calls whose answers are kept in testdata.
func recorded() map[string]struct{ method, path, body string } {
	return map[string]struct{ method, path, body string }{
		"get":              {"GET", "/v1/sessions/" + family(1).String(), ""},
		"list":             {"GET", "/v1/sessions?subject.provider=corp&subject.sub=bob", ""},
		"list-page":        {"GET", "/v1/sessions?page_size=2", ""},
		"list-camel":       {"GET", "/v1/sessions?pageSize=2&includeEnded=true&pageToken=dHdv", ""},
		"raise":            {"POST", "/v1/levels:raise", `{"subject":{"issuer":"` + issuer + `","sub":"carol"},"level":"elevated"}`},
		"revoke":           {"POST", "/v1/sessions/" + family(9).String() + ":revoke", `{"reason":"lost"}`},
		"revoke-many":      {"POST", "/v1/sessions:revoke", `{"subject":{"provider":"corp","sub":"dave"}}`},
		"explain":          {"POST", "/v1/explain", `{"url":"/pay","subject":{"sub":"alice"},"at":"2026-11-23T09:00:00+01:00"}`},
		"error-rules":      {"GET", "/v1/sessions?page_size=501", ""},
		"error-no-session": {"GET", "/v1/sessions/" + family(8).String(), ""},
	}
}

// What is answered. Fields may be added to these files; nothing in them may change.
func TestRecordedAnswersOfRESTAreStillGiven(t *testing.T) {
	w := newWorld(t, withSessions, func(_ *world, o *api.Options) { o.Explain = fixed{} })
	for name, c := range recorded() {
		t.Run(name, func(t *testing.T) {
			_, _, got := w.say(c.method, c.path, c.body)
			file := filepath.Join("testdata", name+".json")
			if os.Getenv("EDGEAUTH_RECORD") != "" { // for an answer that is new
				if err := os.WriteFile(file, []byte(got+"\n"), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got+"\n"); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What was answered before something was added. These files never change: whoever reads answers by them finds all that they know.
func TestAnswersOfEarlierReleasesAreContainedInTodays(t *testing.T) {
	w := newWorld(t, withSessions)
	files, err := filepath.Glob("testdata/kept/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		c := recorded()[strings.TrimSuffix(filepath.Base(file), ".json")]
		_, _, got := w.say(c.method, c.path, c.body)
		kept, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var before, now any
		if err := errors.Join(json.Unmarshal(kept, &before), json.Unmarshal([]byte(got), &now)); err != nil {
			t.Fatal(err)
		}
		if missing := lacks(now, before, ""); missing != "" {
			t.Errorf("%s: %s is not what it was:\n%s\n%s", file, missing, kept, got)
		}
	}
}

// lacks names something of an earlier answer that today's has no more, or other than it was; empty: there is nothing.
func lacks(now, before any, at string) string {
	switch old := before.(type) {
	case map[string]any:
		fresh, _ := now.(map[string]any)
		for name, value := range old {
			if missing := lacks(fresh[name], value, at+"."+name); missing != "" {
				return missing
			}
		}
		return ""
	case []any:
		fresh, _ := now.([]any)
		if len(fresh) != len(old) {
			return at
		}
		for i := range old {
			if missing := lacks(fresh[i], old[i], at+"[]"); missing != "" {
				return missing
			}
		}
		return ""
	}
	if now != before {
		return at
	}
	return ""
}

// fixed explains everything in the same way.
type fixed struct{}

func (fixed) Explain(_ context.Context, q *api.Question) (api.Explanation, error) {
	if q.Who == nil || q.Who.Issuer != issuer || !q.At.Equal(aboutNow()) {
		return api.Explanation{}, api.ErrQuestion
	}
	return api.Explanation{Action: "allow", Reason: "ok", JSON: []byte(`{"request":{"path":"/pay"},"verdict":{"action":"allow","reason":"ok"}}`)}, nil
}

func TestAPanicEndsItsCallAndNothingElse(t *testing.T) {
	w := newWorld(t, func(_ *world, o *api.Options) { o.Explain = panics{} })
	_, err := w.grpc().Explain(t.Context(), &edgeauthv1.ExplainRequest{Url: "/"})
	if status.Code(err) != codes.Internal || strings.Contains(err.Error(), "boom") {
		t.Errorf("a panic is answered with %v", err)
	}
	if _, err := w.grpc().RevokeSessions(t.Context(), everybody()); err != nil {
		t.Errorf("the call after it: %v", err)
	}
}

// panics is a mistake of ours.
type panics struct{}

func (panics) Explain(context.Context, *api.Question) (api.Explanation, error) { panic("boom") }
