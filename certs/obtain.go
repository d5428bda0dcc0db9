package certs

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/caddyserver/certmagic"
)

const (
	firstRetry = time.Second
	lastRetry  = 30 * time.Minute
)

// run obtains what is missing, lets certmagic renew what is there, and returns when ctx ends.
func (s *acmeSource) run(ctx context.Context) error {
	e := s.start()
	s.engine.Store(e)
	defer func() {
		s.engine.Store(nil)
		e.cache.Stop()
	}()
	var hosts sync.WaitGroup
	for _, host := range s.hosts {
		hosts.Go(func() { s.obtain(ctx, e, host) })
	}
	hosts.Wait()
	<-ctx.Done()
	return nil
}

// obtain tries until host has a certificate. Once one is loaded, even an expired one, its renewal is certmagic's.
//
// certmagic's own first retry comes after a minute and its last after 30 days. Here the first comes after a second,
// because a CA that is unreachable while a machine boots is back soon, and there is no last.
func (s *acmeSource) obtain(ctx context.Context, e *engine, host string) {
	attempts := 0
	// certmagic counts by this value: from the second attempt on it asks Let's Encrypt's staging CA first, so that
	// failures do not use up the limits of the real one.
	counted := context.WithValue(ctx, certmagic.AttemptsCtxKey, &attempts)
	for wait := firstRetry; ; wait = min(2*wait, lastRetry) {
		err := e.config.ManageSync(counted, []string{host})
		if ctx.Err() != nil {
			return
		}
		s.note(host, err)
		if e.holds(host) || !sleep(ctx, jitter(wait)) {
			return
		}
		attempts++
	}
}

// jitter spreads d over its upper half, so that edges which lost a CA together do not return to it together.
func jitter(d time.Duration) time.Duration { return d/2 + rand.N(d/2) }

// sleep waits for d and reports false when ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
