package redis

import (
	"context"
	"crypto/rand"
	"math"
	"strconv"
	"strings"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/revocation"
)

const forming = "forming "

// maxOrigins is how many edges a shard hears of; if there are more, those that spoke last.
const maxOrigins = 200

// Probe tells this edge's beat and returns the shard's head, in one step. Head.Trimmed may lie past the newest
// entry that was trimmed away, but always before the first that is kept: Redis does not keep it exactly.
func (s *Store) Probe(ctx context.Context, shard int, mine revocation.Beat) (head revocation.Head, err error) {
	names := []string{s.keys.stream(shard), s.keys.current(shard), s.keys.held(shard), s.keys.beat(shard), s.keys.life(shard), s.keys.origins(shard)}
	said, hear := mine.Encode(), 1
	if mine.Gone {
		said = ""
	}
	if mine.Deaf {
		hear = 0
	}
	err = s.call(ctx, "probing the log", func(ctx context.Context) error {
		reply, err := s.client.Eval(ctx, s.probe, names, rand.Text(), string(mine.Origin), said, revocation.BeatLife.Milliseconds(), maxOrigins, hear).Slice()
		if err != nil {
			return err
		}
		head, err = parseHead(reply)
		return err
	})
	if err != nil {
		return revocation.Head{}, err
	}
	return head, nil
}

func parseHead(reply []any) (head revocation.Head, err error) {
	if len(reply) != 10 {
		return head, unexpected("a head of %d parts", len(reply))
	}
	current, ok1 := reply[0].(string)
	held, ok2 := reply[1].([]any)
	last, ok3 := reply[2].(string)
	deleted, ok4 := reply[3].(string)
	added, ok5 := reply[4].(int64)
	length, ok6 := reply[5].(int64)
	first, ok7 := reply[6].(string)
	life, ok8 := reply[7].(string)
	now, ok9 := reply[8].(int64)
	if !(ok1 && ok2 && ok3 && ok4 && ok5 && ok6 && ok7 && ok8 && ok9) {
		return head, unexpected("a head with parts of other types")
	}
	if head.Current, head.Forming, err = parseCurrent(current); err != nil {
		return head, err
	}
	if head.Last, err = parseCursor(last); err != nil {
		return head, err
	}
	head.Held, head.Life, head.Time = parseHeld(held), life, revocation.Millis(now)
	head.Beats, head.Unread = parseBeats(reply[9])
	head.Trimmed, err = trimmed(head.Last, deleted, added > length, first)
	return head, err
}

// parseCurrent reads `<hex>` or `forming <hex>`; nothing is the zero Incarnation.
func parseCurrent(text string) (inc identity.Incarnation, isForming bool, err error) {
	if text == "" {
		return inc, false, nil
	}
	hex, isForming := strings.CutPrefix(text, forming)
	inc, err = identity.ParseIncarnation(hex)
	if err != nil {
		return inc, false, unexpected("current %v", err)
	}
	return inc, isForming, nil
}

// parseHeld leaves out what is no incarnation: it can't be one that anybody minted under.
func parseHeld(members []any) (held []identity.Incarnation) {
	for _, m := range members {
		text, _ := m.(string)
		if inc, err := identity.ParseIncarnation(text); err == nil {
			held = append(held, inc)
		}
	}
	return held
}

// trimmed works out an upper bound of the entries that are gone. Redis keeps the greatest id that XDEL took; of
// trimming it keeps only that more was added than is left.
func trimmed(last revocation.Cursor, deleted string, shorter bool, first string) (revocation.Cursor, error) {
	gone, err := parseCursor(deleted)
	if err != nil || !shorter {
		return gone, err
	}
	if first == "" {
		return last, nil
	}
	kept, err := parseCursor(first)
	if err != nil {
		return gone, err
	}
	if before := predecessor(kept); before.Compare(gone) > 0 {
		gone = before
	}
	return gone, nil
}

func predecessor(c revocation.Cursor) revocation.Cursor {
	if c.Minor > 0 {
		return revocation.Cursor{Major: c.Major, Minor: c.Minor - 1}
	}
	if c.Major > 0 {
		return revocation.Cursor{Major: c.Major - 1, Minor: math.MaxUint64}
	}
	return c
}

// parseCursor reads a Redis stream id.
func parseCursor(id string) (revocation.Cursor, error) {
	a, b, found := strings.Cut(id, "-")
	major, err1 := strconv.ParseUint(a, 10, 64)
	minor, err2 := strconv.ParseUint(b, 10, 64)
	if !found || err1 != nil || err2 != nil {
		return revocation.Cursor{}, unexpected("stream id %.50q", id)
	}
	return revocation.Cursor{Major: major, Minor: minor}, nil
}
