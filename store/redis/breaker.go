package redis

import (
	"fmt"
	"sync"
	"time"
)

// openError is the cause while calls fail at once.
type openError struct{ last error } // what the last call met that went out

func (e *openError) Error() string {
	return fmt.Sprintf("not asked, because several calls in a row had no answer; the last: %v", e.last)
}

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

// breaker is the circuit breaker of one server: a hung server costs a few calls their limit, not all of them. While it is open, one call
// at a time tries; its answer closes it.
type breaker struct {
	mu      sync.Mutex // guards all below
	silent  int        // calls in a row
	retryAt time.Time  // while open: when the next call may try
	trying  bool       // while open: a call is trying
	last    error      // of the last silent call
}

// refuses returns an *openError if admit would turn a call away now.
func (b *breaker) refuses() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.silent >= breakAfter && (b.trying || time.Now().Before(b.retryAt)) {
		return &openError{b.last}
	}
	return nil
}

// admit returns an *openError if a call may not go out. Who was admitted must call done.
func (b *breaker) admit() error {
	if err := b.refuses(); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.silent < breakAfter {
		return nil
	}
	if b.trying {
		return &openError{b.last}
	}
	b.trying = true
	return nil
}

// done takes note of how a call ended.
func (b *breaker) done(o outcome, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.trying = false
	switch o {
	case answered:
		b.silent = 0
	case silent:
		b.silent++
		b.retryAt, b.last = time.Now().Add(breakFor), err
	}
}
