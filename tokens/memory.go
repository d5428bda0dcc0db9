package tokens

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/session"
)

// entry is what this edge knows of one session's tokens.
type entry struct {
	mu     sync.Mutex    // guards all below
	flight *flight       // under way; nil: none
	looked bool          // the vault was read
	kept   session.Kept  // the newest record that is known; zero: none
	due    time.Time     // when the access token is refreshed, should somebody need it
	share  float64       // of a spread, between 0 and 1, so that edges do not all come at once
	failed error         // why the last flight brought nothing; nil: it worked, or there are no tokens
	retry  time.Time     // before which no other flight begins
	pause  time.Duration // before the retry after the next failure

	owed atomic.Bool // the vault has not taken kept yet, and this edge alone has it; may be read without the lock
}

const (
	// The part of its life after which an access token is refreshed, in the background. A record that is younger needs no
	// refresh, whoever thought so; edges come at random times between the two.
	refreshFrom, refreshTo = 0.75, 0.85

	// shortBefore is how long before its end an access token is no longer sent: it still has to travel, and clocks differ. It
	// is less for those that live for less than a minute.
	shortBefore = 5 * time.Second

	firstPause, longestPause = time.Second, 30 * time.Second
)

// learn takes over a record.
func (e *entry) learn(kept session.Kept) {
	e.owed.Store(!kept.Written())
	e.kept, e.share = kept, rand.Float64()
	e.due = refreshAt(kept.Tokens, refreshFrom+e.share*(refreshTo-refreshFrom))
}

func refreshAt(t session.Tokens, part float64) time.Time {
	return t.Validated.Add(time.Duration(part * float64(t.Expires.Sub(t.Validated))))
}

// validated is when the provider last vouched for the session, as far as is known.
func (e *entry) validated() time.Time { return e.kept.Validated }

// spread is a part of d that is this edge's own.
func (e *entry) spread(d time.Duration) time.Duration { return time.Duration(e.share * float64(d)) }

// ends is when a record's access token is no longer sent.
func ends(t session.Tokens) time.Time {
	return t.Expires.Add(-min(shortBefore, t.Expires.Sub(t.Validated)/10))
}

func (e *entry) usable(now time.Time) bool {
	return sendable(e.kept.Access) && now.Before(ends(e.kept.Tokens))
}

// grant is for usable tokens. While one is due, the next look is soon.
func (e *entry) grant(now time.Time) Grant {
	until := later(e.due, now.Add(again))
	if end := ends(e.kept.Tokens); end.Before(until) {
		until = end
	}
	return Grant{e.kept.Access, until}
}

// sendable reports whether a token can stand in a header field: visible ASCII (RFC 6749, A.12, without the space).
func sendable(token string) bool {
	for i := range len(token) {
		if token[i] <= ' ' || token[i] > '~' {
			return false
		}
	}
	return token != ""
}

// fail notes that a flight brought nothing, and delays the next one.
func (e *entry) fail(err error, now time.Time) {
	e.pause = min(max(2*e.pause, firstPause), longestPause)
	e.failed, e.retry = err, now.Add(e.pause/2+rand.N(e.pause))
}

// succeed forgets earlier failures.
func (e *entry) succeed() { e.failed, e.retry, e.pause = nil, time.Time{}, 0 }

// memory knows entries by session id, in two generations: when the young one is full it becomes the old one, and the old one is
// forgotten. What is forgotten is read from the vault again; what the vault is still owed is not forgotten, so long as it fills no
// generation. Without the store nothing is refreshed, so that there is little of it.
type memory struct {
	mu         sync.Mutex // guards the maps
	young, old map[identity.SessionID]*entry
	limit      int // of each generation
}

func (m *memory) entry(id identity.SessionID) *entry {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e := m.young[id]; e != nil {
		return e
	}
	e := m.old[id]
	if e == nil {
		e = &entry{}
	}
	if m.young == nil || len(m.young) >= m.limit {
		m.turn()
	}
	m.young[id] = e
	return e
}

func (m *memory) turn() {
	forgotten := m.old
	m.young, m.old = map[identity.SessionID]*entry{}, m.young
	for id, e := range forgotten {
		if e.owed.Load() && len(m.young) < m.limit/2 {
			m.young[id] = e
		}
	}
}
