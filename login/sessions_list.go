package login

import (
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/edgeauth/edgeauth/session"
	"github.com/edgeauth/edgeauth/sessions"
)

// sessionList is what a person is shown, as a page and as JSON.
type sessionList struct {
	Sessions []listed `json:"sessions"` // this browser's first, then the last seen

	// Complete is false where the list could not be read; then this browser's session is all that is shown.
	Complete bool `json:"complete"`
	// PlacesHidden: where others are is not shown, because this session is under a level that it has not proven.
	PlacesHidden bool `json:"places_hidden,omitempty"`
	// ConfirmURL is where that is proven.
	ConfirmURL string `json:"confirm_url,omitempty"`

	Ended    []string `json:"ended,omitempty"`    // what this request has ended
	Delivery string   `json:"delivery,omitempty"` // how far that came: see audit.Event

	Notice     string   `json:"-"`
	Full       bool     `json:"-"` // of more sessions the index does not know
	AtProvider bool     `json:"-"` // the login service ends its session too
	Forms      []string `json:"-"` // origins that a form of the page may lead to
}

// listed is one session, as far as its owner may see it.
type listed struct {
	Session   string    `json:"session"` // the family's name, by which it is ended
	Current   bool      `json:"current"`
	Browser   string    `json:"browser,omitempty"`
	OS        string    `json:"os,omitempty"`
	Kind      string    `json:"kind,omitempty"`
	City      string    `json:"city,omitempty"`
	Country   string    `json:"country,omitempty"`
	Network   string    `json:"network,omitempty"` // whose it is
	Prefix    string    `json:"prefix,omitempty"`  // 203.0.113.0/24
	Private   bool      `json:"private_network,omitempty"`
	Host      string    `json:"host,omitempty"`
	Level     string    `json:"level"`
	Reasons   []string  `json:"reasons,omitempty"`
	FirstSeen time.Time `json:"first_seen"`
	LastSeen  time.Time `json:"last_seen"`
	Expires   time.Time `json:"expires_at"`

	Elsewhere bool      `json:"-"` // at another host than the page
	Raised    bool      `json:"-"` // above the weakest level
	Hidden    bool      `json:"-"` // its place is not shown
	now       time.Time // for what the page says in words
}

// list is what c's person may see. An error means that the index could not be asked; the list then holds c alone.
func (s *Server) list(r *http.Request, c *session.Session) (sessionList, error) {
	from, _ := s.providerOf(c.Subject.Issuer)
	burden := s.burdenOf(c, from)
	l := sessionList{PlacesHidden: !burden.Proven}
	if l.PlacesHidden {
		l.ConfirmURL = Prefix + "login?" + url.Values{"level": {string(burden.Need.Level)}, "rd": {sessionsPath}}.Encode()
	}
	if from != nil && from.EndSessionOrigin() != "" {
		l.AtProvider, l.Forms = from.Status().Ready, []string{from.EndSessionOrigin()}
	}
	records, err := s.known(r, c)
	l.Complete, l.Full = err == nil, len(records) >= sessions.Kept
	l.Sessions = []listed{s.own(c, records)}
	for _, rec := range records {
		if state, _ := rec.State(s.opt.Log, s.opt.Now()); state == sessions.Live && rec.Family != c.Family {
			l.Sessions = append(l.Sessions, s.other(&rec, l.PlacesHidden))
		}
	}
	return l, err
}

// known is what the index has of c's person. It may lack the very session that asks, where the store lost its data or was away: that one is
// noted now, rather than when its idle time is prolonged.
func (s *Server) known(r *http.Request, c *session.Session) ([]sessions.Record, error) {
	records, err := s.opt.Roster.Of(r.Context(), c.Subject)
	if err != nil || indexOf(records, c) >= 0 {
		return records, err
	}
	s.opt.Roster.Issued(r.Context(), c, s.visit(r))
	return s.opt.Roster.Of(r.Context(), c.Subject)
}

func indexOf(records []sessions.Record, c *session.Session) int {
	return slices.IndexFunc(records, func(k sessions.Record) bool { return k.Family == c.Family })
}

// own is the session of the request, of which the cookie knows all but the place.
func (s *Server) own(c *session.Session, records []sessions.Record) listed {
	rec := sessions.Of(c, sessions.Sight{Host: s.opt.Origin, LastSeen: s.opt.Now()})
	if i := indexOf(records, c); i >= 0 {
		rec.Client, rec.Place, rec.FirstSeen = records[i].Client, records[i].Place, records[i].FirstSeen
	}
	own := s.other(&rec, false)
	own.Current = true
	return own
}

func (s *Server) other(rec *sessions.Record, hidden bool) listed {
	from, _ := s.providerOf(rec.Subject.Issuer)
	level, reasons := rec.Level, rec.Reasons
	as := &session.Session{Family: rec.Family, Subject: rec.Subject, SID: rec.SID, Device: rec.Device, Epoch: rec.Epoch,
		Incarnation: rec.Incarnation, Level: rec.Level, RaisedAt: rec.RaisedAt, Assurance: rec.Assurance, IdleUntil: rec.IdleUntil, Expires: rec.Expires}
	if b := s.burdenOf(as, from); s.opt.Levels.Stricter(b.Need.Level, level) {
		level, reasons = b.Need.Level, []string{b.Why}
	}
	l := listed{
		Session: rec.Family.String(), Browser: rec.Client.Browser, OS: rec.Client.OS, Kind: rec.Client.Kind,
		Host: rec.Host, Elsewhere: rec.Host != s.opt.Origin, Level: string(level), Reasons: reasons,
		Raised: s.opt.Levels.Stricter(level, s.opt.Levels.Weakest()), Hidden: hidden,
		FirstSeen: rec.FirstSeen, LastSeen: rec.LastSeen, Expires: rec.Expires, now: s.opt.Now(),
	}
	if !hidden {
		l.City, l.Country, l.Network, l.Prefix, l.Private = rec.Place.City, rec.Place.Country, rec.Place.Network, rec.Place.Prefix, rec.Place.Private
	}
	return l
}
