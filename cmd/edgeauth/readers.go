package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/edgeauth/edgeauth/revocation"
)

// readers says which edges have read what was in a shard of the log at one moment.
type readers struct {
	Read   []string `json:"read"`   // edges, by name
	Behind []string `json:"behind"` // edges that have not, as far as is known, with when they were last heard
}

// String is one line.
func (r readers) String() string {
	all := len(r.Read) + len(r.Behind)
	if len(r.Behind) > 0 {
		return fmt.Sprintf("%d of %d edges have read it; not yet, as far as is known: %s", len(r.Read), all, strings.Join(r.Behind, ", "))
	}
	return fmt.Sprintf("Read by %d of %d edges: %s.", all, all, strings.Join(r.Read, ", "))
}

// errNobodyTells is a log in which no edge speaks of itself.
var errNobodyTells = errors.New("no edge tells how far it has read the log: none runs, or all are of an earlier release")

// look is how often the log is asked whether all have read it.
const look = 250 * time.Millisecond

// prober is a log that can be asked who follows it.
type prober interface {
	Probe(ctx context.Context, shard int, mine revocation.Beat) (revocation.Head, error)
}

// awaitReaders waits until all edges that tell of themselves have read what is in a shard now, or until the context ends, and says
// how far they came.
func awaitReaders(ctx context.Context, log prober, shard int) (r readers, err error) {
	var now revocation.Millis // when this began, by the log's clock
	var life string
	for known := false; ; {
		head, asked := log.Probe(ctx, shard, revocation.Beat{})
		switch {
		case asked != nil && !known:
			err = asked
		case asked == nil:
			if !known || head.Life != life { // another server may have another clock, and lack what the last one had
				now, life, known = head.Time, head.Life, true
			}
			if r, err = readersOf(head, now); err == nil && len(r.Behind) == 0 {
				return r, nil
			}
		}
		select {
		case <-ctx.Done():
			return r, err
		case <-time.After(look):
		}
	}
}

// readersOf tells those who have read a shard past a moment from the others.
func readersOf(head revocation.Head, now revocation.Millis) (r readers, err error) {
	for _, b := range head.Beats {
		if b.Read > now && b.At <= head.Time { // within one millisecond nobody knows what came first
			r.Read = append(r.Read, b.Origin.Name())
			continue
		}
		heard := max(0, head.Time.Time().Sub(b.At.Time())).Round(time.Second)
		r.Behind = append(r.Behind, fmt.Sprintf("%s (last heard %s ago)", b.Origin.Name(), heard))
	}
	if len(head.Beats) == 0 {
		return r, errNobodyTells
	}
	slices.Sort(r.Read)
	slices.Sort(r.Behind)
	return r, nil
}

// wireReaders asks a running edge who has read a shard.
type wireReaders struct {
	Shard int
	Wait  time.Duration
}

// longestWait bounds how long a question may take.
const longestWait = 5 * time.Minute

// readers answers it.
func (e *edge) readers(ctx context.Context, in wireReaders) (readers, error) {
	if in.Shard < 0 || in.Shard >= revocation.Shards {
		return readers{}, fmt.Errorf("the log has no shard %d", in.Shard)
	}
	ctx, cancel := context.WithTimeout(ctx, min(max(in.Wait, look), longestWait))
	defer cancel()
	return awaitReaders(ctx, e.store, in.Shard)
}

// errNotInLog is why nobody is waited for.
var errNotInLog = errors.New("other edges cannot have read it, because it is not in the log yet")

// waitFlag adds --wait to a command that ends sessions.
func waitFlag(cmd *cobra.Command, wait *time.Duration, more string) {
	cmd.Flags().DurationVar(wait, "wait", 0, "wait so long until every edge is seen to have read it, as in 10s; fail if one has not"+more)
}

// checkWait refuses times that nobody can wait for, before anything is done.
func checkWait(wait time.Duration) error {
	if wait < 0 || wait > longestWait {
		return fmt.Errorf("--wait %s: want a time from 0s (no waiting) to %s", wait, longestWait)
	}
	return nil
}

// await says which edges have read what was just written. That not all have is an error.
func (f revokeFlags) await(cmd *cobra.Command, socket string, shard int) (r readers, err error) {
	ctx, cancel := context.WithTimeout(cmd.Context(), f.wait+5*time.Second)
	defer cancel()
	err = askEdge(ctx, socket, "/readers", wireReaders{shard, f.wait}, &r)
	if errors.Is(err, errNoEdge) {
		r, err = f.awaitItself(cmd, shard)
	}
	switch {
	case err != nil:
		return r, fmt.Errorf("it is written, but who has read it cannot be told: %w", err)
	case len(r.Behind) > 0:
		return r, fmt.Errorf("it is written, but after %s %s", f.wait, r)
	}
	return r, nil
}

// awaitItself asks the store, where no edge runs that could be asked.
func (f revokeFlags) awaitItself(cmd *cobra.Command, shard int) (readers, error) {
	cfg, err := loadPart(f.config, cmd.ErrOrStderr(), "server.data_dir", "store")
	if err != nil {
		return readers{}, err
	}
	st, err := openExisting(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		return readers{}, err
	}
	defer st.Close()
	ctx, cancel := context.WithTimeout(cmd.Context(), f.wait)
	defer cancel()
	return awaitReaders(ctx, st, shard)
}
