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
	LaneLogout             // the token came from anyone, as a logout token
	LaneAccess             // the token came from anyone, as an access token for our own API
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

	mu         sync.Mutex // guards what follows
	current    *reading   // the reading under way, nil for none
	keys       []key
	begun      int   // readings begun so far
	from       int   // the number of the reading that brought keys; 0: none yet
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

// Verify returns the payload of a compact token whose alg and kid are the given ones, verified. A kid that is not known
// makes the set be read again, within the lane's allowance. Its error is ErrSignature or ErrUnavailable.
func (s *Set) Verify(ctx context.Context, raw, alg, kid string, lane Lane) ([]byte, error) {
	token, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(alg)})
	if err != nil {
		return nil, fmt.Errorf("%w: malformed", ErrSignature)
	}
	for arrived := s.readings(); ; {
		candidates, from := s.candidates(alg, kid)
		if payload, ok := try(token, candidates); ok {
			return payload, nil
		}
		known := kid != "" && len(candidates) > 0
		if known || from > arrived { // the key did not make it, or keys read after the token came do not know it
			return nil, ErrSignature
		}
		if err := s.renew(ctx, from, lane); err != nil {
			return nil, err
		}
	}
}

func (s *Set) readings() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.begun
}

func try(token *jose.JSONWebSignature, candidates []key) ([]byte, bool) {
	for _, k := range candidates {
		if payload, err := token.Verify(k.public); err == nil {
			return payload, true
		}
	}
	return nil, false
}

func (s *Set) candidates(alg, kid string) (found []key, from int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range s.keys {
		if len(found) < maxCandidates && k.serves(alg) && (kid == "" || k.id == kid) {
			found = append(found, k)
		}
	}
	return found, s.from
}
