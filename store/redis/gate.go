package redis

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// errCrowded is the cause while a server answers more slowly than it is asked.
var errCrowded = errors.New("not asked, because too many calls wait for it")

// errPanic is what a call leaves behind whose reply the client library could not bear.
var errPanic = errors.New("the reply could not be read")

// maxWaiting is how many calls may wait for a connection to one server. It is far above what a server that answers ever
// sees, and keeps the memory of a flood bounded.
const maxWaiting = 1000

// gate bounds what one server is asked. A call waits for a place, not for longer than one command may take, and only
// while the server answers: once the breaker is open, those who wait are turned away as well.
type gate struct {
	limit   time.Duration // of a command
	places  chan struct{} // one for each connection
	waiting atomic.Int64
	breaker breaker
}

func newGate(connections int, limit time.Duration) *gate {
	return &gate{limit: limit, places: make(chan struct{}, connections)}
}

// pass does what f does, if there is a place and the breaker is closed.
func (g *gate) pass(ctx context.Context, f func() error) error {
	if err := g.breaker.refuses(); err != nil {
		return err
	}
	if err := g.enter(ctx); err != nil {
		return err
	}
	defer func() { <-g.places }()
	if err := g.breaker.admit(); err != nil {
		return err
	}
	said, err := silent, errPanic
	defer func() { g.breaker.done(said, err) }()
	start := time.Now()
	err = f()
	said = g.judge(err, time.Since(start))
	return err
}

func (g *gate) enter(ctx context.Context) error {
	select {
	case g.places <- struct{}{}:
		return nil
	default:
	}
	defer g.waiting.Add(-1)
	if g.waiting.Add(1) > maxWaiting {
		return errCrowded
	}
	patience := time.NewTimer(g.limit)
	defer patience.Stop()
	select {
	case g.places <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-patience.C:
		return errCrowded
	}
}

// judge tells what an error says about the way to the server. A caller who gave up, or whose own deadline came before our
// limit, says nothing.
func (g *gate) judge(err error, took time.Duration) outcome {
	var reply goredis.Error
	var few *fewReplicas
	switch {
	case err == nil, errors.As(err, &reply), errors.As(err, &few):
		return answered
	case errors.Is(err, context.Canceled), isFull(err), isTimeout(err) && took < g.limit:
		return unknown
	}
	return silent
}
