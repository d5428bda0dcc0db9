package history

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/policy"
)

const (
	// Kept is how many logins of a subject are kept in which all was proven that was asked for, and how many other sightings.
	Kept = 50
	// KeptFor is how long a sighting is kept: older ones tell nothing more (Wiefling et al., TOPS 2022, section 5).
	KeptFor = 180 * 24 * time.Hour
)

// ErrNoPepper means that no history can be read or written, for want of a pepper.
var ErrNoPepper = errors.New("the key ring has no pepper, so no history is kept; `edgeauth keys rotate` adds one")

// ErrUnreadable means that less than half of a history could be read.
var ErrUnreadable = errors.New("most entries cannot be read")

var errNobody = errors.New("no subject is named")

// Lists is where histories lie: lists of opaque values, each under a key. An error means that the store could not be asked;
// a list that is absent is empty.
type Lists interface {
	// Push puts a value at the front of a list, keeps as many as newest says and lets the list end after ttl, in one step.
	Push(ctx context.Context, key string, value []byte, newest int, ttl time.Duration) error
	List(ctx context.Context, key string) ([][]byte, error)
	Erase(ctx context.Context, key string) error
}

// Options are what a History is made of.
type Options struct {
	Store Lists
	// Pepper returns the secret that all edges share; false: there is none (yet). It is asked at each call, since a key ring
	// may be given one while an edge runs.
	Pepper func() (pepper [32]byte, ok bool)
	Now    func() time.Time

	EnrolledFor time.Duration // how long an enrolment mark is kept: at least the longest life of a floor; 0: 720 h

	// Unreadable is told how many entries a Read left out because they say nothing that can be believed; nil: nobody is.
	Unreadable func(ctx context.Context, subject identity.Subject, entries int)
}

// History keeps sightings and enrolment marks. It is safe for concurrent use, by several processes too.
type History struct{ o Options }

// New returns a history over a store.
func New(o Options) *History {
	if o.EnrolledFor == 0 {
		o.EnrolledFor = 720 * time.Hour
	}
	return &History{o}
}

// Record adds a sighting to a subject's history, and drops what is beyond the last 50 of its kind (list says which there are).
// It is kept coarsely (encode says how), for 180 days from now on. Errors are ErrNoPepper, those of the store, or those of a sighting without a time.
func (h *History) Record(ctx context.Context, subject identity.Subject, s policy.Sighting) error {
	const doing = "recording a sighting"
	own, err := h.own(subject)
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	value, err := own.seal(s)
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	if err := h.o.Store.Push(ctx, own.list(&s), value, Kept, KeptFor); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}

// Read returns a subject's sightings, the newest first by their own times; none for who was never seen.
//
// Left out are entries older than 180 days, silently: an active subject's list lives on, its old entries do not. Left out and
// counted for Options.Unreadable are entries that do not open or decode (damaged, moved here from another subject, or of a
// later release). If there are more of these than of all others, the error is ErrUnreadable and the others are returned with
// it: they are not the history of a new user. Entries from the future are returned with the time that they bear: a clock was
// wrong when they were written or is wrong now, and to leave them out would make somebody new, and forget where they were
// seen. What they mean is for policy to say.
func (h *History) Read(ctx context.Context, subject identity.Subject) ([]policy.Sighting, error) {
	const doing = "reading a history"
	own, err := h.own(subject)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	var values [][]byte
	for _, key := range own.lists() {
		list, err := h.o.Store.List(ctx, key)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", doing, err)
		}
		values = append(values, list...)
	}
	sightings, unreadable := own.openAll(values, h.o.Now())
	if unreadable > 0 && h.o.Unreadable != nil {
		h.o.Unreadable(ctx, subject, unreadable)
	}
	if unreadable > len(sightings) {
		return sightings, fmt.Errorf("%s: %w", doing, ErrUnreadable)
	}
	return sightings, nil
}

// openAll sorts out what Read returns and counts.
func (o *owned) openAll(values [][]byte, now time.Time) (sightings []policy.Sighting, unreadable int) {
	oldest := now.Add(-KeptFor)
	for _, value := range values {
		s, err := o.open(value)
		switch {
		case err != nil:
			unreadable++
		case !s.At.Before(oldest):
			sightings = append(sightings, s)
		}
	}
	slices.SortStableFunc(sightings, func(a, b policy.Sighting) int { return b.At.Compare(a.At) })
	return sightings, unreadable
}

// Forget erases a subject's sightings. The enrolment mark stays: it is a digest and a time, says nothing of the person, and
// without it a floor of the log could be satisfied by an authenticator that was enrolled with a stolen password; so erasing
// would lower a requirement. What was kept under another pepper is out of reach; it ends by itself.
func (h *History) Forget(ctx context.Context, subject identity.Subject) error {
	const doing = "forgetting a history"
	own, err := h.own(subject)
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	for _, key := range own.lists() {
		if err := h.o.Store.Erase(ctx, key); err != nil {
			return fmt.Errorf("%s: %w", doing, err)
		}
	}
	return nil
}
