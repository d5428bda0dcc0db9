package redis

import (
	"errors"
	"fmt"

	goredis "github.com/redis/go-redis/v9"

	"github.com/edgeauth/edgeauth/revocation"
)

var (
	_ revocation.Stream = (*Store)(nil)
	_ revocation.Sink   = (*Store)(nil)
)

// Store keeps shared state in Redis. It is safe for concurrent use.
type Store struct {
	options Options // with defaults
	keys    keys
	client  goredis.UniversalClient
	reader  goredis.UniversalClient // blocking reads only
	breaker *breaker
	health  *health
}

// New makes a store of valid options. It opens no connection: a server that is down now may be up later, and the first
// call finds out.
func New(o Options) (*Store, error) {
	if err := o.validate(); err != nil {
		return nil, fmt.Errorf("setting up %v: %w", o, err)
	}
	o = o.withDefaults()
	return &Store{
		options: o,
		keys:    keys{o.Prefix},
		client:  commands(o),
		reader:  blocking(o),
		breaker: &breaker{},
		health:  &health{},
	}, nil
}

// Close closes all connections. Calls that are under way end with an error.
func (s *Store) Close() error {
	if err := errors.Join(s.client.Close(), s.reader.Close()); err != nil {
		return fmt.Errorf("closing %v: %w", s.options, err)
	}
	return nil
}

// Status says how the last call went, for a page that shows what works: whether Redis answered it, and a line about it.
func (s *Store) Status() (ok bool, detail string) {
	ok, detail = s.health.read()
	return ok, s.options.String() + ": " + detail
}
