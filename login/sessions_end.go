package login

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/edgeauth/edgeauth/audit"
	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/policy"
	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/session"
	"github.com/edgeauth/edgeauth/sessions"
	"github.com/edgeauth/edgeauth/web"
)

// endedByUser is the reason of a session that its owner ended from another.
const endedByUser = "ended_by_user"

// endSession ends what the form of "my sessions" asks for: one session by its name, `others`, or `all`. It needs no more than a session,
// whatever its level: to end sessions takes access away and gives none. A thief can make the owner log in again with it; the
// owner, whose level a thief's visit has raised too, can throw the thief out. A copy of the log that is too old hinders nobody either.
func (s *Server) endSession(w http.ResponseWriter, r *http.Request) error {
	if !s.sameOrigin(r) {
		return &web.Error{Code: http.StatusForbidden, Reason: "cross_site", Title: "Nothing has been ended",
			Public: "The request came from another site.", Links: []web.Link{{Text: "Your sessions", URL: sessionsPath}},
			Err: errors.New("ending a session posted from another origin")}
	}
	form, err := parseForm(w, r)
	if err != nil || form.Get("end") == "" {
		return badRequest("Nothing has been ended", "The form that asked for it cannot be read.", "bad_form", errors.Join(errParams, err))
	}
	c, v := s.admit(r)
	if v.Action != policy.Allow && v.Action != policy.Stale {
		return s.noList(w, r, v)
	}
	ctx := context.WithoutCancel(r.Context()) // each call below bounds its own time
	what := form.Get("end")
	switch {
	case what == "all":
		return s.leave(ctx, w, r, c, audit.LogoutEverywhere, s.endingAll(c))
	case what == c.Family.String():
		return s.leave(ctx, w, r, c, audit.Logout, s.ending(c))
	}
	return s.endOthers(ctx, w, r, c, what)
}

// endingAll is what the log has to know of a logout everywhere: whatever of the person began before, whether the index knows of it or not.
func (s *Server) endingAll(c *session.Session) []revocation.Entry {
	names := revocation.Bearer{Subject: c.Subject}.Names()
	all := revocation.Entry{Register: revocation.Subject(c.Subject), Value: s.notBefore(&names, "logout_everywhere", "user")}
	return append(s.ending(c), all)
}

// endOthers ends one other session of c's person, or all of them that the index knows, each by its family: c goes on.
func (s *Server) endOthers(ctx context.Context, w http.ResponseWriter, r *http.Request, c *session.Session, what string) error {
	records, err := s.opt.Roster.Of(ctx, c.Subject)
	if err != nil {
		return &web.Error{Code: http.StatusServiceUnavailable, Reason: "store_unavailable", Title: "Nothing has been ended",
			Public:     "Which sessions you have cannot be read right now. To log out everywhere works all the same.",
			RetryAfter: 5 * time.Second, Links: []web.Link{{Text: "Your sessions", URL: sessionsPath}}, Err: err}
	}
	chosen, err := choose(records, c.Family, what)
	if err != nil {
		return &web.Error{Code: http.StatusNotFound, Reason: "no_such_session", Title: "Nothing has been ended",
			Public: "None of your sessions has that name. It may have ended already.",
			Links:  []web.Link{{Text: "Your sessions", URL: sessionsPath}}, Err: err}
	}
	ended, delivery, err := s.endEach(ctx, r, c, chosen)
	if err != nil {
		return err
	}
	l, err := s.list(r, c)
	noted(ctx, err)
	l.Ended, l.Delivery = ended, delivery.String()
	l.Notice = told(len(ended), delivery)
	if delivery != revocation.Delivered {
		return s.showSessions(w, r, c, l, http.StatusAccepted)
	}
	return s.showSessions(w, r, c, l, http.StatusOK)
}

// choose returns the records that a form means. What is not the person's own is not there.
func choose(records []sessions.Record, own identity.Family, what string) ([]sessions.Record, error) {
	if what == "others" {
		return slices.DeleteFunc(records, func(r sessions.Record) bool { return r.Family == own }), nil
	}
	i := slices.IndexFunc(records, func(r sessions.Record) bool { return r.Family.String() == what })
	if i < 0 {
		return nil, fmt.Errorf("the person has no session %.40q", what)
	}
	return records[i : i+1], nil
}

// endEach ends those of the sessions that the log has not ended. One that looks idle or expired is ended too: the index may not
// know better.
func (s *Server) endEach(ctx context.Context, r *http.Request, c *session.Session, chosen []sessions.Record) (ended []string, d revocation.Delivery, err error) {
	now := revocation.MillisOf(s.opt.Now())
	var entries []revocation.Entry
	chosen = slices.DeleteFunc(chosen, func(k sessions.Record) bool {
		state, _ := k.State(s.opt.Log, s.opt.Now())
		return state == sessions.Revoked
	})
	if len(chosen) == 0 {
		return nil, revocation.Delivered, nil
	}
	for _, k := range chosen {
		value := revocation.Value{Since: now, Until: until(revocation.MillisOf(k.Ends), now), Reason: endedByUser, Actor: "user"}
		entries = append(entries, revocation.Entry{Register: revocation.Family(k.Family), Value: value})
	}
	if d, err = s.opt.Revoker.Write(ctx, entries...); err != nil {
		return nil, d, err
	}
	for _, k := range chosen {
		ended = append(ended, k.Family.String())
		s.event(r, audit.Event{Name: audit.SessionEnded, Subject: c.Subject, Session: k.Family.String(), Actor: "user", Delivery: d.String(),
			Detail: "from session " + c.Family.String() + "; " + audit.ProviderGoesOn})
		if d == revocation.Delivered {
			noted(ctx, s.opt.Roster.Remove(ctx, c.Subject, k.Family))
		}
	}
	return ended, d, nil
}
