package redis

import (
	"context"
	"errors"
	"fmt"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/edgeauth/edgeauth/store"
)

// call is the door for every command: it bounds the time, asks the breaker, and turns every failure into a
// *store.Unavailable. f handles redis.Nil itself; it means absence, not failure.
func (s *Store) call(ctx context.Context, doing string, f func(context.Context) error) error {
	if err := ctx.Err(); err != nil {
		return s.unavailable(doing, err)
	}
	if !s.breaker.admit() {
		return s.unavailable(doing, errOpen)
	}
	limited, cancel := context.WithTimeout(ctx, s.options.Connect+s.options.Command)
	defer cancel()
	start := time.Now()
	err := guard(func() error { return f(limited) })
	o := s.judge(ctx, err, time.Since(start))
	s.breaker.done(o)
	if err != nil {
		err = s.unavailable(doing, err)
	}
	if o != unknown {
		s.health.note(err)
	}
	return err
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

// judge tells what an error says about the way to Redis. A caller who gave up earlier than we would have done says
// nothing.
func (s *Store) judge(ctx context.Context, err error, took time.Duration) outcome {
	var reply goredis.Error
	var shape *replyError
	switch {
	case err == nil, errors.As(err, &reply), errors.As(err, &shape):
		return answered
	case ctx.Err() != nil && (errors.Is(ctx.Err(), context.Canceled) || took < s.options.Command):
		return unknown
	}
	return silent
}

func (s *Store) unavailable(doing string, err error) error {
	return &store.Unavailable{Doing: doing, Where: s.options.String(), Err: s.clean(err)}
}
