package revocation

// Waiting is how many entries wait for the log, by the shards that they belong to.
func (w *Writer) Waiting() (n [Shards]int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range w.outbox {
		n[w.outbox[i].Shard()]++
	}
	return n
}
