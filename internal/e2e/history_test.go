package e2e_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// bound is max_staleness of every level in the fleets that are judged: past it nobody is let in.
const bound = 5 * time.Second

const boundLevels = "levels: {normal: {max_staleness: 5s, past: deny}, elevated: {max_staleness: 5s}}\n"

// allowLevels are boundLevels of an operator who prefers late to never.
const allowLevels = "levels: {normal: {max_staleness: 5s, past: allow}, elevated: {max_staleness: 5s, past: allow}}\n"

// outcome is what a request came to.
type outcome uint8

const (
	nothing  outcome = iota // no answer: the edge was killed
	admitted                // 200
	login                   // asked to log in: the session counts for nothing
	stale                   // 503: this edge does not know enough at the moment
	other                   // none of these
)

// asked is one request of a session to an edge.
type asked struct {
	session, edge int
	start, end    time.Time
	outcome       outcome
	deleted       bool // the answer took the session's cookie away
	detail        string
}

// history is what happened, in the words of an observer with one clock.
type history struct {
	mu       sync.Mutex // guards what follows
	requests []asked
	begun    map[int]time.Time // sessions whose end was asked for
	ended    map[int]time.Time // those of which it was said that every edge refuses them
	unheard  map[int]bool      // those whose end was asked for in vain
	faults   []string
}

func newHistory() *history {
	return &history{begun: map[int]time.Time{}, ended: map[int]time.Time{}, unheard: map[int]bool{}}
}

func (h *history) add(a asked) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.requests = append(h.requests, a)
}

// end notes that a session's end was asked for, whether there was an answer, and whether it spoke for all edges.
func (h *history) end(session int, begun time.Time, answered, delivered bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.begun[session], h.unheard[session] = begun, !answered
	if delivered {
		h.ended[session] = time.Now()
	}
}

func (h *history) note(fault string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.faults = append(h.faults, time.Now().Format("15:04:05.000 ")+fault)
}

// count returns how many requests to an edge that began after a moment came to this.
func (h *history) count(edge int, o outcome, after time.Time) (n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, a := range h.requests {
		if a.edge == edge && a.outcome == o && a.start.After(after) {
			n++
		}
	}
	return n
}

// verdict counts what must not be.
type verdict struct {
	lost    int // a session that nobody ended was asked to log in
	deleted int // a cookie was taken away
	late    int // a revoked session was let in after the bound
	revived int // an edge refused it and let it in later
	strange int // an answer that no rule foresees
}

// judge looks at the whole history. Delivered revocations are held against the bound: a request that starts later than that
// after the answer was given is answered by an edge that knows, or that knows that it does not. Restarted names edges that
// forget what they refused; what they let in is still held against the bound.
func (h *history) judge(t *testing.T, restarted ...int) verdict {
	t.Helper()
	return h.weigh(func(a asked, what string) {
		t.Errorf("session %d at edge %d, %s: %s %s\n%s", a.session, a.edge, a.start.Format("15:04:05.000"), what, a.detail, strings.Join(h.faults, "\n"))
	}, restarted...)
}

// weigh is judge, which reports what must not be.
func (h *history) weigh(report func(a asked, what string), restarted ...int) (v verdict) {
	h.mu.Lock()
	defer h.mu.Unlock()
	refused := map[[2]int]time.Time{}
	slices.SortFunc(h.requests, func(a, b asked) int { return a.end.Compare(b.end) })
	for _, a := range h.requests {
		begun, ending := h.begun[a.session]
		at, ended := h.ended[a.session]
		by, refusedBefore := refused[[2]int{a.session, a.edge}]
		switch {
		case a.deleted:
			v.deleted++
			report(a, "the answer deletes the cookie")
		case a.outcome == login && (!ending || a.end.Before(begun)):
			v.lost++
			report(a, "a session in good standing is asked to log in")
		case a.outcome == admitted && ended && a.start.After(at.Add(bound)):
			v.late++
			report(a, fmt.Sprintf("let in %v after its end was acknowledged", a.start.Sub(at)))
		case a.outcome == admitted && refusedBefore && a.start.After(by) && !slices.Contains(restarted, a.edge):
			v.revived++
			report(a, "let in after it was refused")
		case a.outcome == other:
			v.strange++
			report(a, "answered in an unforeseen way")
		}
		if a.outcome == login && !refusedBefore {
			refused[[2]int{a.session, a.edge}] = a.end
		}
	}
	return v
}

// outcomeOf reads an answer.
func outcomeOf(r *http.Response) (outcome, string) {
	location := r.Header.Get("Location")
	switch {
	case r.StatusCode == http.StatusOK:
		return admitted, ""
	case r.StatusCode == http.StatusSeeOther && strings.HasPrefix(location, "/.edgeauth/login"):
		return login, location
	case r.StatusCode == http.StatusServiceUnavailable:
		return stale, ""
	}
	return other, fmt.Sprint(r.StatusCode, " ", location)
}
