package sessions

import (
	"net/netip"
	"time"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/session"
)

// Record is what the index holds of one session: a login and all that came of it by step-up. Times are UTC, in whole
// milliseconds.
type Record struct {
	Family  identity.Family
	ID      identity.SessionID // as of LastSeen; nothing is ended by it
	Subject identity.Subject
	SID     string // the provider's name of its session
	Device  identity.DeviceID

	Username, Name, Email string

	Sight               // the latest
	FirstSeen time.Time // when the login was

	IdleUntil time.Time // as of the latest sight; see Record.State
	Expires   time.Time // of the cookie
	Ends      time.Time // when nothing can be left of the session; the record ends then too

	Level     identity.Level // that its login was given
	RaisedAt  time.Time      // where there was something to prove
	Reasons   []string       // of the level: codes of policy
	Assurance identity.Assurance

	Epoch       time.Time
	Incarnation identity.Incarnation
}

// Sight is how a session was seen once: at its login, at a step-up, or when its idle time was prolonged.
type Sight struct {
	LastSeen time.Time
	Provider string // configured name
	Host     string // public origin
	Client   Client
	Place    Place
}

// Visit is what tells where and with what a session is used.
type Visit struct {
	Address netip.Addr // of the client; invalid: unknown
	Agent   string     // the User-Agent line
	Host    string     // the public origin
}

// Client is the program as far as it tells, in the words of package fingerprint: "Firefox 140", "Windows 10", "desktop".
type Client struct{ Browser, OS, Kind string }

// Place is where an address is, never the whole address.
type Place struct {
	Country string // ISO 3166-1 alpha-2
	City    string
	Network string // whose it is: the name of the autonomous system
	Prefix  string // 203.0.113.0/24, 2001:db8:1::/48
	Private bool   // lies nowhere on the Internet
}

// Of is the record of a session that was seen. FirstSeen is the login's time, as far as the session tells: a step-up moves it, and
// [Index.Record] then keeps the earlier one.
func Of(s *session.Session, seen Sight) Record {
	first := s.Epoch
	if first.After(seen.LastSeen) { // an epoch lies after every not-before, which may lie ahead
		first = seen.LastSeen
	}
	return Record{
		Family: s.Family, ID: s.ID, Subject: s.Subject, SID: s.SID, Device: s.Device,
		Username: s.Username, Name: s.Name, Email: s.Email,
		Sight: seen, FirstSeen: first, IdleUntil: s.IdleUntil, Expires: s.Expires, Ends: s.Ends(),
		Level: s.Level, RaisedAt: s.RaisedAt, Reasons: s.Reasons, Assurance: s.Assurance,
		Epoch: s.Epoch, Incarnation: s.Incarnation,
	}
}

// Bearer is what the log can speak of the session by. The id is left out: one that ended because a step-up put another in its place
// says nothing of the session.
func (r *Record) Bearer() revocation.Bearer {
	return revocation.Bearer{
		Family: r.Family, Subject: r.Subject, IdPSession: identity.IdPSession{Issuer: r.Subject.Issuer, SID: r.SID}, Device: r.Device,
		Epoch: r.Epoch, Incarnation: r.Incarnation,
	}
}
