package redistest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"
)

// Error is an error reply of the server, such as "WRONGTYPE Operation against a key …".
type Error string

func (e Error) Error() string { return string(e) }

// Do sends one command on a connection of its own and returns the answer: a string, an int64, nil for a null, or an []any of
// these, nested as the server nested them. The test ends when there is no answer or an error reply.
func (s *Server) Do(args ...string) any {
	s.t.Helper()
	answer, err := s.Try(args...)
	if err != nil {
		s.t.Fatalf("redistest: %q: %v", args, err)
	}
	return answer
}

// Try is Do for a caller who expects a failure: an Error is the server's refusal, any other error means that it could not be
// asked. An error nested in an array is returned as an element of type Error. It waits a second at most for a paused server.
func (s *Server) Try(args ...string) (any, error) {
	conn, err := s.dial()
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(s.patience())); err != nil {
		return nil, err
	}
	r := bufio.NewReader(conn)
	if s.options.password != "" {
		if _, err := exchange(conn, r, "AUTH", s.options.password); err != nil {
			return nil, fmt.Errorf("authenticating: %w", err)
		}
	}
	return exchange(conn, r, args...)
}

func (s *Server) patience() time.Duration {
	if s.paused.Load() {
		return time.Second
	}
	return limit
}

func exchange(w io.Writer, r *bufio.Reader, args ...string) (any, error) {
	command := fmt.Appendf(nil, "*%d\r\n", len(args))
	for _, arg := range args {
		command = fmt.Appendf(command, "$%d\r\n%s\r\n", len(arg), arg)
	}
	if _, err := w.Write(command); err != nil {
		return nil, err
	}
	answer, err := readReply(r)
	if err != nil {
		return nil, err
	}
	if refused, ok := answer.(Error); ok {
		return nil, refused
	}
	return answer, nil
}

// readReply reads one value of RESP2, the Redis serialization protocol.
func readReply(r *bufio.Reader) (any, error) {
	line, err := r.ReadString('\n')
	if err != nil {
		return nil, err
	}
	if len(line) < 3 {
		return nil, errors.New("reply without a type")
	}
	kind, text := line[0], line[1:len(line)-2]
	if kind == '+' {
		return text, nil
	}
	if kind == '-' {
		return Error(text), nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("reply %q: %w", line, err)
	}
	switch kind {
	case ':':
		return n, nil
	case '$':
		return readBulk(r, n)
	case '*':
		return readArray(r, n)
	}
	return nil, fmt.Errorf("reply %q is of no known type", line)
}

func readBulk(r io.Reader, n int64) (any, error) {
	if n < 0 {
		return nil, nil // a null is an answer, and Do says that it is nil
	}
	data := make([]byte, n+2)
	if _, err := io.ReadFull(r, data); err != nil {
		return nil, err
	}
	return string(data[:n]), nil
}

func readArray(r *bufio.Reader, n int64) (any, error) {
	if n < 0 {
		return nil, nil // a null is an answer, and Do says that it is nil
	}
	values := make([]any, n)
	for i := range values {
		value, err := readReply(r)
		if err != nil {
			return nil, err
		}
		values[i] = value
	}
	return values, nil
}
