package revocation

import (
	"errors"
	"log/slog"
	"sync"
)

// trouble tells an operator what keeps the log from being followed: each reason once, whichever shard meets it first, and
// the end. Sixteen shards that fail for the same reason are one line, and a reason that takes another's place is a second.
type trouble struct {
	log *slog.Logger

	mu     sync.Mutex              // guards shards
	shards map[int]map[string]bool // the reasons that each shard met since it went wrong
}

// starting stands for all shards while an edge looks whether they agree.
const starting = -1

func newTrouble(log *slog.Logger) *trouble {
	return &trouble{log: log, shards: map[int]map[string]bool{}}
}

// met takes note of an error.
func (t *trouble) met(shard int, what string, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	reason := reasonOf(err)
	known := t.known(reason)
	if t.shards[shard] == nil {
		t.shards[shard] = map[string]bool{}
	}
	t.shards[shard][reason] = true
	switch {
	case known:
	case shard == starting:
		t.log.Warn(what, "error", err)
	default:
		t.log.Warn(what, "shard", shard, "error", err)
	}
}

func (t *trouble) known(reason string) bool {
	for _, reasons := range t.shards {
		if reasons[reason] {
			return true
		}
	}
	return false
}

// over takes note that a shard is well.
func (t *trouble) over(shard int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.shards[shard] == nil {
		return
	}
	delete(t.shards, shard)
	if len(t.shards) == 0 {
		t.log.Info("the revocation log is followed again")
	}
}

// reasonOf is the same for errors of one kind: the store's word for it where it has one. Texts differ by the ports of
// connections.
func reasonOf(err error) string {
	var worded interface{ Reason() string }
	if errors.As(err, &worded) {
		return worded.Reason()
	}
	return err.Error()
}
