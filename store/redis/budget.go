package redis

import "sync"

const (
	budgetMost   = 10  // retries in a row without any answer in between
	budgetAnswer = 0.1 // what an answer adds: one retry for ten answers
)

// budget is what all calls of a store together may spend on retries (a token bucket, as in gRPC's retry throttling, gRFC A6).
// A retry helps against a connection that broke; against a server that is down it is more of the same, from everybody.
type budget struct {
	mu   sync.Mutex // guards left
	left float64
}

func newBudget() *budget { return &budget{left: budgetMost} }

func (b *budget) earn() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.left = min(budgetMost, b.left+budgetAnswer)
}

// spend takes one retry, and reports whether there was one.
func (b *budget) spend() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.left < 1 {
		return false
	}
	b.left--
	return true
}
