package e2e_test

import (
	"context"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/internal/redistest"
)

// tried is a fleet whose edges reach Redis over lines of their own, with sessions that ask all of them all the time.
type tried struct {
	*fleet
	lines    []*line
	cookies  []string // sealed sessions by number
	history  *history
	client   *http.Client
	asking   sync.WaitGroup
	stop     context.CancelFunc
	draw     *rand.Rand   // of the test
	chance   *rand.Rand   // of the faults, which run beside it
	restarts map[int]bool // edges that were started anew
	gone     atomic.Int64 // sessions that have logged out: the first ones
}

// newTried starts three edges with a Redis of one server and logs sessions in.
func newTried(t *testing.T, seed uint64, sessions int) *tried {
	t.Helper()
	n := newTriedWithout(t, seed)
	n.redis = redistest.Start(t, redistest.WithAppendOnly())
	for range 3 {
		l := startLine(t, n.redis.Addr())
		n.lines = append(n.lines, l)
		n.add(fmt.Sprintf("addresses: [%q]", l.ln.Addr()))
	}
	n.open(sessions)
	return n
}

func newTriedWithout(t *testing.T, seed uint64) *tried {
	t.Helper()
	f := &fleet{world: newWorld(t), front: startBalancer(t), t: t}
	f.origin = "http://" + f.front.ln.Addr().String()
	f.keys = newKeys(t)
	f.world.client(f.front.ln.Addr().String())
	n := &tried{fleet: f, history: newHistory(), draw: rand.New(rand.NewPCG(seed, 0)), chance: rand.New(rand.NewPCG(seed, 1)), restarts: map[int]bool{},
		client: &http.Client{Timeout: 20 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	t.Cleanup(n.client.CloseIdleConnections)
	return n
}

// add prepares an edge whose Redis is configured so.
func (n *tried) add(redis string) {
	n.t.Helper()
	n.store = fmt.Sprintf("session: {keys_file: %q}\nstore: {type: redis, snapshot_every: 1s, redis: {%s}}\n", n.keys, redis) + boundLevels
	n.edges = append(n.edges, n.prepare())
}

// open starts the edges and logs sessions in.
func (n *tried) open(sessions int) {
	n.t.Helper()
	for _, e := range n.edges {
		e.Run()
	}
	for _, e := range n.edges {
		e.WaitReady()
	}
	n.on(0)
	for range sessions {
		c := n.login()
		n.cookies = append(n.cookies, c.Cookie(n.origin, "edgeauth"))
	}
}

// ask sends one request of a session to an edge and returns what it came to.
func (n *tried) ask(session, edge int) asked {
	a := asked{session: session, edge: edge, start: time.Now()}
	r, err := n.request(http.MethodGet, edge, "/", n.cookies[session], nil)
	if err == nil {
		a.outcome, a.detail = outcomeOf(r)
		a.deleted = strings.Contains(strings.Join(r.Header.Values("Set-Cookie"), "\n"), "Max-Age=0")
		_, _ = io.Copy(io.Discard, r.Body)
		_ = r.Body.Close()
	}
	a.end = time.Now()
	return a
}

func (n *tried) request(method string, edge int, path, cookie string, form url.Values) (*http.Response, error) {
	r, err := http.NewRequestWithContext(n.t.Context(), method, "http://"+n.edges[edge].Listen+path, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	r.Host = strings.TrimPrefix(n.origin, "http://")
	r.Header.Set("Cookie", "edgeauth="+cookie)
	r.Header.Set("Sec-Fetch-Mode", "navigate")
	r.Header.Set("Accept", "text/html")
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", n.origin)
	}
	return n.client.Do(r)
}

// logout ends a session at an edge. Only an answer that does not speak of other servers promises anything.
func (n *tried) logout(session, edge int) {
	begun := time.Now()
	r, err := n.request(http.MethodPost, edge, "/.edgeauth/logout", n.cookies[session], url.Values{})
	delivered := false
	if err == nil {
		delivered = r.StatusCode == http.StatusSeeOther
		_, _ = io.Copy(io.Discard, r.Body)
		_ = r.Body.Close()
	}
	n.history.end(session, begun, err == nil, delivered)
}

// leave ends the next session at an edge.
func (n *tried) leave(edge int) {
	session := int(n.gone.Add(1)) - 1
	if session >= len(n.cookies)-kept {
		n.t.Errorf("all sessions but %d have logged out", kept)
		return
	}
	n.logout(session, edge)
}

// kept is how many sessions at least never log out.
const kept = 4

// face has a session log out before a fault, while it is there, and afterwards.
func (n *tried) face(name string, do func()) {
	n.history.note(name)
	n.leave(n.draw.IntN(3))
	var meanwhile sync.WaitGroup
	pause, edge := time.Duration(n.draw.Int64N(int64(time.Second))), n.draw.IntN(3)
	meanwhile.Go(func() {
		time.Sleep(pause)
		n.leave(edge)
	})
	do()
	meanwhile.Wait()
	n.history.note("and it is over")
	n.leave(n.draw.IntN(3))
}

// verdict ends the asking once all is well, and judges what was.
func (n *tried) verdict() {
	n.settle()
	time.Sleep(bound)
	n.finish()
	v := n.history.judge(n.t, slices.Collect(maps.Keys(n.restarts))...)
	n.t.Logf("%d requests, %d sessions ended, %d of them with a promise: %+v", len(n.history.requests), len(n.history.begun), len(n.history.ended), v)
	n.allEnded()
}

// begin has all sessions ask all edges until finish.
func (n *tried) begin() {
	ctx, stop := context.WithCancel(n.t.Context())
	n.stop = stop
	for edge := range n.edges {
		draw := rand.New(rand.NewPCG(uint64(edge), 1))
		n.asking.Go(func() {
			for ctx.Err() == nil {
				n.history.add(n.ask(draw.IntN(len(n.cookies)), edge))
				time.Sleep(time.Duration(draw.Int64N(int64(8 * time.Millisecond))))
			}
		})
	}
}

func (n *tried) finish() {
	n.stop()
	n.asking.Wait()
}

// settle waits until all edges are well.
func (n *tried) settle() {
	for _, e := range n.edges {
		recovered(e)
	}
}

// restart kills an edge and starts it anew.
func (n *tried) restart(edge int) {
	n.restarts[edge] = true
	n.edges[edge].Kill()
	n.edges[edge].Run()
}

// trim empties the streams, as if all in them were old.
func trim(s *redistest.Server) {
	for shard := range 16 {
		s.Try("XTRIM", fmt.Sprintf("{log:%02d}:stream", shard), "MAXLEN", "0")
	}
}

// fault is something that the nemesis does; it undoes it by itself.
type fault struct {
	name string
	do   func(n *tried)
}

// faults are what the nemesis does to a Redis of one server. What networks and several servers can do is in further and elections.
func faults() []fault {
	hold := func(n *tried) { time.Sleep(time.Duration(n.chance.Int64N(int64(bound + bound/2)))) }
	return []fault{
		{"Redis is killed", func(n *tried) { n.redis.Kill(); hold(n); n.redis.Restart() }},
		{"Redis hangs", func(n *tried) { n.redis.Pause(); hold(n); n.redis.Resume() }},
		{"Redis loses its data", func(n *tried) { n.redis.Flush() }},
		{"the streams are trimmed", func(n *tried) { trim(n.redis) }},
		{"all lines are slow", func(n *tried) {
			for _, r := range n.lines {
				r.set(slow)
			}
			hold(n)
			for _, r := range n.lines {
				r.set(passing)
			}
		}},
		{"an edge is killed and starts anew", func(n *tried) { n.restart(n.chance.IntN(3)) }},
		{"Redis and an edge are killed, and the edge starts anew first", func(n *tried) {
			n.redis.Kill()
			n.restart(0)
			hold(n)
			n.redis.Restart()
		}},
	}
}
