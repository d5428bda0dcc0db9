package proxy

import (
	"hash/maphash"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/edgeauth/edgeauth/admission"
	"github.com/edgeauth/edgeauth/policy"
	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/session"
)

// opened is a session cookie that was opened, with all that does not change while it is kept.
type opened struct {
	session *session.Session
	value   string        // of the cookie
	ring    *session.Ring // that opened it
	family  string        // the session's public name, for records
	policy  policy.Session
	lasts   atomic.Pointer[policy.Session] // policy without an idle end, once it was asked for
	names   revocation.Names
	until   time.Time            // then it is opened again, so that a key that retires ends what it sealed
	memo    atomic.Pointer[memo] // what the log said last
	looking sync.Mutex           // held by the request that has a move assessed
	last    atomic.Pointer[seen] // where the session's requests come from
	lent    atomic.Pointer[lent] // the access token as an upstream got it last
	touched atomic.Int64         // Unix milliseconds: when Tokens is told of the session again
	mu      sync.Mutex           // guards told
	told    []*told              // by upstream; few
}

// memo is a standing and the version of the log of which it is true.
type memo struct {
	version  uint64
	standing policy.Standing
}

// keepOpened is how long an opened cookie is trusted to be still openable.
const keepOpened = time.Minute

// newOpened copies the cookie's value, which is a part of a header that would be kept alive as a whole.
func newOpened(s *session.Session, value string, ring *session.Ring, skew time.Duration, now time.Time) *opened {
	return &opened{
		session: s,
		value:   strings.Clone(value),
		ring:    ring,
		family:  s.Family.String(),
		policy:  admission.Session(s, skew),
		names:   s.Bearer().Names(),
		until:   now.Add(keepOpened),
	}
}

// cache keeps opened cookies under their whole value, for one key ring. It is bounded by two generations: when the
// young one is full it becomes the old one, and the old one is forgotten. Only values that could be opened get in, so
// strangers cannot push others out.
type cache struct {
	ring   *session.Ring
	seed   maphash.Seed
	shards [cacheShards]cacheShard
}

const cacheShards = 32

type cacheShard struct {
	mu         sync.RWMutex // guards the maps
	young, old map[string]*opened
	limit      int // of each generation
}

// newCache keeps at most about size cookies.
func newCache(ring *session.Ring, size int) *cache {
	c := &cache{ring: ring, seed: maphash.MakeSeed()}
	for i := range c.shards {
		c.shards[i] = cacheShard{young: map[string]*opened{}, limit: max(1, size/(2*cacheShards))}
	}
	return c
}

func (c *cache) shard(value string) *cacheShard {
	return &c.shards[maphash.String(c.seed, value)%cacheShards]
}

// get returns what put stored, unless it is too old.
func (c *cache) get(value string, now time.Time) *opened {
	s := c.shard(value)
	s.mu.RLock()
	o, young := s.young[value]
	if !young {
		o = s.old[value]
	}
	s.mu.RUnlock()
	if o == nil || !now.Before(o.until) {
		return nil
	}
	if !young {
		c.put(o)
	}
	return o
}

func (c *cache) put(o *opened) { c.shard(o.value).put(o.value, o) }

func (s *cacheShard) put(value string, o *opened) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.young) >= s.limit {
		s.young, s.old = map[string]*opened{}, s.young
	}
	s.young[value] = o
}
