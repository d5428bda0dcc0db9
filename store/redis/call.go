package redis

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/edgeauth/edgeauth/store"
)

// call is the door for every command: it bounds the time, tries again where that helps, and turns every failure into a
// *store.Unavailable. f may run twice, so what it asks for must be repeatable. It handles redis.Nil itself; that means
// absence, not failure.
func (s *Store) call(ctx context.Context, doing string, f func(context.Context) error) error {
	if err := ctx.Err(); err != nil {
		return s.unavailable(doing, err)
	}
	s.inFlight.Add(1)
	defer s.inFlight.Add(-1)
	limited, cancel := context.WithTimeout(ctx, s.options.whole())
	defer cancel()
	start := time.Now()
	err := s.attempts(limited, f)
	took := time.Since(start)
	s.met(err)
	cause, _ := explain(reveal(err))
	if own := ended(ctx); own != nil && cause == Timeout {
		err = own
		if took < s.options.Command {
			cause = GaveUp
		}
	}
	if err != nil {
		err = s.unavailable(doing, err)
	}
	s.note(cause, err, took)
	return err
}

// met takes note that the server speaks to us.
func (s *Store) met(err error) {
	var reply goredis.Error
	if err == nil || errors.As(reveal(err), &reply) {
		s.answered.Store(true)
	}
}

// ended tells how a caller's own limit ended; nil: it did not. The connection's deadline may come a moment before the context's.
func ended(ctx context.Context) error {
	if deadline, ok := ctx.Deadline(); ok && !time.Now().Before(deadline) {
		return context.DeadlineExceeded
	}
	return ctx.Err()
}

// note tells those who want to know how a call went.
func (s *Store) note(cause Cause, err error, took time.Duration) {
	s.options.Observer.Called(cause, took)
	if cause == None {
		s.budget.earn()
	}
	if cause != GaveUp {
		s.health.note(err)
	}
}

// attempts runs f, and once more if the failure may be one of the connection alone and the budget allows.
func (s *Store) attempts(ctx context.Context, f func(context.Context) error) error {
	err := guard(func() error { return f(ctx) })
	if err == nil {
		return nil
	}
	cause, _ := explain(reveal(err))
	s.reload(ctx, s.client, cause)
	if !passing(cause) {
		return err
	}
	granted := s.budget.spend()
	s.options.Observer.Retried(granted)
	if !granted || !pause(ctx, 8*time.Millisecond+rand.N(56*time.Millisecond)) {
		return err
	}
	return guard(func() error { return f(ctx) })
}

// passing reports whether another connection may do better at once. A server that is silent or refuses will not.
func passing(c Cause) bool {
	switch c {
	case Lost, Unreachable, "readonly", "tryagain":
		return true
	}
	return false
}

// reload has the cluster's client look anew which node is the master of what, after a failure that may come of a failover.
// go-redis does so by itself only when a node sends it elsewhere, which a dead one does not.
func (s *Store) reload(ctx context.Context, client goredis.UniversalClient, cause Cause) {
	cluster, ok := client.(*goredis.ClusterClient)
	if !ok {
		return
	}
	switch cause {
	case Lost, Unreachable, Timeout, "readonly":
		cluster.ReloadState(ctx)
	}
}

// pause waits, and reports whether the context goes on.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// guard turns a panic into an error. go-redis panics (makeslice) when a reply announces an impossible length; it has put
// its connection away by then. Only the call that met it fails.
func guard(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("reading the reply: %v", p)
		}
	}()
	return f()
}

func (s *Store) unavailable(doing string, err error) error {
	where := s.options.String()
	var at *nodeError
	if errors.As(err, &at) && at.addr != "" {
		where += ", node " + at.addr
	}
	return &store.Unavailable{Doing: doing, Where: where, Err: s.clean(where, reveal(err))}
}

// reveal returns what happened at a node.
func reveal(err error) error {
	var at *nodeError
	if errors.As(err, &at) {
		return at.err
	}
	return err
}
