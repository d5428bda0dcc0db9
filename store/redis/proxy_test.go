package redis_test

import (
	"io"
	"net"
	"testing"
)

// startProxy forwards to a server and shows seen what a client sends before it is forwarded. It returns its address.
func startProxy(t *testing.T, to string, seen func(sent string)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go forward(c, to, seen)
		}
	}()
	return l.Addr().String()
}

// forward ends when either side closes.
func forward(client net.Conn, to string, seen func(string)) {
	defer client.Close()
	server, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer server.Close()
	go func() {
		defer client.Close()
		_, _ = io.Copy(client, server)
	}()
	for buf := make([]byte, 1<<20); ; {
		n, err := client.Read(buf)
		if err != nil {
			return
		}
		seen(string(buf[:n]))
		if _, err := server.Write(buf[:n]); err != nil {
			return
		}
	}
}
