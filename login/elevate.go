package login

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/edgeauth/edgeauth/audit"
	"github.com/edgeauth/edgeauth/login/internal/flow"
	"github.com/edgeauth/edgeauth/oidc"
	"github.com/edgeauth/edgeauth/policy"
	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/session"
	"github.com/edgeauth/edgeauth/web"
)

// stepped is the reason of a session id that ended because a step-up put another in its place.
const stepped = "stepped_up"

// elevate turns a step-up into a session that has proven more: the same family under another id (RFC 9470, 4). What the
// provider says counts, never what it was asked for, and only about the person whose session it is.
func (s *Server) elevate(ctx context.Context, w http.ResponseWriter, r *http.Request, a *arrival, who *oidc.Login, fresh *session.Session) error {
	f := a.flow
	if f.Previous.Subject != subjectDigest(who.Subject) {
		return s.notElevated(r, a, who, "other_subject")
	}
	c, live := s.live(r)
	if live && c.Family != f.Previous.Family || s.replaced(f) {
		return s.land(w, r, f) // another tab has logged in anew; that session is asked for what it lacks
	}
	need, known := s.needOf(f)
	if !known {
		return s.land(w, r, f) // no route asks for it any more
	}
	auth, err := s.authentication(ctx, a, who)
	if err != nil {
		return s.retryLater(w, r, a, "store_unavailable", err)
	}
	if auth.Enrolled, err = s.enrolledBefore(ctx, &need, &auth, who, fresh); err != nil {
		return s.retryLater(w, r, a, "store_unavailable", err)
	}
	now := s.opt.Now()
	if s.opt.Levels.Meets(&need, &auth, now) {
		fresh.Family, fresh.FamilyExpires, fresh.Enrolled = f.Previous.Family, f.Previous.Expires.Time(), auth.Enrolled
		if fresh.Level, fresh.RaisedAt = f.Was, timeOf(f.Step.WasRaised); live {
			fresh.Level, fresh.RaisedAt, fresh.Reasons = c.Level, c.RaisedAt, c.Reasons // another tab may have stepped up meanwhile, and been looked at
		}
		return s.issue(ctx, w, r, a, who, fresh, audit.StepUpProven)
	}
	late := need
	late.NewAuthenticator = true
	switch {
	case s.opt.Levels.Meets(&late, &auth, now):
		return s.notElevated(r, a, who, "new_authenticator")
	case f.Step.Round >= maxStepRounds:
		return s.notElevated(r, a, who, "not_proven")
	}
	return s.anotherRound(w, r, a, who)
}

// replaced reports whether another tab has logged in anew in the place of the session that steps up.
func (s *Server) replaced(f *flow.Flow) bool {
	names := revocation.Bearer{Family: f.Previous.Family}.Names()
	st := s.opt.Log.Standing(&names)
	return st.Revoked && st.Scope == revocation.ScopeFamily
}

// needOf is what the flow's step-up has to prove, as the configuration says now.
func (s *Server) needOf(f *flow.Flow) (policy.Need, bool) {
	need := policy.Need{Level: f.Level, Since: timeOf(f.Step.Since)}
	if f.Level != "" {
		rule, known := s.opt.Levels[f.Level]
		need.Proof = rule.Proof
		return need, known
	}
	var known bool
	need.Proof, known = s.proof(f.Step.Proof)
	return need, known
}

// authentication is how the person authenticated, and what is known against it.
func (s *Server) authentication(ctx context.Context, a *arrival, who *oidc.Login) (auth policy.Authentication, err error) {
	auth = policy.Authentication{Assurance: who.Assurance, ClockSkew: a.provider.ClockSkew()}
	auth.Enrolled, err = s.opt.Enrolled.Enrolled(ctx, who.Subject)
	return auth, err
}

// tellsNothingUntil is up to when a level has to be raised for an authenticator that is enrolled now to prove nothing against
// it. Where no level is raised that is now. Where one is, whoever enrols it may be the one for whom it was raised, and who could wait
// until it is raised anew: then it is as long as anything remembers the enrolment.
func (s *Server) tellsNothingUntil(a *arrival, fresh *session.Session) time.Time {
	now := s.opt.Now()
	_, standing := s.inPolicy(fresh, a.provider)
	_, floor := s.opt.Levels.Strictest(&standing, a.flow.Started.Time(), now)
	if !floor && !s.opt.Levels.Stricter(a.flow.Was, s.opt.Levels.Weakest()) {
		return now
	}
	return now.Add(session.MaxLifetime)
}

// enrolledBefore forgets an enrolment where it does not matter: on a device on which the person had given the same proof
// before the level was raised, the authenticator is not the one that was set up since.
func (s *Server) enrolledBefore(ctx context.Context, need *policy.Need, auth *policy.Authentication, who *oidc.Login, fresh *session.Session) (time.Time, error) {
	late := *need
	late.NewAuthenticator = true
	if s.opt.Levels.Meets(need, auth, s.opt.Now()) || !s.opt.Levels.Meets(&late, auth, s.opt.Now()) {
		return auth.Enrolled, nil
	}
	proved, err := s.opt.Enrolled.ProvedOn(ctx, who.Subject, fresh.Device, need.Proof, need.Since)
	if err != nil || !proved {
		return auth.Enrolled, err
	}
	return need.Since.Add(-time.Millisecond), nil // what was raised before that is looked at by itself
}

func assuranceText(who *oidc.Login) string {
	return fmt.Sprintf("acr %s, amr %s", who.Assurance.ACR, strings.Join(who.Assurance.AMR, " "))
}

// anotherRound asks once more, now for an authentication that is made on the spot.
func (s *Server) anotherRound(w http.ResponseWriter, r *http.Request, a *arrival, who *oidc.Login) error {
	b := a.again()
	b.step.round, b.step.subject, b.hint = a.flow.Step.Round+1, who.Subject, who.Username
	if !s.goOn(r, a, b.step) {
		return s.land(w, r, a.flow)
	}
	return s.begin(w, r, b)
}

// goOn fills in what a step-up that begins anew has to prove: as the browser's session stands now, or as the flow has it
// where a provider's cross-site POST brought no cookie. False: no route asks for it any more.
func (s *Server) goOn(r *http.Request, a *arrival, st *step) (known bool) {
	if c, live := s.live(r); live {
		st.of(c)
		return s.needs(st, s.burdenOf(c, a.provider))
	}
	st.need, known = s.needOf(a.flow)
	return known
}

// stepAgain begins a step-up anew that did not come to its end. If its session has, it becomes a login.
func (s *Server) stepAgain(w http.ResponseWriter, r *http.Request, a *arrival, b beginning, why error) error {
	if r.Method != http.MethodPost || !a.ours || errors.Is(why, errEnded) {
		return s.stepUp(w, r, b)
	}
	if !s.goOn(r, a, b.step) {
		return s.land(w, r, a.flow)
	}
	return s.begin(w, r, b)
}

// notElevated says why a step-up did not work. The session stays what it was.
func (s *Server) notElevated(r *http.Request, a *arrival, who *oidc.Login, reason string) error {
	event := a.refused(reason, "")
	if event.Subject = who.Subject; !who.Subject.IsZero() {
		event.Detail = assuranceText(who)
	}
	s.event(r, event)
	e := &web.Error{Code: http.StatusForbidden, Reason: reason, Title: "That was not enough",
		Links: append(s.startAgain(a), web.Link{Text: "Go to the start page", URL: "/"}),
		Err:   errors.New("the step-up did not prove what was asked for")}
	switch reason {
	case "other_subject":
		e.Title = "That was somebody else"
		e.Public = "You are logged in as one person and confirmed as another. Nothing has changed. Confirm as the person who is logged in, or log out first."
		e.Links = append(e.Links, web.Link{Text: "Log out", URL: Prefix + "logout"})
	case "new_authenticator":
		e.Title = "This device is too new for that"
		e.Public = "A login under your name looked wrong, and an authenticator was set up for you after that. Confirm on a device on which you did " +
			"so before, or ask the operator to help you. You are logged in as before."
		e.Links = e.Links[len(e.Links)-1:]
	default:
		e.Public = "The login service did not confirm you in the way that this page needs. It may not offer that way, " +
			"or you may not have set it up. Ask the operator, and tell the request ID. You are logged in as before."
	}
	return e
}

// supersede ends the ids that a step-up has put another in the place of. Their family goes on.
func (s *Server) supersede(ctx context.Context, r *http.Request, a *arrival, fresh *session.Session) {
	ids := map[revocation.Register]bool{revocation.Session(a.flow.Previous.ID): true}
	if c, ok := s.current(r); ok && c.Family == fresh.Family {
		ids[revocation.Session(c.ID)] = true
		defer s.emptyVault(ctx, r, c) // only then, so that a refresh in flight finds out why
	}
	if last := a.binding.Last; last.Family == fresh.Family {
		ids[revocation.Session(last.ID)] = true
	}
	now := revocation.MillisOf(s.opt.Now())
	for reg := range ids {
		value := revocation.Value{Since: now, Until: until(a.flow.Previous.Expires, now), Reason: stepped, Actor: "login"}
		if _, err := s.opt.Revoker.Write(ctx, revocation.Entry{Register: reg, Value: value}); err != nil {
			web.RecordOf(r.Context()).Note(fmt.Errorf("ending the id before a step-up: %w", err))
		}
	}
}
