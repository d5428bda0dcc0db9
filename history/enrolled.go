package history

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/edgeauth/edgeauth/identity"
)

// marksKept is more than the enrolments that are written for one subject at the same moment.
const marksKept = 16

var errNoMark = errors.New("an enrolment mark that cannot be read")

// MarkEnrolled notes that the subject enrolled an authenticator in the midst of a step-up, at a time (whole milliseconds
// count). An earlier time than one noted already changes nothing, whichever edge writes first: the store adds without
// replacing, and what is added is never less than what was there a moment before. Errors are those of the store.
func (h *History) MarkEnrolled(ctx context.Context, subject identity.Subject, at time.Time) error {
	const doing = "marking an enrolment"
	if subject.IsZero() {
		return fmt.Errorf("%s: %w", doing, errNobody)
	}
	ms := millis(at)
	if ms == 0 {
		return fmt.Errorf("%s: %w", doing, errNoTime)
	}
	// What cannot be read now hinders Enrolled, not a new mark: a mark that is lost would lower a requirement.
	values, _ := h.o.Store.List(ctx, marksKey(subject))
	latest, _ := latestMark(values)
	if err := h.o.Store.Push(ctx, marksKey(subject), mark(max(ms, latest)), marksKept, h.o.EnrolledFor); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}

// Enrolled returns the latest time that MarkEnrolled noted; the zero Time: none within Options.EnrolledFor. An error means that
// it is not known, which must not count as none. A mark from the future (a clock was wrong) is returned as it stands: it
// may ask for more than it should, never for less.
func (h *History) Enrolled(ctx context.Context, subject identity.Subject) (time.Time, error) {
	const doing = "reading an enrolment mark"
	if subject.IsZero() {
		return time.Time{}, fmt.Errorf("%s: %w", doing, errNobody)
	}
	values, err := h.o.Store.List(ctx, marksKey(subject))
	if err != nil {
		return time.Time{}, fmt.Errorf("%s: %w", doing, err)
	}
	ms, err := latestMark(values)
	if err != nil {
		return time.Time{}, fmt.Errorf("%s: %w", doing, err)
	}
	if ms == 0 {
		return time.Time{}, nil
	}
	return time.UnixMilli(int64(ms)).UTC(), nil
}

// marksKey hangs on no pepper: a mark must outlive a ring that was replaced, and count where a ring has no pepper. It is a
// digest like the names of the log's registers.
func marksKey(subject identity.Subject) string {
	d := identity.Digest("edgeauth enrolled", subject.Issuer, subject.Sub)
	return "enrolled:" + hex.EncodeToString(d[:])
}

// mark is the version and the time in 6 bytes, big-endian.
func mark(ms uint64) []byte {
	b := binary.BigEndian.AppendUint64(nil, ms)[1:]
	b[0] = version
	return b
}

// latestMark returns the greatest of those that can be read, 0 for none, and an error if there are others.
func latestMark(values [][]byte) (latest uint64, err error) {
	for _, v := range values {
		if len(v) != 7 || v[0] != version {
			err = errNoMark
			continue
		}
		latest = max(latest, binary.BigEndian.Uint64(append([]byte{0, 0}, v[1:]...)))
	}
	return latest, err
}
