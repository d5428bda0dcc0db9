package e2e_test

import (
	"io"
	"net"
	"sync/atomic"
	"testing"
)

// balancer passes TCP connections on.
type balancer struct {
	ln     net.Listener
	target atomic.Pointer[string]
}

func startBalancer(t *testing.T) *balancer {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &balancer{ln: ln}
	t.Cleanup(func() { _ = ln.Close() })
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go b.pass(conn)
		}
	}()
	return b
}

func (b *balancer) to(addr string) { b.target.Store(&addr) }

// pass copies both ways until both ends are done.
func (b *balancer) pass(in net.Conn) {
	defer in.Close()
	out, err := net.Dial("tcp", *b.target.Load())
	if err != nil {
		return
	}
	defer out.Close()
	go func() {
		_, _ = io.Copy(out, in) // an end that broke shows at the other
		_ = out.(*net.TCPConn).CloseWrite()
	}()
	_, _ = io.Copy(in, out)
}
