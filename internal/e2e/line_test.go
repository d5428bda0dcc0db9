package e2e_test

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// mode is how a line treats what passes.
type mode int32

const (
	passing mode = iota
	cut          // connections end, and new ones are refused
	hanging      // nothing passes, and nobody is told
	slow         // every piece waits
)

// line passes the connections of one edge on to a server, as well as the test says.
type line struct {
	ln   net.Listener
	to   string
	mode atomic.Int32

	mu    sync.Mutex // guards conns
	conns map[net.Conn]bool
}

func startLine(t *testing.T, to string) *line {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &line{ln: ln, to: to, conns: map[net.Conn]bool{}}
	t.Cleanup(func() {
		_ = ln.Close()
		r.set(cut)
	})
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go r.carry(conn)
		}
	}()
	return r
}

func (r *line) set(m mode) {
	r.mode.Store(int32(m))
	if m != cut {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for c := range r.conns {
		_ = c.Close()
	}
}

// keep remembers a connection, or closes it if none may be.
func (r *line) keep(c net.Conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if mode(r.mode.Load()) == cut {
		_ = c.Close()
		return false
	}
	r.conns[c] = true
	return true
}

func (r *line) drop(c net.Conn) {
	_ = c.Close()
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.conns, c)
}

func (r *line) carry(in net.Conn) {
	if !r.keep(in) {
		return
	}
	defer r.drop(in)
	out, err := net.Dial("tcp", r.to)
	if err != nil || !r.keep(out) {
		return
	}
	defer r.drop(out)
	go func() {
		r.copy(out, in)
		r.drop(out)
	}()
	r.copy(in, out)
}

func (r *line) copy(to io.Writer, from io.Reader) {
	b := make([]byte, 64<<10)
	for {
		n, err := from.Read(b)
		for mode(r.mode.Load()) == hanging {
			time.Sleep(5 * time.Millisecond)
		}
		if mode(r.mode.Load()) == slow {
			time.Sleep(100 * time.Millisecond)
		}
		if n > 0 {
			if _, err := to.Write(b[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}
