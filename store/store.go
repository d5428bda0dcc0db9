// Package store owns the words that every store shares: how an attempt to claim a mark ends, and what an outage looks
// like. The stores themselves are store/redis (shared by many edges) and store/file (one edge, one file); one contract
// suite, store/storetest, holds both to the same meaning. The package knows no HTTP, no session and no policy: a store
// keeps bytes and registers, and whoever uses it declares the one to three methods it needs.
//
// Absent, taken and unreachable are three different results everywhere. Absence is a value (found is false, a batch is
// empty); an error that is an *Unavailable means that it is not known what the store holds, or whether a write happened.
package store

import (
	"errors"
	"fmt"
	"time"
)

// Claim is how an attempt to claim a once-mark ended.
type Claim uint8

// The ends of a claim. The zero Claim is none of them: it goes with an error.
const (
	Fresh Claim = iota + 1 // the mark was free and is now ours
	Own                    // the mark held the same value already: a retry of our own claim
	Taken                  // the mark holds another value: a replay
)

// String is the claim's name for logs.
func (c Claim) String() string {
	switch c {
	case Fresh:
		return "fresh"
	case Own:
		return "own"
	case Taken:
		return "taken"
	}
	return fmt.Sprintf("claim %d", uint8(c))
}

// Unavailable is the error of a store that could not be asked, or whose answer made no sense: refused, timed out, full,
// read-only, cut off, or holding something else than expected. Nothing follows from it about what the store holds.
// Its text never contains a password or a stored value.
type Unavailable struct {
	Doing string // what was asked, as a gerund: "claiming a mark"
	Where string // which store: an address or a path
	Err   error  // why
}

// Error says what could not be done, where and why.
func (u *Unavailable) Error() string {
	return fmt.Sprintf("%s: store %s unavailable: %v", u.Doing, u.Where, u.Err)
}

// Unwrap returns the cause; context.Canceled and context.DeadlineExceeded can be found through it.
func (u *Unavailable) Unwrap() error { return u.Err }

// MinTTL is the shortest life that a mark or a value may be given.
const MinTTL = time.Millisecond

// ErrTTL is a life shorter than MinTTL. Nothing was written: what would end at once is a mistake of the caller, and
// must not become something that never ends.
var ErrTTL = errors.New("life of a stored value is below one millisecond")

// CheckTTL returns an error that wraps ErrTTL if ttl is shorter than MinTTL.
func CheckTTL(ttl time.Duration) error {
	if ttl < MinTTL {
		return fmt.Errorf("%w: %v", ErrTTL, ttl)
	}
	return nil
}

// ErrKeep is a list that would keep less than one value. Nothing was written.
var ErrKeep = errors.New("a list keeps at least one value")

// CheckKeep returns an error that wraps ErrKeep if keep is below one.
func CheckKeep(keep int) error {
	if keep < 1 {
		return fmt.Errorf("%w: %d", ErrKeep, keep)
	}
	return nil
}

// ErrCursor is a cursor that no walk of this store gave out.
var ErrCursor = errors.New("not a cursor of this store")
