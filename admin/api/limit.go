package api

import (
	"sync"
	"time"
)

// What one caller may ask for. The numbers stand in docs/api.md.
const (
	perSecond    = 50
	burst        = 100
	mostCallers  = 1000 // that are told apart; the others share one allowance
	mostCalls    = 64   // at once, of all callers
	mostStreams  = 16   // at once, of all callers
	callerStream = 4    // of one caller
	mostWalks    = 2    // through the whole index at once, of all callers
)

// limits keeps callers from drowning the edge and the audit log. It is safe for concurrent use.
type limits struct {
	now func() time.Time

	mu      sync.Mutex // guards what follows
	callers map[string]*bucket
	calls   int
	walks   int
	streams map[string]int
	all     int // streams
}

// bucket is an allowance that fills again by itself.
type bucket struct {
	tokens float64
	at     time.Time
}

func newLimits(now func() time.Time) *limits {
	return &limits{now: now, callers: map[string]*bucket{}, streams: map[string]int{}}
}

// take reports whether a caller may make one more call now. Strangers are one caller, whose name is empty.
func (l *limits) take(name string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	b := l.callers[name]
	if b == nil && name != "" && len(l.callers) >= mostCallers {
		l.forget(now)
		if len(l.callers) >= mostCallers {
			return l.takeFrom("\x00others", now)
		}
	}
	return l.takeFrom(name, now)
}

func (l *limits) takeFrom(name string, now time.Time) bool {
	b := l.callers[name]
	if b == nil {
		b = &bucket{tokens: burst, at: now}
		l.callers[name] = b
	}
	b.tokens = min(burst, b.tokens+now.Sub(b.at).Seconds()*perSecond)
	if b.at = now; b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}

// forget drops those whose allowance is full again.
func (l *limits) forget(now time.Time) {
	for name, b := range l.callers {
		if now.Sub(b.at) > burst/perSecond*time.Second {
			delete(l.callers, name)
		}
	}
}

// begin reports whether one more call may run; who was told yes calls done.
func (l *limits) begin() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.calls >= mostCalls {
		return false
	}
	l.calls++
	return true
}

func (l *limits) done() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls--
}

// walk is begin for what reads the whole index; who was told yes calls walked.
func (l *limits) walk() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.walks >= mostWalks {
		return false
	}
	l.walks++
	return true
}

func (l *limits) walked() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.walks--
}

// open is begin for a stream; who was told yes calls shut.
func (l *limits) open(name string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.all >= mostStreams || l.streams[name] >= callerStream {
		return false
	}
	l.all++
	l.streams[name]++
	return true
}

func (l *limits) shut(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all--
	if l.streams[name]--; l.streams[name] == 0 {
		delete(l.streams, name)
	}
}
