// Package jwks holds the public signing keys of one OpenID provider (RFC 7517) and verifies signatures with them. It owns
// which keys may be used, for which algorithm, and how often the provider may be asked for them anew. It must not
// know tokens beyond their header, nor how the provider is reached.
package jwks

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/go-jose/go-jose/v4"
)

// Bounds on the work that one token or one key set can cause.
const (
	maxKeys       = 100 // kept of a set; further ones are ignored
	maxCandidates = 4   // keys tried for one token
)

// Lane says who brought a token. Lanes have separate allowances for asking the provider again, so that strangers who
// post junk to the logout endpoint cannot use up the one that a login after a key rotation needs.
type Lane uint8

// The lanes.
const (
	LaneLogin  Lane = iota // the token came from the provider's token endpoint
	LaneLogout             // the token came from anyone
	lanes
)

var (
	// ErrUnavailable: the keys that would tell could not be had.
	ErrUnavailable = errors.New("the provider's keys cannot be had")
	// ErrSignature: none of the provider's keys made this signature.
	ErrSignature = errors.New("no key of the provider made this signature")
)

// Config says whose keys they are.
type Config struct {
	Algorithms []string                              // those that may be used
	Fetch      func(context.Context) ([]byte, error) // reads the key set; bounds time and size itself
	Now        func() time.Time
	Log        *slog.Logger
}

// Set is a provider's keys. It is safe for concurrent use and starts empty.
type Set struct {
	config Config
	flight singleflight.Group

	mu         sync.Mutex // guards what follows
	keys       []key
	generation int   // counts successful readings; 0: never read
	failed     error // of the last reading; nil if it worked
	allowances [lanes]allowance
}

// New makes an empty set, without any network.
func New(config Config) *Set {
	s := &Set{config: config}
	for i := range s.allowances {
		s.allowances[i] = newAllowance(config.Now())
	}
	return s
}

// Refresh reads the set now, together with whoever is doing so already. On error the keys known so far stay in use.
func (s *Set) Refresh(ctx context.Context) error {
	// The reading outlives the request that began it: others wait for it too. Fetch bounds its time.
	result := s.flight.DoChan("", func() (any, error) { return nil, s.read(context.WithoutCancel(ctx)) })
	select {
	case r := <-result:
		return r.Err
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", ErrUnavailable, ctx.Err())
	}
}

func (s *Set) read(ctx context.Context) error {
	body, err := s.config.Fetch(ctx)
	var keys []key
	var skipped []string
	if err == nil {
		keys, skipped, err = parse(body, s.config.Algorithms)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.failed = fmt.Errorf("%w: %w", ErrUnavailable, err)
		return s.failed
	}
	s.keys, s.failed, s.generation = keys, nil, s.generation+1
	s.config.Log.LogAttrs(ctx, slog.LevelDebug, "read the provider's keys",
		slog.Int("usable", len(keys)), slog.Any("skipped", skipped))
	return nil
}

// Verify returns the payload of a compact token whose alg and kid are the given ones, verified. A kid that is not known
// makes the set be read again, within the lane's allowance. Its error is ErrSignature or ErrUnavailable.
func (s *Set) Verify(ctx context.Context, raw, alg, kid string, lane Lane) ([]byte, error) {
	token, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(alg)})
	if err != nil {
		return nil, fmt.Errorf("%w: malformed", ErrSignature)
	}
	candidates, generation := s.candidates(alg, kid)
	if payload, ok := try(token, candidates); ok {
		return payload, nil
	}
	if kid != "" && len(candidates) > 0 {
		return nil, ErrSignature // the key is known and did not make it
	}
	if err := s.renew(ctx, generation, lane); err != nil {
		return nil, err
	}
	candidates, _ = s.candidates(alg, kid)
	if payload, ok := try(token, candidates); ok {
		return payload, nil
	}
	return nil, ErrSignature
}

func try(token *jose.JSONWebSignature, candidates []key) ([]byte, bool) {
	for _, k := range candidates {
		if payload, err := token.Verify(k.public); err == nil {
			return payload, true
		}
	}
	return nil, false
}

func (s *Set) candidates(alg, kid string) (found []key, generation int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range s.keys {
		if len(found) < maxCandidates && k.serves(alg) && (kid == "" || k.id == kid) {
			found = append(found, k)
		}
	}
	return found, s.generation
}

// renew reads the set again, unless someone has done so since generation or the allowance is used up. The latter is no
// error where the last reading worked: the keys are then fresh, and the token's is not among them.
func (s *Set) renew(ctx context.Context, generation int, lane Lane) error {
	s.mu.Lock()
	if s.generation != generation {
		s.mu.Unlock()
		return nil
	}
	allowed := s.allowances[lane].take(s.config.Now())
	known, failed := s.generation > 0, s.failed
	s.mu.Unlock()
	switch {
	case allowed:
		return s.Refresh(ctx)
	case failed != nil:
		return failed
	case !known:
		return ErrUnavailable
	}
	return nil
}
