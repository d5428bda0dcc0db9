package proxy

import (
	"crypto/rand"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/edgeauth/edgeauth/policy"
	"github.com/edgeauth/edgeauth/proxy/internal/frames"
)

// socket is a WebSocket that can be cut: both ends are sent a Close frame between two frames of the application's own, and the
// client gets its time to answer it. Bytes cross as they are; nothing is kept of them.
type socket struct {
	l        *live
	client   net.Conn
	backend  io.ReadWriteCloser
	down     direction // to the client
	up       direction // to the backend
	parted   atomic.Bool
	farewell sync.WaitGroup // goodbye
}

func newSocket(l *live, backend io.ReadWriteCloser) *socket {
	s := &socket{l: l, backend: backend}
	s.up.to, s.up.answered = backend, true
	s.down.to = toClient{s}
	return s
}

// stalled is how long a piece of at most 32 KiB may take to reach a client. One that reads more slowly has stopped reading, and
// what is open for it would stay open for ever.
const stalled = 2 * time.Minute

// toClient writes to the client.
type toClient struct{ s *socket }

// Write gives a piece its time.
func (w toClient) Write(p []byte) (int, error) {
	if !w.s.parted.Load() {
		_ = w.s.client.SetWriteDeadline(time.Now().Add(stalled)) // if it can't be set, the connection is closed, and so says Write
	}
	return w.s.client.Write(p)
}

// end implements way. From now on nothing begins in either direction. Saying goodbye waits for others, so it has a goroutine of
// its own, which wait waits for.
func (s *socket) end(v policy.Verdict) {
	s.parted.Store(true)
	_ = s.client.SetDeadline(time.Now().Add(parting)) // as above
	var key [4]byte
	rand.Read(key[:])
	s.down.stop(frames.Close(closeCode(v), string(v.Reason), nil))
	s.up.stop(frames.Close(closeCode(v), string(v.Reason), &key))
	s.farewell.Go(s.goodbye)
}

// wait implements way. Both ends are closed, so that nothing is left to wait for.
func (s *socket) wait() { s.farewell.Wait() }

// goodbye tells both ends why. It waits for the client at most until its deadline, and for the backend until it is closed. The
// client comes first: it is the one who can do something about it.
func (s *socket) goodbye() {
	s.down.settle()
	s.up.settle()
}

// closeCode is the status code of a Close frame (RFC 6455, 7.4; the registry of IANA has 1013).
func closeCode(v policy.Verdict) uint16 {
	switch {
	case goesAway(v):
		return 1001 // going away
	case v.Action == policy.Stale:
		return 1013 // try again later
	}
	return 1008 // policy violation
}

// goesAway reports whether an exchange ends because there is nothing at its address any more, rather than for who is there: the edge
// shuts down, or a changed configuration leads elsewhere.
func goesAway(v policy.Verdict) bool { return v.Reason == Leaving || v.Reason == policy.NoRoute }

// errSaidGoodbye ends the copying once the client has answered the Close frame.
var errSaidGoodbye = errors.New("the WebSocket was closed")

// direction is what is sent to one end.
type direction struct {
	to       io.Writer
	answered bool                   // a Close frame that is not passed on any more is the answer to ours, and ends the socket
	bye      atomic.Pointer[[]byte] // the last to be sent, as soon as no frame is on its way; nil: nothing

	mu      sync.Mutex // guards what follows, and writing
	passed  frames.WebSocket
	over    bool // bye was sent: nothing more is passed on
	dropped frames.WebSocket
}

// stop says what is to be sent last.
func (d *direction) stop(bye []byte) { d.bye.Store(&bye) }

// Write passes p on, or only as much of it as completes a frame once the direction has been stopped.
func (d *direction) Write(p []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.bye.Load() == nil {
		frames.Follow(&d.passed, p)
		return d.to.Write(p)
	}
	n := 0
	if !d.passed.Between() {
		n = d.passed.Advance(p)
		if _, err := d.to.Write(p[:n]); err != nil {
			return n, err
		}
	}
	if err := d.part(); err != nil {
		return n, err
	}
	if frames.Follow(&d.dropped, p[n:]); d.answered && d.dropped.Closed() {
		return len(p), errSaidGoodbye
	}
	return len(p), nil
}

// settle sends the last if no frame is on its way. Otherwise Write does, when it is complete.
func (d *direction) settle() {
	d.mu.Lock()
	defer d.mu.Unlock()
	_ = d.part() // an end that is gone needs no goodbye
}

// part sends the last, once, unless a frame is on its way. Where a Close frame has gone by already, there is nothing left to
// send (RFC 6455, 5.5.1). The caller holds mu.
func (d *direction) part() error {
	if d.over || !d.passed.Between() {
		return nil
	}
	if d.over = true; d.passed.Closed() {
		return nil
	}
	_, err := d.to.Write(*d.bye.Load())
	return err
}
