package redistest_test

import (
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/edgeauth/edgeauth/internal/redistest"
)

func TestAStartedServerAnswersWithEveryTypeOfReply(t *testing.T) {
	s := redistest.Start(t)
	rows := []struct {
		command []string
		want    any
	}{
		{[]string{"SET", "k", "a\r\nb"}, "OK"},
		{[]string{"GET", "k"}, "a\r\nb"},
		{[]string{"GET", "absent"}, nil},
		{[]string{"INCR", "n"}, int64(1)},
		{[]string{"RPUSH", "l", "x", ""}, int64(2)},
		{[]string{"LRANGE", "l", "0", "-1"}, []any{"x", ""}},
		{[]string{"XADD", "s", "1-1", "f", "v"}, "1-1"},
		{[]string{"XRANGE", "s", "-", "+"}, []any{[]any{"1-1", []any{"f", "v"}}}},
		{[]string{"XREAD", "STREAMS", "none", "0"}, nil},
	}
	for _, row := range rows {
		if diff := cmp.Diff(row.want, s.Do(row.command...)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", row.command, diff)
		}
	}
	var refused redistest.Error
	if _, err := s.Try("INCR", "k"); !errors.As(err, &refused) {
		t.Errorf("INCR of a text: %v, want an Error", err)
	}
}

func TestAKilledServerRefusesAndComesBackEmptyOnTheSamePort(t *testing.T) {
	s := redistest.Start(t)
	addr := s.Addr()
	s.Do("SET", "k", "v")
	s.Kill()
	if conn, err := net.Dial("tcp", addr); err == nil {
		conn.Close()
		t.Error("a killed server accepts connections")
	}
	s.Restart()
	if got := s.Do("GET", "k"); got != nil || s.Addr() != addr {
		t.Errorf("after Restart: %v at %s, want nothing at %s", got, s.Addr(), addr)
	}
}

func TestAnAppendOnlyServerKeepsItsDataThroughAKill(t *testing.T) {
	s := redistest.Start(t, redistest.WithAppendOnly())
	s.Do("SET", "k", "v")
	s.Kill()
	s.Restart()
	if got := s.Do("GET", "k"); got != "v" {
		t.Errorf("after Restart: %v, want v", got)
	}
	s.Flush()
	if got := s.Do("GET", "k"); got != nil {
		t.Errorf("after Flush: %v, want nothing", got)
	}
}

func TestAPausedServerAcceptsButDoesNotAnswer(t *testing.T) {
	s := redistest.Start(t)
	s.Pause()
	conn, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatalf("a paused server refuses connections: %v", err)
	}
	conn.Close()
	var timeout net.Error
	if answer, err := s.Try("PING"); !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("a paused server answered %v, %v", answer, err)
	}
	s.Resume()
	if got := s.Do("PING"); got != "PONG" {
		t.Errorf("after Resume: %v", got)
	}
}

func TestAServerWithAPasswordRefusesClientsWithoutIt(t *testing.T) {
	s := redistest.Start(t, redistest.WithPassword("open sesame"))
	if got := s.Do("PING"); got != "PONG" {
		t.Errorf("with the password: %v", got)
	}
	conn, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("PING\r\n")); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, 64)
	n, err := conn.Read(answer)
	if err != nil || !strings.HasPrefix(string(answer[:n]), "-NOAUTH") {
		t.Errorf("without the password: %q, %v", answer[:n], err)
	}
}

func TestManyServersRunAtOnce(t *testing.T) {
	ports := map[string]bool{}
	for range 4 {
		ports[redistest.Start(t, redistest.WithArgs("--maxmemory", "16mb")).Addr()] = true
	}
	if len(ports) != 4 {
		t.Errorf("four servers on %d ports", len(ports))
	}
}
