package redis

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	goredis "github.com/redis/go-redis/v9"

	"github.com/edgeauth/edgeauth/store"
)

const (
	walkLeast, walkMost = 100, 1000 // keys that one step looks at, of whatever kind
	walkKeys            = 20_000    // that one call looks at, so that it ends soon where there are few rolls among many keys
)

// Walk calls each with the rows of some rolls, which come after a cursor in an order of Redis' own, and returns the cursor to go
// on with; an empty one begins, and ends. It goes on until there were at least as many rows as least says, and stops earlier
// where there are many other keys: then few rows came, or none, and there are more. A roll that is there from beginning to end is
// met at least once; some may be met twice. In a cluster the masters are walked one after the other, by their addresses; what
// moves between them meanwhile, as in a failover, may be missed. Errors are *store.Unavailable, or store.ErrCursor.
func (s *Store) Walk(ctx context.Context, after string, least int, each func(key, row string, value []byte)) (next string, err error) {
	const doing = "walking the rolls"
	at, err := parsePlace(after)
	if err != nil {
		return "", err
	}
	masters, err := s.masters(ctx, doing)
	if err != nil {
		return "", err
	}
	count := min(max(least, walkLeast), walkMost)
	for met, seen := 0, 0; met < least && seen < walkKeys; seen += count {
		m, there := at.of(masters)
		if !there {
			return "", nil
		}
		names, err := s.step(ctx, doing, m, &at, count)
		if err != nil {
			return "", err
		}
		for _, name := range names {
			rows, err := s.rowsOf(ctx, doing, name)
			if err != nil {
				return "", err
			}
			for row, value := range rows {
				each(strings.TrimPrefix(name, s.keys.roll("")), row, value)
			}
			met += len(rows)
		}
	}
	if _, more := at.of(masters); !more {
		return "", nil
	}
	return at.String(), nil
}

// master is one node that holds keys.
type master struct {
	addr   string // empty where there is one only
	client goredis.UniversalClient
}

func (s *Store) masters(ctx context.Context, doing string) ([]master, error) {
	cluster, ok := s.client.(*goredis.ClusterClient)
	if !ok {
		return []master{{client: s.client}}, nil
	}
	var mu sync.Mutex // guards all, which go-redis fills from several goroutines
	var all []master
	err := s.call(ctx, doing, func(ctx context.Context) error {
		return cluster.ForEachMaster(ctx, func(_ context.Context, c *goredis.Client) error {
			mu.Lock()
			defer mu.Unlock()
			all = append(all, master{c.Options().Addr, c})
			return nil
		})
	})
	slices.SortFunc(all, func(a, b master) int { return cmp.Compare(a.addr, b.addr) })
	return all, err
}

// step reads the names of some rolls of a master and moves the place on.
func (s *Store) step(ctx context.Context, doing string, m master, at *place, count int) (names []string, err error) {
	err = s.call(ctx, doing, func(ctx context.Context) error {
		found, cursor, err := m.client.ScanType(ctx, at.cursor, literal(s.keys.roll(""))+"*", int64(count), "hash").Result()
		if err != nil {
			return err
		}
		names = found
		*at = place{addr: m.addr, cursor: cursor, done: cursor == 0}
		return nil
	})
	return names, err
}

// literal escapes what a pattern of Redis would not take for itself.
func literal(text string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `]`, `\]`).Replace(text)
}

// place is how far a walk has come: up to the cursor of one master, after all those whose addresses sort before it.
type place struct {
	addr   string
	cursor uint64
	done   bool // with this master
}

// of returns the master where the walk goes on; false at its end. Where a master is gone, it is the one after.
func (p *place) of(masters []master) (master, bool) {
	for _, m := range masters {
		if m.addr == p.addr && !p.done {
			return m, true
		}
		if m.addr > p.addr {
			*p = place{addr: m.addr}
			return m, true
		}
	}
	return master{}, false
}

// String writes a place as a cursor: `7`, in a cluster `7@host:port`.
func (p place) String() string {
	if p.addr == "" {
		return strconv.FormatUint(p.cursor, 10)
	}
	return fmt.Sprintf("%d@%s", p.cursor, p.addr)
}

func parsePlace(after string) (place, error) {
	if after == "" {
		return place{}, nil
	}
	number, addr, _ := strings.Cut(after, "@")
	cursor, err := strconv.ParseUint(number, 10, 64)
	if err != nil {
		return place{}, fmt.Errorf("%w: %.60q", store.ErrCursor, after)
	}
	return place{addr: addr, cursor: cursor}, nil
}
