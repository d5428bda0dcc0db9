package webhook

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	mathrand "math/rand/v2"
	"time"
)

const (
	// firstPause and maxPause bound the wait between two attempts; it doubles in between.
	firstPause = time.Second
	maxPause   = 5 * time.Minute
	// maxRetryAfter is how long an endpoint can ask us to wait.
	maxRetryAfter = time.Hour
)

// batch is one array of documents on its way.
type batch struct {
	id        string
	documents []json.RawMessage
	body      []byte
	missed    int       // documents lost before these
	first     time.Time // when an attempt first failed
	attempts  int       // that failed
}

func newBatch(documents []json.RawMessage, missed int) *batch {
	var id [16]byte
	_, _ = rand.Read(id[:]) // never fails
	var body bytes.Buffer
	body.WriteByte('[')
	for i, d := range documents {
		if i > 0 {
			body.WriteByte(',')
		}
		body.Write(d)
	}
	body.WriteByte(']')
	return &batch{id: base64.RawURLEncoding.EncodeToString(id[:]), documents: documents, body: body.Bytes(), missed: missed}
}

// failed notes an attempt that failed.
func (b *batch) failed(now time.Time) {
	if b.attempts++; b.attempts == 1 {
		b.first = now
	}
}

// pause is how long to wait before the next attempt: twice as long each time, a random part of the second half left out
// so that edges that failed together do not come back together, and never less than the endpoint asked for.
func (b *batch) pause(retryAfter time.Duration) time.Duration {
	whole := maxPause
	if n := b.attempts - 1; n < 10 {
		whole = min(firstPause<<n, maxPause)
	}
	return max(whole/2+mathrand.N(whole/2+1), min(retryAfter, maxRetryAfter))
}
