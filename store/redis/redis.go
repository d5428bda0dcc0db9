package redis

import (
	"errors"
	"fmt"
	"sync/atomic"

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
	budget  *budget
	health  *health
	probe   string // the script that is sent most

	inFlight atomic.Int64
	answered atomic.Bool            // whether the server ever did, be it with an error
	evicts   atomic.Pointer[string] // see Evicts
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
		budget:  newBudget(),
		health:  &health{},
		probe:   bare(probeScript),
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

// Load is how busy a Store is.
type Load struct {
	InFlight    int // calls that have begun and not ended; blocking reads do not count
	Connections int // open ones, to all servers, for commands and for blocking reads
}

// Load says how busy the store is now.
func (s *Store) Load() Load {
	open := s.client.PoolStats().TotalConns + s.reader.PoolStats().TotalConns
	return Load{InFlight: int(s.inFlight.Load()), Connections: int(open)}
}
