package login

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/edgeauth/edgeauth/audit"
	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/oidc"
	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/session"
	"github.com/edgeauth/edgeauth/web"
)

// message is what the plain pages say.
type message struct {
	Text  []string
	Links []web.Link
}

// question is what the page before a logout says.
type question struct {
	Username   string
	AtProvider bool // the login service ends its session too
	Away       bool // it would, but does not answer now
}

// confirmLogout asks before anything happens: a link, an image or a page that is loaded in advance must not log anyone
// out.
func (s *Server) confirmLogout(w http.ResponseWriter, r *http.Request) error {
	c, ok := s.leaving(r)
	if !ok {
		return s.nobodyToLogOut(w, r)
	}
	page := web.Page{Template: "logout", Title: "Log out?", Status: http.StatusOK, HasForm: true}
	q := question{Username: c.Username}
	if p, ok := s.providerOf(c.Subject.Issuer); ok && p.EndSessionOrigin() != "" {
		page.FormActions = []string{p.EndSessionOrigin()}
		q.AtProvider, q.Away = p.Status().Ready, !p.Status().Ready
	}
	page.Data = q
	return s.opt.Pages.Render(w, r, page)
}

// leaving is the session that the browser may log out of. One that was idle for too long is among them, since the provider's may go
// on. What the log has ended, or its time, has no say any more: with a copy of its cookie anybody could end what its owner began since.
func (s *Server) leaving(r *http.Request) (*session.Session, bool) {
	c, ok := s.current(r)
	if !ok || !s.opt.Now().Before(c.Expires) {
		return nil, false
	}
	names := c.Bearer().Names()
	return c, !s.opt.Log.Standing(&names).Revoked
}

// say shows a plain page.
func (s *Server) say(w http.ResponseWriter, r *http.Request, title string, status int, m message) error {
	return s.opt.Pages.Render(w, r, web.Page{Template: "message", Title: title, Status: status, Data: m})
}

func (s *Server) nobodyToLogOut(w http.ResponseWriter, r *http.Request) error {
	return s.say(w, r, "You are not logged in", http.StatusOK, message{
		Text:  []string{"There is nothing to log out of in this browser."},
		Links: []web.Link{{Text: "Go to the start page", URL: "/"}}})
}

// loggedOut is where the provider sends the browser after a logout. It shows the same page whatever comes with it and
// changes nothing.
func (s *Server) loggedOut(w http.ResponseWriter, r *http.Request) error {
	return s.say(w, r, "Logged out", http.StatusOK, message{
		Text:  []string{"If you came here by logging out, your session has ended. On a shared computer, close the browser too."},
		Links: []web.Link{{Text: "Log in again", URL: Prefix + "login"}}})
}

// logout ends the browser's session here, on every edge, and at the provider.
func (s *Server) logout(w http.ResponseWriter, r *http.Request) error {
	if !s.sameOrigin(r) {
		return &web.Error{Code: http.StatusForbidden, Reason: "cross_site", Title: "You are still logged in",
			Public: "The request to log out came from another site.", Links: []web.Link{{Text: "Log out", URL: Prefix + "logout"}},
			Err: errors.New("logout posted from another origin")}
	}
	c, ok := s.leaving(r)
	if !ok {
		return s.nobodyToLogOut(w, r)
	}
	return s.leave(context.WithoutCancel(r.Context()), w, r, c, audit.Logout, s.ending(c))
}

// leave writes to the log what a logout ends, and takes the session out of the browser. Each call bounds its own time.
func (s *Server) leave(ctx context.Context, w http.ResponseWriter, r *http.Request, c *session.Session, what audit.Name, ends []revocation.Entry) error {
	delivery, err := s.opt.Revoker.Write(ctx, ends...)
	if err != nil {
		return err
	}
	web.RecordOf(r.Context()).Session = c.Family.String()
	e := audit.Event{Name: what, Subject: c.Subject, Session: c.Family.String(), Actor: "user", Delivery: delivery.String()}
	if what == audit.LogoutEverywhere {
		e.Detail = "of other browsers, " + audit.ProviderGoesOn
	}
	s.event(r, e)
	if delivery == revocation.Delivered {
		noted(ctx, s.opt.Roster.Remove(ctx, c.Subject, c.Family))
	}
	next, reached := s.afterLogout(ctx, r, c)
	s.opt.Cookies.Clear(w)
	s.forgetRounds(w, r)
	w.Header().Set("Clear-Site-Data", `"cache"`) // else the back button shows what the applications let browsers keep
	switch {
	case web.CallerOf(r) != web.Navigation:
		return s.tellLoggedOut(w, delivery, next, reached)
	case delivery != revocation.Delivered || !reached:
		return s.halfLoggedOut(w, r, next, delivery, reached)
	}
	return redirect(w, next)
}

// ending is what the log has to know of a logout. With the provider's session the other hosts of this edge end too, and a
// login of the same browser that is in flight on an edge that has not heard yet. Where the provider names no session, that is what
// the device is for.
func (s *Server) ending(c *session.Session) []revocation.Entry {
	now := revocation.MillisOf(s.opt.Now())
	value := revocation.Value{Since: now, Until: until(revocation.MillisOf(c.Ends()), now), Reason: "logout", Actor: "user"}
	entries := []revocation.Entry{{Register: revocation.Family(c.Family), Value: value}}
	if at := c.IdPSession(); !at.IsZero() {
		names := revocation.Bearer{IdPSession: at}.Names()
		return append(entries, revocation.Entry{Register: revocation.IdPSession(at), Value: s.notBefore(&names, "logout", "user")})
	}
	if !c.Device.IsZero() {
		names := revocation.Bearer{Device: c.Device}.Names()
		entries = append(entries, revocation.Entry{Register: revocation.Device(c.Device), Value: s.notBefore(&names, "logout", "user")})
	}
	return entries
}

// notBefore ends all sessions of the names that exist now, those too that an edge with a faster clock minted (see
// revocation.Replica.Cover). A login that follows takes it for known and gets an epoch behind it.
func (s *Server) notBefore(names *revocation.Names, reason, actor string) revocation.Value {
	now := revocation.MillisOf(s.opt.Now())
	since := max(s.opt.Log.Cover(s.opt.Now(), s.opt.Lead()), s.opt.Log.NotBefore(names)+1)
	end := until(since+revocation.Millis(session.MaxLifetime/time.Millisecond), now)
	return revocation.Value{Since: since, Until: end, Reason: reason, Actor: actor}
}

// sameOrigin reports whether a form was sent by a page of this origin. Where the browser says nothing about it, the
// answer is no.
func (s *Server) sameOrigin(r *http.Request) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" {
		return false
	}
	if origin := r.Header.Get("Origin"); origin != "" {
		return origin == s.opt.Origin
	}
	if r.Header.Get("Sec-Fetch-Site") != "" {
		return true
	}
	u, err := url.Parse(r.Header.Get("Referer"))
	return err == nil && u.Scheme+"://"+u.Host == s.opt.Origin
}

// afterwards is where a browser comes back to that has logged out.
func (s *Server) afterwards() string { return s.opt.Origin + Prefix + "logged-out" }

// afterLogout takes the tokens out of the vault, revokes them, and tells where the provider ends its own session. Not reached is a
// provider that would do so, but does not answer: nobody is sent there.
func (s *Server) afterLogout(ctx context.Context, r *http.Request, c *session.Session) (next string, reached bool) {
	home := s.afterwards()
	kept := s.takeTokens(ctx, r, c)
	p, ok := s.clientOf(c.Subject.Issuer, kept.Client)
	switch {
	case !ok:
		return home, true
	case !p.Status().Ready:
		return home, p.EndSessionOrigin() == ""
	}
	s.revokeTokens(ctx, r, c, p, kept)
	to, ok := p.EndSessionURL(oidc.EndSession{IDTokenHint: kept.ID, LogoutHint: c.Username, PostLogoutRedirectURI: home,
		State: identity.NewSessionID().String()})
	if !ok {
		return home, true
	}
	return to, true
}

// farewell is what a program learns of a logout.
type farewell struct {
	Delivery string `json:"delivery"` // `delivered`: every server knows; `pending`, `in_memory`: so far this one alone
	Detail   string `json:"detail,omitempty"`
	Next     string `json:"next"` // where to send the person: to the end of the provider's session, or home
}

// tellLoggedOut answers a program, which cannot follow a redirect to another site.
func (s *Server) tellLoggedOut(w http.ResponseWriter, d revocation.Delivery, next string, reached bool) error {
	status := http.StatusOK
	if d != revocation.Delivered {
		status = http.StatusAccepted
	}
	return answerJSON(w, status, farewell{d.String(), strings.Join(undone(d, reached), " "), next})
}
