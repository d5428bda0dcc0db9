package proxy

import (
	"sync"
	"time"

	"github.com/edgeauth/edgeauth/identity"
)

const (
	// movesAtOnce is how many moves of one login's sessions are assessed at once; then there is one for each assessAgain.
	// Nobody moves that often, and each assessment reads and writes the store.
	movesAtOnce = 20
	// maxMoving bounds the logins that are remembered, in each of two generations.
	maxMoving = 10_000
)

// pace bounds how often the sessions of one login are assessed. A cookie that is renewed does not begin anew: it keeps its
// family.
type pace struct {
	mu         sync.Mutex                    // guards the maps
	young, old map[identity.Family]time.Time // when all that was assessed is paid off, at one for each assessAgain
}

// permits reports whether a login's session may be assessed, and counts that.
func (p *pace) permits(f identity.Family, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	paid, known := p.young[f]
	if !known {
		paid = p.old[f]
	}
	if paid.Before(now) {
		paid = now
	}
	if paid.Sub(now) > (movesAtOnce-1)*assessAgain {
		return false
	}
	if p.young == nil || len(p.young) >= maxMoving {
		p.young, p.old = map[identity.Family]time.Time{}, p.young
	}
	p.young[f] = paid.Add(assessAgain)
	return true
}
