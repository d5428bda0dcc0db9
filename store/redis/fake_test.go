package redis_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// fake is a server that answers as a test wants, to inject faults that a real one shows rarely.
type fake struct {
	listener net.Listener
	answer   func(command []string) string // the raw reply; "" ends the connection, "hang" stays silent
	done     sync.WaitGroup
	mu       sync.Mutex // guards conns
	conns    []net.Conn
}

// startFake answers what a client sends when it connects like a server that knows nothing new, and the rest by answer.
func startFake(t *testing.T, answer func(command []string) string) *fake {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	f := &fake{listener: l, answer: answer}
	f.done.Go(f.accept)
	t.Cleanup(f.stop)
	return f
}

func (f *fake) addr() string { return f.listener.Addr().String() }

func (f *fake) stop() {
	_ = f.listener.Close()
	f.mu.Lock()
	for _, c := range f.conns {
		_ = c.Close()
	}
	f.mu.Unlock()
	f.done.Wait()
}

func (f *fake) accept() {
	for {
		c, err := f.listener.Accept()
		if err != nil {
			return
		}
		f.mu.Lock()
		f.conns = append(f.conns, c)
		f.mu.Unlock()
		f.done.Go(func() { f.serve(c) })
	}
}

func (f *fake) serve(c net.Conn) {
	defer c.Close()
	for r := bufio.NewReader(c); ; {
		command, err := readCommand(r)
		if err != nil {
			return
		}
		reply := f.answer(command)
		switch reply {
		case "hang":
			continue
		case "":
			return
		}
		if _, err := io.WriteString(c, strings.TrimSuffix(reply, "CUT")); err != nil || strings.HasSuffix(reply, "CUT") {
			return
		}
	}
}

// readCommand reads an array of bulk strings; the first is upper-cased.
func readCommand(r *bufio.Reader) (command []string, err error) {
	n, err := readNumber(r, '*')
	for range n {
		if err != nil {
			return nil, err
		}
		var size int
		if size, err = readNumber(r, '$'); err == nil {
			b := make([]byte, size+2)
			_, err = io.ReadFull(r, b)
			command = append(command, string(b[:size]))
		}
	}
	if err == nil && n > 0 {
		command[0] = strings.ToUpper(command[0])
	}
	return command, err
}

func readNumber(r *bufio.Reader, kind byte) (int, error) {
	line, err := r.ReadString('\n')
	if err != nil {
		return 0, err
	}
	if line[0] != kind {
		return 0, fmt.Errorf("got %q", line)
	}
	return strconv.Atoi(strings.TrimSpace(line[1:]))
}

// greet answers what a client sends when it connects, and tells whether it was that.
func greet(command []string) (reply string, ok bool) {
	switch command[0] {
	case "HELLO":
		return "-ERR unknown command 'HELLO', with args beginning with: '" + strings.Join(command[1:], "' '") + "'\r\n", true
	case "CLIENT", "AUTH", "SELECT":
		return "+OK\r\n", true
	}
	return "", false
}

// always greets and then gives one answer to everything.
func always(reply string) func([]string) string {
	return func(command []string) string {
		if hello, ok := greet(command); ok {
			return hello
		}
		return reply
	}
}
