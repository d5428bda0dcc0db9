package file

import (
	"sync"

	"github.com/edgeauth/edgeauth/revocation"
)

// beats are what edges tell of themselves, in memory: whoever asks this store runs in this process.
type beats struct {
	mu     sync.Mutex // guards shards
	shards [revocation.Shards]map[revocation.Origin]revocation.Beat
}

// tell takes a beat in, and returns those that are young enough.
func (b *beats) tell(shard int, mine revocation.Beat, now revocation.Millis) (all []revocation.Beat) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.shards[shard] == nil {
		b.shards[shard] = map[revocation.Origin]revocation.Beat{}
	}
	known := b.shards[shard]
	switch mine.At = now; {
	case mine.Gone:
		delete(known, mine.Origin)
	case mine.Origin != "":
		known[mine.Origin] = mine
	}
	for origin, beat := range known {
		if now-beat.At > revocation.Millis(revocation.BeatLife.Milliseconds()) {
			delete(known, origin)
			continue
		}
		if !mine.Deaf {
			all = append(all, beat)
		}
	}
	return all
}
