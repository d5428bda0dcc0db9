package risk

import (
	"context"
	"sync"

	"github.com/edgeauth/edgeauth/identity"
)

// turns has the visits of one subject assessed one after the other: those that arrive together would not see one another, and
// three logins of one moment from three time zones would each look like the only one. Other edges take turns of their own. The
// zero value is ready, and safe for concurrent use.
type turns struct {
	mu sync.Mutex // guards all, and who waits
	of map[identity.Subject]*turn
}

type turn struct {
	taken chan struct{} // holds one while somebody has the turn
	users int           // who have it or wait for it
}

// take waits for the subject's turn, or for the end of the context: an assessment without a turn is better than none. The turn is
// over once done is called.
func (t *turns) take(ctx context.Context, s identity.Subject) (done func()) {
	mine := t.enter(s)
	select {
	case mine.taken <- struct{}{}:
		return func() { <-mine.taken; t.leave(s, mine) }
	case <-ctx.Done():
		return func() { t.leave(s, mine) }
	}
}

func (t *turns) enter(s identity.Subject) *turn {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.of == nil {
		t.of = map[identity.Subject]*turn{}
	}
	mine := t.of[s]
	if mine == nil {
		mine = &turn{taken: make(chan struct{}, 1)}
		t.of[s] = mine
	}
	mine.users++
	return mine
}

func (t *turns) leave(s identity.Subject, mine *turn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if mine.users--; mine.users == 0 {
		delete(t.of, s)
	}
}
