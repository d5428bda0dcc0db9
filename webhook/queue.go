package webhook

import (
	"encoding/json"
	"sync"
)

const (
	// maxQueueBytes bounds what waits, however many documents that are.
	maxQueueBytes = 32 << 20
	// maxBatch and maxBatchBytes bound one array. A document that is larger by itself goes alone.
	maxBatch      = 100
	maxBatchBytes = 256 << 10
)

// queue holds documents, oldest first.
type queue struct {
	wake chan struct{} // capacity 1: something was pushed

	mu      sync.Mutex // guards what follows
	limit   int
	waiting []json.RawMessage
	bytes   int
	lost    int // dropped since forgetLost was last called
}

// push adds a document and returns how many had to go for it. A queue without room for any keeps and loses none.
func (q *queue) push(d json.RawMessage) (dropped int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.limit == 0 {
		return 0
	}
	q.waiting, q.bytes = append(q.waiting, d), q.bytes+len(d)
	dropped = q.trim()
	signal(q.wake)
	return dropped
}

// resize sets how many documents may wait and returns how many had to go for it.
func (q *queue) resize(limit int) (dropped int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.limit = limit
	dropped = q.trim()
	if limit == 0 {
		q.lost = 0 // turned off, which is no overflow
	}
	return dropped
}

// trim drops the oldest; the newest stays even if it is large.
func (q *queue) trim() (dropped int) {
	for len(q.waiting) > q.limit || q.bytes > maxQueueBytes && len(q.waiting) > 1 {
		q.shift()
		dropped++
	}
	q.lost += dropped
	return dropped
}

func (q *queue) shift() json.RawMessage {
	d := q.waiting[0]
	q.waiting[0] = nil
	q.waiting, q.bytes = q.waiting[1:], q.bytes-len(d)
	return d
}

// take removes the oldest documents, as many as one array may have.
func (q *queue) take() (out []json.RawMessage) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for size := 0; len(q.waiting) > 0 && len(out) < maxBatch; {
		if size += len(q.waiting[0]) + 1; size > maxBatchBytes && len(out) > 0 {
			break
		}
		out = append(out, q.shift())
	}
	return out
}

// forgetLost returns how many were dropped since it was last called.
func (q *queue) forgetLost() (n int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	n, q.lost = q.lost, 0
	return n
}

func (q *queue) len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.waiting)
}
