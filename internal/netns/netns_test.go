package netns_test

import (
	"crypto/rand"
	"net"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/internal/leak"
	"github.com/edgeauth/edgeauth/internal/netns"
)

func TestMain(m *testing.M) { leak.Verify(m) }

// hear opens a machine's socket for datagrams, which nobody repeats.
func hear(t *testing.T, m *netns.Machine) net.PacketConn {
	t.Helper()
	var conn net.PacketConn
	if err := m.Do(func() (err error) { conn, err = net.ListenPacket("udp4", m.Addr()+":9"); return err }); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// arrives reports whether a datagram gets from one machine to another within a time. What was on its way before is passed over.
func arrives(t *testing.T, from, to net.PacketConn, within time.Duration) bool {
	t.Helper()
	text := rand.Text()
	for end := time.Now().Add(within); time.Now().Before(end); {
		_, _ = from.WriteTo([]byte(text), to.LocalAddr()) // whose line is cut is told so, or not
		if err := to.SetReadDeadline(time.Now().Add(30 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		got := make([]byte, len(text))
		for err := error(nil); err == nil; _, _, err = to.ReadFrom(got) {
			if string(got) == text {
				return true
			}
		}
	}
	return false
}

func Test_faults_of_a_network_reach_whom_they_are_meant_for_and_end(t *testing.T) {
	t.Parallel()
	n := netns.New(t)
	m := []*netns.Machine{n.Machine(), n.Machine(), n.Machine()}
	at := []net.PacketConn{hear(t, m[0]), hear(t, m[1]), hear(t, m[2])}
	want := func(when string, lost ...[2]int) {
		t.Helper()
		for from := range at {
			for to := range at {
				if from == to {
					continue
				}
				passes := true
				for _, l := range lost {
					passes = passes && l != [2]int{from, to}
				}
				within := 300 * time.Millisecond
				if passes {
					within = 30 * time.Second
				}
				if got := arrives(t, at[from], at[to], within); got != passes {
					t.Errorf("%s: from %d to %d: %v, want %v", when, from, to, got, passes)
				}
			}
		}
	}
	want("at first")
	for _, row := range []struct {
		when string
		do   func()
		lost [][2]int
	}{
		{"a cable is pulled", m[0].Unplug, [][2]int{{0, 1}, {1, 0}, {0, 2}, {2, 0}}},
		{"one way is lost", func() { m[0].Lose(m[1]) }, [][2]int{{0, 1}}},
		{"two are split off", func() { n.Split(m[0], m[1]) }, [][2]int{{0, 2}, {2, 0}, {1, 2}, {2, 1}}},
		{"the switch is off", n.Off, [][2]int{{0, 1}, {1, 0}, {0, 2}, {2, 0}, {1, 2}, {2, 1}}},
		{"a line is slow", m[1].Choke, nil},
	} {
		row.do()
		want(row.when, row.lost...)
		n.Heal()
		want("after " + row.when)
	}
}

func Test_a_door_leads_past_the_network_both_ways(t *testing.T) {
	t.Parallel()
	n := netns.New(t)
	m := n.Machine()
	n.Off()
	greet := func(ln net.Listener) {
		t.Cleanup(func() { _ = ln.Close() })
		go func() {
			for {
				conn, err := ln.Accept()
				if err != nil {
					return
				}
				_, _ = conn.Write([]byte("hello"))
				_ = conn.Close()
			}
		}()
	}
	outside, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	greet(outside)
	m.Lend(outside.Addr().String())
	var inside net.Listener
	if err := m.Do(func() (err error) { inside, err = net.Listen("tcp", "127.0.0.1:0"); return err }); err != nil {
		t.Fatal(err)
	}
	greet(inside)
	m.Publish(inside.Addr().String())

	if err := m.Do(func() error { return greeted(outside.Addr().String()) }); err != nil {
		t.Error("from inside:", err)
	}
	if err := greeted(inside.Addr().String()); err != nil {
		t.Error("from outside:", err)
	}
}

func greeted(addr string) error {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	_, err = conn.Read(make([]byte, 5))
	return err
}
