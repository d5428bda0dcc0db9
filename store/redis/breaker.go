package redis

import (
	"errors"
	"sync"
	"time"
)

// errOpen is the cause while calls fail at once.
var errOpen = errors.New("not asked, because several calls in a row had no answer")

const (
	breakAfter = 5                      // calls in a row without an answer
	breakFor   = 500 * time.Millisecond // until one call may try
)

// outcome is what a call says about the way to Redis.
type outcome uint8

const (
	answered outcome = iota + 1 // Redis said something, be it an error
	silent                      // no answer within the limit, or none that could be read
	unknown                     // the caller gave up first
)

// breaker is a circuit breaker: a hung server costs a few calls their limit, not all of them. While it is open, one call
// at a time tries; its answer closes it.
type breaker struct {
	mu      sync.Mutex // guards all below
	silent  int        // calls in a row
	retryAt time.Time  // while open: when the next call may try
	trying  bool       // while open: a call is trying
}

// admit reports whether a call may go out. Who was admitted must call done.
func (b *breaker) admit() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.silent < breakAfter {
		return true
	}
	if b.trying || time.Now().Before(b.retryAt) {
		return false
	}
	b.trying = true
	return true
}

func (b *breaker) done(o outcome) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.trying = false
	switch o {
	case answered:
		b.silent = 0
	case silent:
		b.silent++
		b.retryAt = time.Now().Add(breakFor)
	}
}
