package login

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/edgeauth/edgeauth/audit"
	"github.com/edgeauth/edgeauth/oidc"
	"github.com/edgeauth/edgeauth/web"
)

// again is the beginning of the same login once more.
func (a *arrival) again() beginning {
	return beginning{returnURL: a.flow.ReturnURL, cut: a.flow.Cut, provider: a.provider, step: stepOf(a.flow)}
}

func (s *Server) startAgain(a *arrival) []web.Link {
	return []web.Link{{Text: "Start again", URL: s.loginURL(a.again())}}
}

// restart begins the same login anew, once; the second time it shows a page. Nothing was spent, no session is touched.
// If the browser has been logged in since the flow began, by this very flow or in another tab, there is no need to.
func (s *Server) restart(w http.ResponseWriter, r *http.Request, a *arrival, reason string, err error) error {
	if s.loggedInSince(r, a.provider, a.flow.Started.Time()) {
		return s.land(w, r, a.flow)
	}
	return s.beginAgain(w, r, a, reason, err)
}

// beginAgain is restart where a session that the browser may have does not count.
func (s *Server) beginAgain(w http.ResponseWriter, r *http.Request, a *arrival, reason string, err error) error {
	if a.flow.Restarts > 0 {
		s.event(r, audit.Event{Name: audit.LoginRefused, Provider: a.flow.Provider, Reason: reason})
		return &web.Error{Code: http.StatusBadRequest, Reason: reason, Title: "This login did not come to an end",
			Public: "It took too long, was repeated, or was ended from elsewhere meanwhile. Please start again.",
			Links:  s.startAgain(a), Err: err}
	}
	web.RecordOf(r.Context()).Note(fmt.Errorf("login begins again: %w", err))
	b := a.again()
	b.restarts, b.knownOf, b.known = a.flow.Restarts+1, a.knownOf, a.known
	if b.step == nil {
		return s.begin(w, r, b)
	}
	return s.stepAgain(w, r, a, b, err)
}

// foreign answers a callback whose login began in another browser, or in this one under a binding that another tab has
// replaced since. Nothing of it is used. The same page is asked for anew after a moment, in which tabs that began at once
// settle on one binding; the second time someone has to press a button.
func (s *Server) foreign(r *http.Request, a *arrival) error {
	s.event(r, audit.Event{Name: audit.LoginRefused, Provider: a.flow.Provider, Reason: "other_browser"})
	e := &web.Error{Code: http.StatusForbidden, Reason: "other_browser", Title: "This login began somewhere else",
		Public: "Another tab or another browser began it, or the browser does not keep cookies, without which nobody can " +
			"log in here.",
		Links: s.startAgain(a), Err: errors.New("the callback's browser is not the one that began the login")}
	if a.flow.Restarts == 0 {
		b := a.again()
		b.restarts = 1
		e.Public = "Another tab began it, or another browser. It starts again in this one."
		e.RetryAfter, e.RefreshTo = time.Second, s.loginURL(b)
	}
	return e
}

// retryLater answers when store or provider cannot be asked: a page that begins the login anew by itself. A code that
// may have been spent is never sent again; session cookies stay.
func (s *Server) retryLater(w http.ResponseWriter, r *http.Request, a *arrival, reason string, err error) error {
	s.event(r, a.refused(reason, oidc.CodeOf(err)))
	if err := s.opt.Cookies.SetBinding(w, a.flow.Ended(a.binding)); err != nil {
		return fmt.Errorf("setting the login cookie: %w", err)
	}
	return &web.Error{Code: http.StatusServiceUnavailable, Reason: reason, Title: "Logging in is not possible right now",
		Public:     "A service that logins need does not answer. If you are logged in already, you can go on working.",
		RetryAfter: a.flow.RetryDelay(), RefreshTo: s.loginURL(a.again()),
		Links: []web.Link{{Text: "Try now", URL: s.loginURL(a.again())}}, Err: err}
}

// redeemFailed maps what oidc says to a page. The provider's own words are never shown.
func (s *Server) redeemFailed(w http.ResponseWriter, r *http.Request, a *arrival, err error) error {
	e := &web.Error{Code: http.StatusBadRequest, Links: s.startAgain(a), Err: err}
	switch oidc.KindOf(err) {
	case oidc.KindUnavailable:
		return s.retryLater(w, r, a, "provider_unavailable", err)
	case oidc.KindRefused:
		e.Reason, e.Title = "code_refused", "The login service took the login back"
		e.Public = "It may have taken too long. Please start again."
	case oidc.KindConfig:
		e = notSetUp("The login service does not accept this site as it is configured.", err, e.Links)
	default:
		e.Reason, e.Title = "bad_identity", "The login cannot be trusted"
		e.Public = "What the login service said did not pass the checks. Please start again; if it stays, " +
			"tell the operator the request ID."
	}
	s.event(r, a.refused(e.Reason, oidc.CodeOf(err)))
	return e
}

// notSetUp is for what the operator of the edge or of the provider must mend.
func notSetUp(what string, err error, links []web.Link) *web.Error {
	return &web.Error{Code: http.StatusBadGateway, Reason: "provider_config", Title: "Logins are not set up right",
		Public: what + " Please tell the operator the request ID.", Links: links, Err: err}
}

// providerRefused answers an authorization error response (RFC 6749, 4.1.2.1; OpenID Connect Core 1.0, 3.1.2.6).
func (s *Server) providerRefused(w http.ResponseWriter, r *http.Request, a *arrival) error {
	code := a.answer.Get("error")
	if !oidc.IsErrorCode(code) {
		code = "unknown"
	}
	err := fmt.Errorf("the provider answered with error %s", code)
	e := &web.Error{Code: http.StatusForbidden, Reason: "login_not_done", Links: s.startAgain(a), Err: err,
		Title: "You are not logged in", Public: "The login service did not finish the login. Please start again."}
	stepUp := a.flow.Step.Round > 0
	if stepUp {
		e.Title, e.Public = "That was not confirmed", "The login service did not finish. Nothing has changed: you are logged in as before."
		e.Links = append(e.Links, web.Link{Text: "Go to the start page", URL: "/"})
	}
	switch code {
	case "unmet_authentication_requirements": // OpenID Connect Core Error Code unmet_authentication_requirements 1.0
		if stepUp {
			return s.notElevated(r, a, &oidc.Login{}, "not_proven")
		}
	case "access_denied":
		e.Reason, e.Title = "login_cancelled", "The login was cancelled"
		e.Public = "It was cancelled, or the login service does not let you in. You can start again."
		if stepUp {
			e.Title = "You did not confirm"
			e.Public = "It was cancelled, or the login service does not let you do it. Nothing has changed: you are logged in as before."
		}
	case "login_required", "interaction_required", "account_selection_required", "consent_required":
		e.Reason = "login_required"
		e.Public = "The login service needs an answer from you. Please start again and follow its pages."
	case "temporarily_unavailable", "server_error":
		return s.providerDown(w, r, a, err)
	case "invalid_request", "unauthorized_client", "unsupported_response_type", "invalid_scope", "invalid_target",
		"request_not_supported", "request_uri_not_supported", "registration_not_supported",
		"invalid_request_uri", "invalid_request_object":
		e = notSetUp("The login service does not accept this site's request.", err, e.Links)
	}
	s.event(r, a.refused(e.Reason, code))
	return e
}

// refused is the audit event of an answer that gives nothing.
func (a *arrival) refused(reason, detail string) audit.Event {
	e := audit.Event{Name: audit.LoginRefused, Provider: a.flow.Provider, Reason: reason, Detail: detail}
	if a.flow.Step.Round > 0 {
		e.Name, e.Level, e.Session = audit.StepUpRefused, string(a.flow.Level), a.flow.Previous.Family.String()
	}
	return e
}

// providerDown tries once more at once: Keycloak says temporarily_unavailable of a login page that stood open too long.
func (s *Server) providerDown(w http.ResponseWriter, r *http.Request, a *arrival, err error) error {
	if a.flow.Restarts == 0 {
		return s.restart(w, r, a, "provider_unavailable", err)
	}
	return s.retryLater(w, r, a, "provider_unavailable", err)
}
