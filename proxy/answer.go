package proxy

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/edgeauth/edgeauth/audit"
	"github.com/edgeauth/edgeauth/policy"
	"github.com/edgeauth/edgeauth/proxy/internal/target"
	"github.com/edgeauth/edgeauth/web"
)

const (
	loginPath         = "/.edgeauth/login"
	maxReturn         = 1200 // bytes of a return address, as the login accepts it
	staleRetry        = 5 * time.Second
	reasonCrossOrigin = "cross_origin"
	reasonTooLarge    = "identity_too_large"
)

// note fills in the access record, and reports what deserves a security event.
func (x *exchange) note(r *http.Request, v policy.Verdict, o *opened, two bool) {
	x.record.Verdict, x.record.Reason = v.Action.String(), string(v.Reason)
	if o != nil {
		x.record.Session = o.family
	}
	if two {
		x.audit(r, audit.TwoCookies, nil, "")
	}
	switch v.Action {
	case policy.Deny:
		x.refused(r, audit.AccessDenied, o, v)
	case policy.StepUp:
		x.refused(r, audit.AccessBlocked, o, v)
	}
}

// refused reports a verdict. Why an expression could not be evaluated stands here and nowhere else.
func (x *exchange) refused(r *http.Request, name audit.Name, o *opened, v policy.Verdict) {
	e := x.about(name, o, string(v.Reason))
	if v.Fault != "" {
		e.Detail += ", its expression: " + v.Fault
	}
	if v.Need != nil {
		e.Level = string(v.Need.Level)
	}
	x.event(r, e)
}

func (x *exchange) audit(r *http.Request, name audit.Name, o *opened, reason string) {
	x.event(r, x.about(name, o, reason))
}

func (x *exchange) about(name audit.Name, o *opened, reason string) audit.Event {
	e := audit.Event{Name: name, Reason: reason, Detail: "route " + x.route.cfg.Name}
	if o != nil {
		e.Subject, e.Session = o.session.Subject, o.family
	}
	return e
}

// event writes an audit event with what every event of a request has.
func (x *exchange) event(r *http.Request, e audit.Event) {
	e.RequestID, e.Host = x.record.RequestID, x.h.host[0]
	if x.record.Client.IsValid() {
		e.Client = x.record.Client.String()
	}
	x.h.opt.Audit.Write(r.Context(), e)
}

// refuse answers a request that is not forwarded. No answer touches a cookie.
func (x *exchange) refuse(w http.ResponseWriter, r *http.Request, v policy.Verdict) error {
	switch v.Action {
	case policy.Login:
		return x.login(w, r, v.Reason)
	case policy.StepUp:
		return x.stepUp(w, r, v)
	case policy.Stale:
		if v.Reason == Leaving {
			return &web.Error{Code: http.StatusServiceUnavailable, Reason: string(v.Reason), Title: "Please try again in a moment", RetryAfter: staleRetry,
				Public: "This part of the login service is being restarted. You are not logged out."}
		}
		return &web.Error{Code: http.StatusServiceUnavailable, Reason: string(v.Reason), Title: "Please try again in a moment", RetryAfter: staleRetry,
			Public: "It cannot be told just now whether your session is still valid. You are not logged out."}
	}
	return &web.Error{Code: http.StatusForbidden, Reason: string(v.Reason), Title: "No access",
		Public: "You are logged in, but this address is not open to you.", Links: []web.Link{
			{Text: "Go to the start page", URL: "/"}, {Text: "Log in as somebody else", URL: "/.edgeauth/logout"}}}
}

// login sends a navigation to the login, and tells everybody else where it is. The challenge names a scheme that no
// browser asks a password for.
func (x *exchange) login(w http.ResponseWriter, r *http.Request, reason policy.Reason) error {
	if web.MayRedirect(r) {
		web.Harden(w.Header())
		w.Header().Set("Location", loginURL(url.Values{}, x.asks.cfg.Provider, &x.target))
		w.WriteHeader(http.StatusSeeOther)
		return nil
	}
	w.Header().Set("WWW-Authenticate", `Cookie realm="edgeauth"`)
	return &web.Error{Code: http.StatusUnauthorized, Reason: string(reason), Title: "Login needed", LoginURL: loginURL(url.Values{}, x.asks.cfg.Provider, nil),
		Public: "Log in first and try again."}
}

// loginURL is the login's address below this origin, with what q asks of it. An address that is too long to come back to
// loses its query, or is given up for the first page; cut=1 tells the login to say so.
func loginURL(q url.Values, provider string, back *target.Target) string {
	if provider != "" {
		q.Set("provider", provider)
	}
	if back != nil {
		rd := back.String()
		if escapedLen(rd) > maxReturn {
			rd = back.Path
			q.Set("cut", "1")
		}
		if escapedLen(rd) > maxReturn {
			rd = "/"
		}
		q.Set("rd", rd)
	}
	if len(q) == 0 {
		return loginPath
	}
	return loginPath + "?" + q.Encode()
}

// escapedLen is the length of an address once everything is escaped that a browser would escape: how the login measures.
func escapedLen(s string) int {
	n := len(s)
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || strings.IndexByte("\"<>`\\", c) >= 0 {
			n += 2
		}
	}
	return n
}

// preflight answers a CORS preflight, which never carries a session (Fetch standard, 3.2.2).
func (x *exchange) preflight(w http.ResponseWriter, r *http.Request) error {
	if !x.route.cfg.PassPreflight {
		return noPreflight()
	}
	x.record.Verdict, x.record.Reason = policy.Allow.String(), "preflight"
	x.watchBody(r)
	x.hand(w, r)
	return nil
}

func noPreflight() error {
	return &web.Error{Code: http.StatusForbidden, Reason: "preflight", Title: "No cross-origin access"}
}
