// Package revocation owns the vocabulary of the log and its copy in memory: registers that only grow, merged by the
// maximum, so that order, duplicates and late delivery cannot matter. It decides nothing about a request (policy
// does) and knows no store: whoever keeps the log implements Stream and Sink.
package revocation

import (
	"hash/fnv"
	"time"

	"github.com/edgeauth/edgeauth/identity"
)

// Shards is the number of independent streams of the log. It is part of the log's format and can't change.
const Shards = 16

// Scope says what kind of name a register is about.
type Scope uint8

// The scopes. Their numbers are part of the log's format.
const (
	ScopeFamily     Scope = iota + 1 // a login and all that came of it by step-up; revoked for good
	ScopeSession                     // one session id, replaced at a level change
	ScopeSubject                     // issuer and sub
	ScopeIdPSession                  // issuer and sid
	ScopeDevice                      // a browser profile
	ScopeAll                         // everybody
	ScopeTenant                      // reserved
)

// Kind says what a register holds.
type Kind uint8

// The kinds. Their numbers are part of the log's format.
const (
	KindRevoked   Kind = iota + 1 // the name is refused until the register ends
	KindNotBefore                 // sessions whose epoch is not after Since are refused
	KindFloor                     // the subject's sessions need at least the level
)

// Key is the name within its scope: the random name itself, or a digest of issuer and name. It shows no one.
type Key [16]byte

// Register is one cell of the log.
type Register struct {
	Scope Scope
	Key   Key
	Kind  Kind
	Level identity.Level // KindFloor only
}

// Millis is a time in milliseconds since the Unix epoch, as the log and the cookie keep it.
type Millis int64

// MillisOf truncates t to milliseconds.
func MillisOf(t time.Time) Millis { return Millis(t.UnixMilli()) }

// Time is the inverse of MillisOf, in UTC.
func (m Millis) Time() time.Time { return time.UnixMilli(int64(m)).UTC() }

// Value is what a register holds. Since and Until grow independently; region, reason and actor belong to the
// greatest (Since, region, reason, actor).
type Value struct {
	Since  Millis
	Until  Millis // exclusive; past it no cookie can exist that the register speaks of
	Region string
	Reason string
	Actor  string
}

// Entry is a register with a value: what travels in the log.
type Entry struct {
	Register
	Value
}

// Merge is the least value that contains both: commutative, associative and idempotent (Shapiro et al., "Conflict-free
// Replicated Data Types", SSS 2011, state-based objects).
func (v Value) Merge(w Value) Value {
	out := v
	if w.Since > v.Since || (w.Since == v.Since && w.attribution() > v.attribution()) {
		out = w
	}
	out.Until = max(v.Until, w.Until)
	return out
}

// Shard is where the register lives. Everything of scope all lives in shard 0.
func (r Register) Shard() int {
	if r.Scope == ScopeAll {
		return 0
	}
	h := fnv.New32a()
	h.Write([]byte{byte(r.Scope)})
	h.Write(r.Key[:])
	return int(h.Sum32() % Shards)
}

// Family names the register that ends a login and all that came of it.
func Family(f identity.Family) Register {
	return Register{Scope: ScopeFamily, Key: Key(f), Kind: KindRevoked}
}

// Session names the register that ends one id, because another took its place.
func Session(id identity.SessionID) Register {
	return Register{Scope: ScopeSession, Key: Key(id), Kind: KindRevoked}
}

// Subject names the register that ends all earlier sessions of a subject.
func Subject(s identity.Subject) Register {
	return Register{Scope: ScopeSubject, Key: subjectKey(s), Kind: KindNotBefore}
}

// IdPSession names the register that ends all earlier sessions that came of one session at the provider.
func IdPSession(s identity.IdPSession) Register {
	return Register{Scope: ScopeIdPSession, Key: idpSessionKey(s), Kind: KindNotBefore}
}

// Device names the register that ends all earlier sessions of a browser profile.
func Device(d identity.DeviceID) Register {
	return Register{Scope: ScopeDevice, Key: Key(d), Kind: KindNotBefore}
}

// All names the register that ends all earlier sessions.
func All() Register { return Register{Scope: ScopeAll, Kind: KindNotBefore} }

// Floor names the register that demands at least a level of a subject's sessions.
func Floor(s identity.Subject, l identity.Level) Register {
	return Register{Scope: ScopeSubject, Key: subjectKey(s), Kind: KindFloor, Level: l}
}

// floors is the name that all floors of a subject share, of the subject's not-before: hashing the subject once is enough.
func (r Register) floors() Register {
	r.Kind = KindFloor
	return r
}

// anyLevel is the register without its level: the name that all floors of a subject share.
func (r Register) anyLevel() Register {
	r.Level = ""
	return r
}

func subjectKey(s identity.Subject) Key {
	return Key(identity.Digest("edgeauth subject", s.Issuer, s.Sub))
}

func idpSessionKey(s identity.IdPSession) Key {
	return Key(identity.Digest("edgeauth idp session", s.Issuer, s.SID))
}
