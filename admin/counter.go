package admin

import (
	"sync"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"
)

const (
	// other stands for every value of a label that is not counted by itself.
	other = "other"
	// maxValues is how many values a label may have: more than any configuration has routes or providers, and few enough
	// that a bug, or someone who chooses the values, cannot fill the memory here and in Prometheus.
	maxValues = 200
	// maxValueBytes is the longest value that is shown.
	maxValueBytes = 128
)

// counter is a counter vector whose labels are bounded.
type counter struct {
	vec    *prometheus.CounterVec
	labels []*bounded
}

func newCounter(name, help string, labels ...string) *counter {
	c := &counter{vec: prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)}
	for range labels {
		c.labels = append(c.labels, newBounded())
	}
	return c
}

// inc adds one. It takes as many values as there are labels.
func (c *counter) inc(values ...string) { c.add(1, values...) }

// add adds n; adding 0 makes a series known, so that its first increase is seen as one.
func (c *counter) add(n int, values ...string) {
	for i, v := range values {
		values[i] = c.labels[i].value(v)
	}
	c.vec.WithLabelValues(values...).Add(float64(n))
}

// bounded remembers the first maxValues values of a label.
type bounded struct {
	mu   sync.RWMutex // guards seen
	seen map[string]struct{}
}

func newBounded() *bounded { return &bounded{seen: map[string]struct{}{}} }

// value returns v, or other when v is too long, no UTF-8 or one too many.
func (b *bounded) value(v string) string {
	b.mu.RLock()
	_, known := b.seen[v]
	b.mu.RUnlock()
	if known {
		return v
	}
	if len(v) > maxValueBytes || !utf8.ValidString(v) {
		return other
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, known := b.seen[v]; !known && len(b.seen) >= maxValues {
		return other
	}
	b.seen[v] = struct{}{}
	return v
}
