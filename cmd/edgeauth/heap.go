package main

import (
	"context"
	"runtime/debug"
	"time"
)

// returnHeap gives the memory back to the operating system that reading the log's snapshots took, once all are read: before
// they are packed they need ten times the room of the copy, and the collector would keep that much for its next round.
func (e *edge) returnHeap(ctx context.Context) error {
	look := time.NewTicker(time.Second)
	defer look.Stop()
	for !e.replica.Ready() {
		select {
		case <-ctx.Done():
			return nil
		case <-look.C:
		}
	}
	debug.FreeOSMemory()
	return nil
}
