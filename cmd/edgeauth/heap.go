package main

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// The bounds of what the collector leaves lying before it collects anew: as a share of what is in use, and about so many bytes.
// A copy of the log holds no pointers, so that collecting costs the same with ten million entries as with none, and there is no reason
// to leave garbage of its size about.
const (
	mostGarbage  = 100 // percent, which is the runtime's own default
	leastGarbage = 10
	garbage      = 64 << 20
)

// boundGarbage keeps the process about as large as what it remembers, while the log is loaded and afterwards, unless GOGC says
// what the collector shall do.
func boundGarbage(ctx context.Context) error {
	if os.Getenv("GOGC") != "" {
		return nil
	}
	look := time.NewTicker(time.Second)
	defer look.Stop()
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	for now := mostGarbage; ; {
		select {
		case <-ctx.Done():
			return nil
		case <-look.C:
		}
		metrics.Read(live)
		if want := allowance(live[0].Value.Uint64()); 4*want < 3*now || 4*now < 3*want { // changing it stops the world
			debug.SetGCPercent(want)
			now = want
		}
	}
}

// allowance is the garbage that is right for so many bytes in use, in percent of them.
func allowance(live uint64) int {
	return int(min(mostGarbage, max(leastGarbage, garbage*100/max(live, 1))))
}
