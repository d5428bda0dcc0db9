package redis

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/revocation"
)

// chunk bounds the entries in one script, and so how long it holds up the server: a few milliseconds.
const chunk = 200

// Append merges the entries into the snapshots and adds them to the streams of their shards, one step for each chunk of
// a shard. Where too few replicas acknowledge in time, all is written without waiting for more of them, and the error is
// revocation.ErrUnacknowledged; to write the same again changes nothing in the master and asks the replicas anew.
func (s *Store) Append(ctx context.Context, entries []revocation.Entry) error {
	if n := s.options.Acknowledge; n > 0 {
		ctx = demand(ctx, acknowledgement{n, s.options.Command / 2})
	}
	var shards [revocation.Shards][]revocation.Entry
	for _, e := range entries {
		shards[e.Shard()] = append(shards[e.Shard()], e)
	}
	var few error
	for shard, entries := range shards {
		_, err := s.add(ctx, "appending to the log", shard, entries, "")
		if errors.Is(err, revocation.ErrUnacknowledged) {
			few, ctx = err, demand(ctx, acknowledgement{})
			continue
		}
		if err != nil {
			return err
		}
	}
	return few
}

// Reseed gives a shard all entries of an incarnation back, then counts the incarnation among those held and makes it
// current where there is none. What the shard did not know goes to its stream too, so that other edges learn it. If the
// server loses data meanwhile, nothing is counted and the error says so.
func (s *Store) Reseed(ctx context.Context, shard int, inc identity.Incarnation, entries []revocation.Entry) error {
	const doing = "re-seeding the log"
	mark := s.keys.seeding(shard, rand.Uint64())
	chunks, err := s.add(ctx, doing, shard, entries, mark)
	if err != nil {
		return err
	}
	names := []string{s.keys.current(shard), s.keys.held(shard), mark}
	return s.call(ctx, doing, func(ctx context.Context) error {
		counted, err := s.client.Eval(ctx, seededScript, names, inc.String(), chunks).Int()
		if err == nil && counted != 1 {
			err = unexpected("the server lost what was just written")
		}
		return err
	})
}

// add sends entries in chunks and returns how many. mark is the key that notes each chunk, or empty when appending.
func (s *Store) add(ctx context.Context, doing string, shard int, entries []revocation.Entry, mark string) (chunks int, err error) {
	names := []string{s.keys.stream(shard), s.keys.buckets(shard), s.keys.seeding(shard, 0)}
	if mark != "" {
		names[2] = mark
	}
	var few error
	for part := range slices.Chunk(entries, chunk) {
		number := ""
		if mark != "" {
			number = fmt.Sprint(chunks)
		}
		args, err := encode([]any{s.keys.snapStart(shard), number}, part)
		if err != nil {
			return chunks, fmt.Errorf("%s: %w", doing, err)
		}
		err = s.call(ctx, doing, func(ctx context.Context) error {
			return s.client.Eval(ctx, appendScript, names, args...).Err()
		})
		if errors.Is(err, revocation.ErrUnacknowledged) {
			few, ctx, err = err, demand(ctx, acknowledgement{}), nil
		}
		if err != nil {
			return chunks, err
		}
		chunks++
	}
	return chunks, few
}

// encode appends names and values to args. An entry that could not be read back is an error of its maker.
func encode(args []any, entries []revocation.Entry) ([]any, error) {
	for _, e := range entries {
		name, value := e.Encode()
		if _, err := revocation.Decode(name, value); err != nil {
			return nil, fmt.Errorf("encoding an entry: %w", err)
		}
		args = append(args, name, value)
	}
	return args, nil
}

// Begin makes next the current incarnation if expect is, and returns the one that is current then.
func (s *Store) Begin(ctx context.Context, shard int, expect, next identity.Incarnation, isForming bool) (now identity.Incarnation, err error) {
	want, text := "", next.String()
	if !expect.IsZero() {
		want = expect.String()
	}
	if isForming {
		text = forming + text
	}
	names := []string{s.keys.current(shard), s.keys.held(shard)}
	err = s.call(ctx, "beginning an incarnation", func(ctx context.Context) error {
		reply, err := s.client.Eval(ctx, beginScript, names, want, next.String(), text).Text()
		if err != nil {
			return err
		}
		now, _, err = parseCurrent(reply)
		return err
	})
	if err != nil {
		return identity.Incarnation{}, err
	}
	return now, nil
}
