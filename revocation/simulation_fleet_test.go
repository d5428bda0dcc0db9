package revocation_test

import (
	"maps"
	"time"

	"github.com/edgeauth/edgeauth/revocation"
)

// lookAtClaims checks what edges say of each other: all that was in a shard before the moment up to which one is said to have read it,
// is in its copy.
func (w *world) lookAtClaims() {
	claims := w.claims()
	var puts [revocation.Shards]map[revocation.Register]time.Time
	w.log.mu.Lock()
	for i := range puts {
		puts[i] = maps.Clone(w.log.shards[i].put)
	}
	w.log.mu.Unlock()
	for e, read := range claims {
		for shard, put := range puts {
			copied := map[revocation.Register]bool{}
			for _, entry := range e.Entries(shard) {
				copied[entry.Register] = true
			}
			for register, at := range put {
				if at.Before(read[shard].Time()) && !copied[register] {
					w.t.Errorf("seed %d, %v: an edge is said to have read shard %d up to %v, and misses what came at %v",
						w.seed, time.Now(), shard, read[shard].Time(), at)
				}
			}
		}
	}
}

// claims are the moments up to which each edge is said to have read each shard, by whoever says the most.
func (w *world) claims() map[*edge][revocation.Shards]revocation.Millis {
	by := map[revocation.Origin]*edge{}
	for _, e := range w.edges {
		if e.fleet != nil {
			by[e.fleet.Self()] = e
		}
	}
	claims := map[*edge][revocation.Shards]revocation.Millis{}
	for _, e := range by {
		for _, s := range e.fleet.Sightings() {
			of := by[s.Origin]
			if of == nil {
				continue // it was replaced
			}
			read := claims[of]
			for i := range s.Shards {
				read[i] = max(read[i], s.Shards[i].Read)
			}
			claims[of] = read
		}
	}
	return claims
}
