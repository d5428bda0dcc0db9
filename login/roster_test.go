package login_test

import (
	"context"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/session"
	"github.com/edgeauth/edgeauth/sessions"
)

// roster keeps the index of sessions in the shop, and knows places by their networks.
func (b *bed) roster(keys func() *session.Ring, log *revocation.Replica) roster {
	b.shop.rolls.shop = b.shop
	x := sessions.New(sessions.Options{Store: &b.shop.rolls, Keys: keys, Log: log, Now: b.now})
	return roster{x, sessions.NewRecorder(x, func(sessions.Outcome) {}), b}
}

type roster struct {
	*sessions.Index
	*sessions.Recorder
	bed *bed
}

func (r roster) Issued(ctx context.Context, s *session.Session, v sessions.Visit) {
	seen := sessions.Sight{LastSeen: r.bed.now().UTC().Truncate(time.Millisecond), Host: v.Host, Provider: "one",
		Place: sessions.Place{Country: "DE", City: "Berlin", Network: "Example Net", Prefix: "203.0.113.0/24"}}
	if name, system, found := strings.Cut(v.Agent, " on "); found {
		seen.Client = sessions.Client{Browser: name, OS: system, Kind: "desktop"}
	}
	r.Recorder.Record(ctx, sessions.Of(s, seen))
}

// rolls are the tables of a shop. Their rows do not end.
type rolls struct {
	shop   *shop
	broken atomic.Bool // these alone
	mu     sync.Mutex  // guards tables
	tables map[string]map[string][]byte
}

func (r *rolls) with(do func()) error {
	if r.shop.away.Load() || r.broken.Load() {
		return errAway
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	do()
	return nil
}

// empty is what a store that lost its data does.
func (r *rolls) empty() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tables = nil
}

func (r *rolls) Enter(_ context.Context, key, row string, value []byte, _ int, _ time.Duration) error {
	return r.with(func() {
		if r.tables == nil {
			r.tables = map[string]map[string][]byte{}
		}
		if r.tables[key] == nil {
			r.tables[key] = map[string][]byte{}
		}
		r.tables[key][row] = value
	})
}

func (r *rolls) Roll(_ context.Context, key string) (rows map[string][]byte, err error) {
	err = r.with(func() { rows = maps.Clone(r.tables[key]) })
	return rows, err
}

func (r *rolls) Strike(_ context.Context, key, row string) error {
	return r.with(func() { delete(r.tables[key], row) })
}

func (r *rolls) Walk(context.Context, string, int, func(key, row string, value []byte)) (string, error) {
	return "", nil
}
