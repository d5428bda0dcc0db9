package login

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/edgeauth/edgeauth/audit"
	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/oidc"
	"github.com/edgeauth/edgeauth/policy"
	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/session"
	"github.com/edgeauth/edgeauth/web"
)

// maxAhead is how far clocks of edges may differ.
const maxAhead = policy.MaxAhead

// replaced is the reason of a session that ended because its browser logged in anew.
const replaced = "replaced"

// minting is what a session is made of.
type minting struct {
	login       *oidc.Login
	before      time.Time // taken before the code was spent
	incarnation identity.Incarnation
}

var errEnded = errors.New("the log ended this login before it was done")

// mint turns a login into the browser's session and sends it to where it wanted to go.
func (s *Server) mint(ctx context.Context, w http.ResponseWriter, r *http.Request, a *arrival, m minting) error {
	fresh := s.newSession(a.flow, r, m)
	names := fresh.Bearer().Names()
	if nb := s.opt.Log.NotBefore(&names); s.endedMeanwhile(a.flow, fresh, nb) {
		return s.restartKnowing(w, r, a, "ended_meanwhile", errEnded, &knowledge{subjectDigest(fresh.Subject), nb})
	}
	old, had := s.current(r)
	if had && s.sameLogin(r, a.flow, old, fresh) {
		s.event(r, audit.Event{Name: audit.LoginSucceeded, Provider: a.flow.provider, Subject: old.Subject,
			Session: old.Family.String(), Reason: "session_of_another_tab"})
		return s.land(w, r, a.flow)
	}
	if err := s.opt.Cookies.Set(w, fresh); err != nil {
		return s.cannotSet(r, a, err)
	}
	if err := errors.Join(s.opt.Cookies.SetDevice(w, fresh.Device), s.opt.Cookies.SetBinding(w, a.flow.ended(a.binding))); err != nil {
		return fmt.Errorf("setting the cookies of a login: %w", err)
	}
	s.replace(ctx, r, a.flow, old)
	if err := s.opt.Vault.Put(ctx, fresh, m.login.IDToken.Reveal()); err != nil {
		web.RecordOf(r.Context()).Note(err) // a logout at the provider will go without the hint
	}
	web.RecordOf(r.Context()).Session = fresh.Family.String()
	s.event(r, audit.Event{Name: audit.LoginSucceeded, Provider: a.flow.provider, Subject: fresh.Subject, Session: fresh.Family.String()})
	return s.land(w, r, a.flow)
}

// newSession is complete but for nothing: fresh id, family and secret at every login.
func (s *Server) newSession(f *flow, r *http.Request, m minting) *session.Session {
	now := s.opt.Now().UTC().Truncate(time.Millisecond)
	n := &session.Session{
		ID: identity.NewSessionID(), Family: identity.NewFamily(), Device: s.device(f, r), Incarnation: m.incarnation,
		Subject: m.login.Subject, SID: m.login.IdPSession.SID,
		IssuedAt: now, Expires: now.Add(s.opt.Lifetime), IdleUntil: now.Add(min(s.opt.Idle, s.opt.Lifetime)),
		Level: identity.Normal, Assurance: m.login.Assurance,
		Username: m.login.Username, Name: m.login.Name, Email: m.login.Email, EmailVerified: m.login.EmailVerified,
		Groups: keep(m.login.Groups, s.opt.KeepGroups), Claims: keepClaims(m.login.Claims, s.opt.KeepClaims),
		Selection: s.opt.Selection,
	}
	rand.Read(n.VaultSecret[:])
	names := n.Bearer().Names()
	n.Epoch = max(revocation.MillisOf(m.before), s.opt.Log.NotBefore(&names)+1).Time()
	return n
}

// device is the browser's name: of its cookie, else as it was when the flow began, else a new one.
func (s *Server) device(f *flow, r *http.Request) identity.DeviceID {
	if d, ok := s.opt.Cookies.Device(r); ok {
		return d
	}
	if !f.Device.IsZero() {
		return f.Device
	}
	return identity.NewDeviceID()
}

// endedMeanwhile reports whether the log has ended, since the flow began, what the new session would be. The epoch
// alone would not tell: it is chosen to lie after every not-before. A family that only made room for another tab's login
// has not ended in this sense.
func (s *Server) endedMeanwhile(f *flow, fresh *session.Session, nb revocation.Millis) bool {
	known := f.Started - 1
	if f.KnownOf == subjectDigest(fresh.Subject) {
		known = max(known, f.Known)
	}
	if nb > known {
		return true
	}
	if f.Previous == (previous{}) {
		return false
	}
	names := revocation.Bearer{ID: f.Previous.ID, Family: f.Previous.Family}.Names()
	st := s.opt.Log.Standing(&names)
	return st.Revoked && st.Scope == revocation.ScopeFamily && st.Reason != replaced
}

// sameLogin reports whether another tab of the browser has finished the same login while this one was in flight: the
// session is in good standing, came of the same authentication, and is younger than this flow. Then it stays: to replace
// it would end it under the requests that the other tabs are making.
func (s *Server) sameLogin(r *http.Request, f *flow, old, fresh *session.Session) bool {
	_, live := s.live(r)
	return live && old.Subject == fresh.Subject && old.SID == fresh.SID && old.Selection == fresh.Selection &&
		old.Family != f.Previous.Family && !old.Epoch.Before(f.Started.Time()) &&
		old.Assurance.ACR == fresh.Assurance.ACR && old.Assurance.AuthTime.Equal(fresh.Assurance.AuthTime) &&
		slices.Equal(old.Assurance.AMR, fresh.Assurance.AMR) && slices.Equal(old.Groups, fresh.Groups)
}

// replace ends the sessions that the browser had: the one of the cookie, and the one that it had when the flow began.
func (s *Server) replace(ctx context.Context, r *http.Request, f *flow, old *session.Session) {
	ends := map[identity.Family]revocation.Millis{}
	if f.Previous != (previous{}) {
		ends[f.Previous.Family] = f.Previous.Expires
	}
	if old != nil {
		ends[old.Family] = revocation.MillisOf(old.Expires)
	}
	now := revocation.MillisOf(s.opt.Now())
	for family, expires := range ends {
		delivery, err := s.opt.Revoker.Write(ctx, revocation.Entry{Register: revocation.Family(family),
			Value: revocation.Value{Since: now, Until: until(expires, now), Reason: replaced, Actor: "login"}})
		if err != nil {
			web.RecordOf(r.Context()).Note(fmt.Errorf("ending the browser's previous session: %w", err))
			continue
		}
		s.event(r, audit.Event{Name: audit.SessionReplaced, Provider: f.provider, Session: family.String(), Delivery: delivery.String()})
	}
}

// until is when no cookie can exist any more of a session that expires then.
func until(expires, now revocation.Millis) revocation.Millis {
	return max(expires, now) + revocation.Millis(2*maxAhead/time.Millisecond)
}

func (s *Server) cannotSet(r *http.Request, a *arrival, err error) error {
	if !errors.Is(err, session.ErrTooLarge) {
		return fmt.Errorf("setting the session cookie: %w", err)
	}
	s.event(r, audit.Event{Name: audit.LoginRefused, Provider: a.flow.provider, Reason: "session_too_large"})
	return &web.Error{Code: http.StatusForbidden, Reason: "session_too_large", Title: "There is too much to remember about you",
		Public: "The login worked, but your names, groups and claims do not fit into a cookie. Please tell the operator the request ID: " +
			"fewer or shorter groups and claims in routes would help.", Err: err}
}

// land sends the browser where it wanted to go. Where that is not the whole address, a page says so first.
func (s *Server) land(w http.ResponseWriter, r *http.Request, f *flow) error {
	if f.Cut {
		return s.opt.Pages.Render(w, r, web.Page{Template: "message", Title: "You are logged in", Status: http.StatusOK,
			Data: message{Text: []string{"The address of the page that you asked for was too long to be kept during the login, so you may have to find your way from here."},
				Links: []web.Link{{Text: "Go on", URL: f.returnURL}}}})
	}
	return redirect(w, s.opt.Origin+f.returnURL)
}

func keep(all, wanted []string) (kept []string) {
	for _, v := range all {
		if slices.Contains(wanted, v) {
			kept = append(kept, v)
		}
	}
	return kept
}

func keepClaims(all map[string]any, wanted []string) map[string][]string {
	kept := map[string][]string{}
	for _, name := range wanted {
		if values := texts(all[name]); len(values) > 0 {
			kept[name] = values
		}
	}
	return kept
}

// texts writes a claim as the values that a route can name.
func texts(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case bool:
		return []string{strconv.FormatBool(v)}
	case int64:
		return []string{strconv.FormatInt(v, 10)}
	case float64:
		return []string{strconv.FormatFloat(v, 'g', -1, 64)}
	case []string:
		return v
	}
	return nil
}
