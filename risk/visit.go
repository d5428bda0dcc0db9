// Package risk gathers what is known of a login, or of a request that comes from elsewhere than its session's login did,
// has policy assess it, and remembers it. It decides nothing itself (policy does) and answers nobody (login and proxy do);
// it knows files of places and networks, the history of each subject and what is common among everybody.
package risk

import (
	"net/http"
	"net/netip"
	"time"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/policy"
)

// Visit is a login, or a request within a session, as the edge sees it.
type Visit struct {
	Subject   identity.Subject
	Provider  string // its configured name
	Groups    []string
	Assurance identity.Assurance
	Login     bool
	Unmet     bool // the session is under a level that it has not proven: it may be somebody else's

	Device      identity.DeviceID // that the browser brought, or was given just now
	DeviceSince time.Time         // when the browser first got its device cookie; zero: it brought none

	Address netip.Addr  // of the client; invalid: unknown
	Header  http.Header // User-Agent and client hints are read
	JA4     string      // of the TLS hello; empty: unknown
}

// Digest tells one combination of network, place and client from another. The zero Digest is none.
type Digest [8]byte

// Finding is what a visit was found to be.
type Finding struct {
	policy.Assessment
	Enforced     bool                       // false: Level is for the record only
	HistoryKnown bool                       // false: it was assessed without what was seen of the subject before
	Signals      Digest                     // of what was seen; a session keeps it
	Place        string                     // for people: "Berlin, DE (AS3320 Deutsche Telekom AG)"
	Thresholds   map[identity.Level]float64 // the least score for each level, as it holds for the subject
}
