package jwks

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
)

// reading is one request for the key set, shared by all who wait for it.
type reading struct {
	number int           // counts from 1
	done   chan struct{} // closed when err is set
	err    error
}

func (r *reading) wait(ctx context.Context) error {
	select {
	case <-r.done:
		return r.err
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", ErrUnavailable, ctx.Err())
	}
}

// Refresh reads the set now, together with whoever is doing so already. On error the keys known so far stay in use.
func (s *Set) Refresh(ctx context.Context) error {
	s.mu.Lock()
	r := s.read(ctx)
	s.mu.Unlock()
	return r.wait(ctx)
}

// errTooSoon is a token of a key that the provider may have by now.
var errTooSoon = fmt.Errorf("%w: they have been asked for too often to be asked for again", ErrUnavailable)

// renew sees to it that the set is read again, unless it already comes from a later reading than from. A reading that is
// under way is waited for; a new one needs an allowance. Where there is none the error is that of the last reading. If that
// worked it is ErrSignature for a login, and errTooSoon for what anyone may bring: strangers can use that allowance up at the
// very moment when the provider changes its keys, and a logout token that was refused for good would not be sent again.
func (s *Set) renew(ctx context.Context, from int, lane Lane) error {
	s.mu.Lock()
	if s.from != from {
		s.mu.Unlock()
		return nil
	}
	if s.current == nil && !s.allowances[lane].take(s.config.Now()) {
		defer s.mu.Unlock()
		return cmp.Or(s.failed, map[Lane]error{LaneLogin: ErrSignature}[lane], errTooSoon)
	}
	r := s.read(ctx)
	s.mu.Unlock()
	return r.wait(ctx)
}

// read returns the reading under way, or begins one. s.mu is held. The reading outlives the request that began it,
// because others wait for it too; Fetch bounds its time.
func (s *Set) read(ctx context.Context) *reading {
	if s.current == nil {
		s.begun++
		s.current = &reading{number: s.begun, done: make(chan struct{})}
		go s.finish(context.WithoutCancel(ctx), s.current)
	}
	return s.current
}

func (s *Set) finish(ctx context.Context, r *reading) {
	var keys []key
	var skipped []string
	body, err := s.config.Fetch(ctx)
	if err == nil {
		keys, skipped, err = parse(body, s.config.Algorithms)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current, s.failed = nil, nil; err != nil {
		s.failed = fmt.Errorf("%w: %w", ErrUnavailable, err)
	} else {
		s.keys, s.from = keys, r.number
	}
	r.err = s.failed
	close(r.done)
	s.config.Log.LogAttrs(ctx, slog.LevelDebug, "read the provider's keys", slog.Int("usable", len(keys)),
		slog.Any("skipped", skipped), slog.Bool("failed", err != nil))
}
