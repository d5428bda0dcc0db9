package policy

import (
	"slices"
	"sync/atomic"
	"time"

	"github.com/edgeauth/edgeauth/identity"
)

// Memo remembers what expressions came to that look at a session alone, so that they are evaluated once and not with each
// request. It is bounded, and belongs to one Session: whoever changes that makes a new one. A nil Memo remembers nothing.
// It is safe for concurrent use.
type Memo struct {
	kept atomic.Pointer[[]judgment] // never changed, but replaced
}

// maxKept is how many judgments one session keeps. A few hundred routes with an expression each are rare, and one person
// who visits them all is rarer.
const maxKept = 32

// situation is what can change about a session while it lives, other than time: its burden. What the log says enters an
// expression only through it.
type situation struct {
	level          identity.Level
	since          time.Time
	reason         string // of the floor, where one was raised
	proven, raised bool
}

func (b *Burden) situation() situation {
	return situation{level: b.Need.Level, since: b.Need.Since, reason: b.Why, proven: b.Proven, raised: b.Raised}
}

func (m *Memo) find(e *Expression, under situation) (judgment, bool) {
	if m == nil {
		return judgment{}, false
	}
	list := m.kept.Load()
	if list == nil {
		return judgment{}, false
	}
	for i := range *list {
		if j := &(*list)[i]; j.of == e && j.under == under {
			return *j, true
		}
	}
	return judgment{}, false
}

// keep adds j in place of what the same expression came to before. Of two that keep at the same moment one is forgotten
// and made again.
func (m *Memo) keep(j judgment) {
	if m == nil {
		return
	}
	list := []judgment{j}
	if old := m.kept.Load(); old != nil && len(*old) < maxKept {
		list = append(list, slices.DeleteFunc(slices.Clone(*old), func(k judgment) bool { return k.of == j.of })...)
	}
	m.kept.Store(&list)
}
