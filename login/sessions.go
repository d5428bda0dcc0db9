package login

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/edgeauth/edgeauth/policy"
	"github.com/edgeauth/edgeauth/session"
	"github.com/edgeauth/edgeauth/web"
)

// sessionsPath is where people see their sessions.
const sessionsPath = Prefix + "sessions"

// mySessions lists the sessions of the person whose browser this is (docs/sessions.md).
func (s *Server) mySessions(w http.ResponseWriter, r *http.Request) error {
	c, v := s.admit(r)
	if v.Action != policy.Allow {
		return s.noList(w, r, v)
	}
	l, err := s.list(r, c)
	if err != nil {
		web.RecordOf(r.Context()).Note(err)
	}
	return s.showSessions(w, r, c, l, http.StatusOK)
}

// noList answers a request without a session in good standing.
func (s *Server) noList(w http.ResponseWriter, r *http.Request, v policy.Verdict) error {
	again := Prefix + "login?rd=" + url.QueryEscape(sessionsPath)
	switch {
	case v.Action == policy.Stale:
		return cannotTell(v)
	case web.MayRedirect(r):
		return redirect(w, again)
	}
	return &web.Error{Code: http.StatusUnauthorized, Reason: string(v.Reason), Title: "You are not logged in",
		Public: "Log in to see your sessions.", LoginURL: again, Err: errors.New("no session in good standing")}
}

// showSessions answers with a list: as a page, or to a program as JSON.
func (s *Server) showSessions(w http.ResponseWriter, r *http.Request, c *session.Session, l sessionList, status int) error {
	web.RecordOf(r.Context()).Session = c.Family.String()
	if web.CallerOf(r) == web.Navigation {
		return s.opt.Pages.Render(w, r, web.Page{Template: "sessions", Title: "Your sessions", Status: status, HasForm: true, Wide: true,
			FormActions: l.Forms, Data: l})
	}
	return answerJSON(w, status, l)
}

// answerJSON writes a value for a program of our own origin: no other can read it.
func answerJSON(w http.ResponseWriter, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("writing an answer: %w", err)
	}
	web.Harden(w.Header())
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(cmp.Or(status, http.StatusOK))
	_, _ = w.Write(append(body, '\n')) // the client went away: nobody is left to tell
	return nil
}

// noted says what went wrong with the index, where that stops nothing.
func noted(ctx context.Context, err error) {
	if err != nil {
		web.RecordOf(ctx).Note(err)
	}
}
