package login

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/edgeauth/edgeauth/oidc"
	"github.com/edgeauth/edgeauth/policy"
	"github.com/edgeauth/edgeauth/session"
	"github.com/edgeauth/edgeauth/web"
)

// current is the session of the request's cookie, whatever its standing.
func (s *Server) current(r *http.Request) (*session.Session, bool) {
	c, err := s.opt.Cookies.Read(r)
	return c, err == nil
}

// live is the session of the request's cookie if the proxy would admit it to a route without conditions.
func (s *Server) live(r *http.Request) (*session.Session, bool) {
	c, v := s.admit(r)
	return c, v.Action == policy.Allow
}

func (s *Server) admit(r *http.Request) (*session.Session, policy.Verdict) {
	c, ok := s.current(r)
	if !ok {
		return nil, s.me.Admit(nil, policy.Standing{}, s.opt.Now())
	}
	return c, s.verdict(c)
}

// verdict is what the proxy would say to a session on a route without conditions.
func (s *Server) verdict(c *session.Session) policy.Verdict {
	from, _ := s.providerOf(c.Subject.Issuer)
	known, standing := s.inPolicy(c, from)
	return s.me.Admit(&known, standing, s.opt.Now())
}

// profile is what /.edgeauth/me tells of a session. It holds nothing that opens anything.
type profile struct {
	Sub       string     `json:"sub"`
	Issuer    string     `json:"issuer"`
	Provider  string     `json:"provider,omitempty"`
	Username  string     `json:"username,omitempty"`
	Name      string     `json:"name,omitempty"`
	Email     string     `json:"email,omitempty"`
	Groups    []string   `json:"groups"`                // those that some route asks about
	Level     string     `json:"level"`                 // the strictest that the session is under, by its login or by the log
	Proven    bool       `json:"level_proven"`          // whether what that level closes is open
	RaisedAt  *time.Time `json:"raised_at,omitempty"`   // when the level was raised
	Reasons   []string   `json:"reasons,omitempty"`     // why it was
	StepUp    string     `json:"step_up_url,omitempty"` // where that level is proven; a return address can be added as rd
	ACR       string     `json:"acr,omitempty"`
	AMR       []string   `json:"amr,omitempty"`
	AuthTime  *time.Time `json:"auth_time,omitempty"`
	IssuedAt  time.Time  `json:"issued_at"`
	IdleUntil time.Time  `json:"idle_until"`
	Expires   time.Time  `json:"expires_at"` // at the latest, under that level
	Session   string     `json:"session"`    // the family's name
	Sessions  string     `json:"sessions"`   // where the person's other sessions are
	Staleness float64    `json:"staleness_seconds"`
}

// whoAmI says who the browser is to this edge, under the rules that the proxy applies. Other origins cannot read it.
func (s *Server) whoAmI(w http.ResponseWriter, r *http.Request) error {
	c, v := s.admit(r)
	switch v.Action {
	case policy.Allow:
	case policy.Stale:
		return cannotTell(v)
	default:
		return &web.Error{Code: http.StatusUnauthorized, Reason: string(v.Reason), Title: "You are not logged in",
			Public: "Log in to see who you are.", LoginURL: Prefix + "login", Err: errors.New("no session in good standing")}
	}
	web.RecordOf(r.Context()).Session = c.Family.String()
	return answerJSON(w, http.StatusOK, s.profile(c))
}

func cannotTell(v policy.Verdict) error {
	return &web.Error{Code: http.StatusServiceUnavailable, Reason: string(v.Reason), Title: "Please try again in a moment",
		Public: "It cannot be told just now whether your session is still valid. You are not logged out.", RetryAfter: 5 * time.Second}
}

func (s *Server) profile(c *session.Session) profile {
	p := profile{Sub: c.Subject.Sub, Issuer: c.Subject.Issuer, Username: c.Username, Name: c.Name, Email: c.Email,
		Groups: append([]string{}, c.Groups...), ACR: c.Assurance.ACR, AMR: c.Assurance.AMR,
		IssuedAt: c.IssuedAt, Session: c.Family.String(), Sessions: sessionsPath,
		Staleness: s.opt.Staleness().Round(time.Millisecond).Seconds()}
	from, ok := s.providerOf(c.Subject.Issuer)
	if ok {
		p.Provider = from.Name()
	}
	s.level(&p, c, from)
	if !c.Assurance.AuthTime.IsZero() {
		p.AuthTime = &c.Assurance.AuthTime
	}
	return p
}

// level says under which level a session is, whether it has proven it, and why.
func (s *Server) level(p *profile, c *session.Session, from *oidc.Provider) {
	known, standing := s.inPolicy(c, from)
	b, _ := s.opt.Levels.Weigh(&known, &standing, s.opt.Now())
	p.Level, p.Proven, p.Reasons = string(b.Need.Level), b.Proven, c.Reasons
	p.Expires = b.Ends(&known)
	p.IdleUntil = earlier(b.IdleUntil(&known), p.Expires)
	if !b.Proven {
		p.StepUp = Prefix + "login?" + url.Values{"level": {p.Level}}.Encode()
	}
	if !b.Need.Since.IsZero() {
		p.RaisedAt = &b.Need.Since
	}
	if b.Raised {
		p.Reasons = []string{b.Why}
	}
}
