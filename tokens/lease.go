package tokens

import (
	"context"
	"crypto/rand"
	"sync"
	"time"

	"github.com/edgeauth/edgeauth/session"
)

const (
	// leaseLife is how long others wait for an edge that died.
	leaseLife  = 6 * time.Second
	leaseRenew = 2 * time.Second
	// leaseSure is for how long after it was asked for a lease is certainly held.
	leaseSure = 4 * time.Second
)

// lease is the permission of the fleet to redeem a session's refresh token.
type lease struct {
	leases Leases
	key    string
	holder []byte
	now    func() time.Time

	mu    sync.Mutex // guards asked
	asked time.Time  // when the last request that was granted was sent
}

// lease asks for it; false: another edge has it.
func (j *journey) lease(ctx context.Context) (*lease, bool, error) {
	l := &lease{leases: j.opt.Leases, key: session.VaultKey(j.session), holder: []byte(rand.Text()), now: time.Now}
	l.asked = l.now()
	held, err := l.leases.Acquire(ctx, l.key, l.holder, leaseLife)
	return l, held, err
}

// sure reports whether the lease is certainly held. An edge that was suspended finds that it is not.
func (l *lease) sure() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.now().Sub(l.asked) < leaseSure
}

// during holds the lease while f runs, and releases it.
func (l *lease) during(f func() error) error {
	stop := make(chan struct{})
	var renewing sync.WaitGroup
	renewing.Go(func() { l.renew(stop) })
	err := f()
	close(stop)
	renewing.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), leaseRenew)
	defer cancel()
	_ = l.leases.Release(ctx, l.key, l.holder) // else it ends by itself
	return err
}

// renew prolongs the lease until stop is closed, whatever becomes of it: what f has sent cannot be taken back, and what it
// writes is safe without.
func (l *lease) renew(stop <-chan struct{}) {
	tick := time.NewTicker(leaseRenew)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
		}
		ctx, cancel := context.WithTimeout(context.Background(), leaseRenew)
		sent := l.now()
		if held, err := l.leases.Renew(ctx, l.key, l.holder, leaseLife); err == nil && held {
			l.mu.Lock()
			l.asked = sent
			l.mu.Unlock()
		}
		cancel()
	}
}
