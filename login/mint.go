package login

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/edgeauth/edgeauth/audit"
	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/login/internal/flow"
	"github.com/edgeauth/edgeauth/oidc"
	"github.com/edgeauth/edgeauth/policy"
	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/session"
	"github.com/edgeauth/edgeauth/sessions"
	"github.com/edgeauth/edgeauth/web"
)

// maxAhead is how far clocks of edges may differ.
const maxAhead = policy.MaxAhead

// mint turns a login into the browser's session and sends it to where it wanted to go.
func (s *Server) mint(ctx context.Context, w http.ResponseWriter, r *http.Request, a *arrival, who *oidc.Login) error {
	fresh := s.newSession(r, a, who)
	if err := s.noticeEnrolment(ctx, r, a, who, fresh); err != nil {
		return s.retryLater(w, r, a, "store_unavailable", err)
	}
	names := fresh.Bearer().Names()
	if nb := s.opt.Log.NotBefore(&names); s.endedMeanwhile(a, fresh, nb) {
		a.knownOf, a.known = subjectDigest(fresh.Subject), nb
		return s.beginAgain(w, r, a, "ended_meanwhile", errEnded)
	}
	if a.flow.Step.Round > 0 {
		return s.elevate(ctx, w, r, a, who, fresh)
	}
	old := s.held(r, a.binding.Last, fresh)
	if old != nil && s.sameLogin(a.flow, old, fresh) {
		s.event(r, audit.Event{Name: audit.LoginSucceeded, Provider: a.flow.Provider, Subject: old.Subject,
			Session: old.Family.String(), Reason: "session_of_another_tab"})
		return s.land(w, r, a.flow)
	}
	s.remember(ctx, r, fresh)
	return s.issue(ctx, w, r, a, who, fresh, audit.LoginSucceeded)
}

// remember notes on a session whether an authenticator was enrolled on the spot. If that cannot be told, the session
// proves nothing against a level that was raised before.
func (s *Server) remember(ctx context.Context, r *http.Request, fresh *session.Session) {
	var err error
	if fresh.Enrolled, err = s.opt.Enrolled.Enrolled(ctx, fresh.Subject); err != nil {
		fresh.Enrolled = fresh.IssuedAt
		web.RecordOf(r.Context()).Note(fmt.Errorf("asking for enrolments: %w", err))
	}
}

// issue gives the browser a session, with the level that it is under, and ends what it takes the place of.
func (s *Server) issue(ctx context.Context, w http.ResponseWriter, r *http.Request, a *arrival, who *oidc.Login, fresh *session.Session, what audit.Name) error {
	s.look(ctx, r, a, who, fresh)
	if err := s.opt.Cookies.Set(w, fresh); err != nil {
		return s.cannotSet(r, a, err)
	}
	next := a.flow.Ended(a.binding)
	next.Last = minted(fresh)
	err := errors.Join(s.opt.Cookies.SetDevice(w, s.profileOf(r, fresh)), s.opt.Cookies.SetBinding(w, next))
	if err != nil {
		return fmt.Errorf("setting the cookies of a login: %w", err)
	}
	tokens := s.tokensOf(ctx, r, a, who, fresh)
	if what == audit.StepUpProven {
		s.supersede(ctx, r, a, fresh)
	} else {
		s.replace(ctx, r, a, s.held(r, a.binding.Last, fresh))
	}
	if err := s.opt.Vault.Put(ctx, fresh, tokens); err != nil {
		web.RecordOf(r.Context()).Note(err) // there is none for the applications, and a logout at the provider goes without the hint
	}
	s.opt.Roster.Issued(ctx, fresh, s.visit(r))
	web.RecordOf(r.Context()).Session = fresh.Family.String()
	s.event(r, audit.Event{Name: what, Provider: a.flow.Provider, Subject: fresh.Subject, Session: fresh.Family.String(),
		Level: string(fresh.Level)})
	return s.land(w, r, a.flow)
}

// visit is where a request comes from.
func (s *Server) visit(r *http.Request) sessions.Visit {
	return sessions.Visit{Address: web.RecordOf(r.Context()).Client, Agent: r.UserAgent(), Host: s.opt.Origin}
}

// newSession has a fresh id, family and secret. Of the browser it takes over nothing but the device's name, which
// grants nothing.
func (s *Server) newSession(r *http.Request, a *arrival, who *oidc.Login) *session.Session {
	now := s.opt.Now().UTC().Truncate(time.Millisecond)
	n := &session.Session{
		ID: identity.NewSessionID(), Family: identity.NewFamily(), Device: s.device(a, r), Incarnation: a.incarnation,
		Subject: who.Subject, SID: who.IdPSession.SID,
		IssuedAt: now, Expires: now.Add(s.opt.Lifetime), IdleUntil: now.Add(min(s.opt.Idle, s.opt.Lifetime)),
		FamilyExpires: now.Add(s.opt.Lifetime), Level: s.opt.Levels.Weakest(), Assurance: who.Assurance,
		Username: who.Username, Name: who.Name, Email: who.Email, EmailVerified: who.EmailVerified,
		Groups: keep(who.Groups, s.opt.KeepGroups), Claims: keepClaims(who.Claims, s.opt.KeepClaims),
		Selection: s.opt.Selection,
	}
	rand.Read(n.VaultSecret[:])
	names := n.Bearer().Names()
	n.Epoch = max(revocation.MillisOf(a.before), s.opt.Log.NotBefore(&names)+1).Time()
	return n
}

// device is the browser's name: of its cookie, else as its last callback or the beginning of the flow knew it, else a new
// one.
func (s *Server) device(a *arrival, r *http.Request) identity.DeviceID {
	if d, ok := s.opt.Cookies.Device(r); ok {
		return d.ID
	}
	for _, d := range []identity.DeviceID{a.binding.Last.Device, a.flow.Device} {
		if !d.IsZero() {
			return d
		}
	}
	return identity.NewDeviceID()
}

// profileOf is the browser profile of a session; one without a cookie is known from now on.
func (s *Server) profileOf(r *http.Request, fresh *session.Session) session.Device {
	if d, ok := s.opt.Cookies.Device(r); ok && d.ID == fresh.Device {
		return d
	}
	return session.Device{ID: fresh.Device, Since: fresh.IssuedAt}
}

func (s *Server) cannotSet(r *http.Request, a *arrival, err error) error {
	if !errors.Is(err, session.ErrTooLarge) {
		return fmt.Errorf("setting the session cookie: %w", err)
	}
	s.event(r, audit.Event{Name: audit.LoginRefused, Provider: a.flow.Provider, Reason: "session_too_large"})
	return &web.Error{Code: http.StatusForbidden, Reason: "session_too_large", Title: "There is too much to remember about you",
		Public: "The login worked, but your names, groups and claims do not fit into a cookie. Please tell the operator " +
			"the request ID: fewer or shorter groups and claims in routes would help.", Err: err}
}

// land sends the browser where it wanted to go. Where that is not the whole address, a page says so first.
func (s *Server) land(w http.ResponseWriter, r *http.Request, f *flow.Flow) error {
	if f.Cut {
		return s.say(w, r, "You are logged in", http.StatusOK, message{
			Text: []string{"The address of the page that you asked for was too long to be kept during the login, " +
				"so you may have to find your way from here."},
			Links: []web.Link{{Text: "Go on", URL: f.ReturnURL}}})
	}
	return redirect(w, s.opt.Origin+f.ReturnURL)
}
