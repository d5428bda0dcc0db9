package netns

import (
	"io"
	"net"
)

// cable is what a machine calls its link to the switch.
const cable = "eth0"

// nowhere is a hardware address that nobody has.
const nowhere = "02:00:00:00:00:fe"

// Machine is a network namespace with a loopback interface, an address, and a link to the switch.
type Machine struct {
	network *Network
	inside  *namespace
	port    string // of the switch
	addr    string
	deaf    []*Machine // whom nothing from here reaches
	isSlow  bool
}

// Addr is the machine's address for the others.
func (m *Machine) Addr() string { return m.addr }

// Do runs f on a thread in the machine: sockets that f opens and processes that it starts belong there. Calls come one by one, so f
// must not take long; it must not call Do.
func (m *Machine) Do(f func() error) error { return m.inside.do(f) }

// Unplug pulls the machine's cable out of the switch.
func (m *Machine) Unplug() { m.link("down") }

// Plug puts it back.
func (m *Machine) Plug() { m.link("up") }

func (m *Machine) link(state string) {
	m.network.t.Helper()
	m.network.ip(m.network.inside, "link", "set", m.port, state)
}

// Lose lets all packets from this machine to another vanish. Those from the other still arrive: they go to a hardware address
// that nobody has, which takes nothing of the kernel but what every kernel has.
func (m *Machine) Lose(to *Machine) {
	m.network.t.Helper()
	m.network.ip(m.inside, "neigh", "replace", to.addr, "lladdr", nowhere, "dev", cable, "nud", "permanent")
	m.deaf = append(m.deaf, to)
}

// Choke makes the machine's line one of 256 kbit/s, in both directions: packets wait in a queue of half a second, and what does not fit
// in is lost. (Delays as such take netem, which not every kernel has.)
func (m *Machine) Choke() {
	m.network.t.Helper()
	m.shape("replace", "tbf", "rate", "256kbit", "burst", "4kb", "latency", "500ms")
	m.isSlow = true
}

// shape sets the queues at both ends of the cable.
func (m *Machine) shape(what string, discipline ...string) {
	m.network.t.Helper()
	queue := func(in *namespace, device string) {
		if err := in.run("tc", append([]string{"qdisc", what, "dev", device, "root"}, discipline...)...); err != nil {
			m.network.t.Fatalf("netns: %v", err)
		}
	}
	queue(m.inside, cable)
	queue(m.network.inside, m.port)
}

// heal undoes what was done to the machine's line, but for Unplug.
func (m *Machine) heal() {
	m.network.t.Helper()
	m.network.ip(m.network.inside, "link", "set", m.port, "master", whole)
	for _, to := range m.deaf {
		m.network.ip(m.inside, "neigh", "del", to.addr, "dev", cable)
	}
	m.deaf = nil
	if m.isSlow {
		m.shape("del")
		m.isSlow = false
	}
}

// Lend makes what the test listens on reachable inside under the same loopback address. No fault of the network is in the way.
func (m *Machine) Lend(addr string) {
	m.network.t.Helper()
	m.open(m.listen(addr), func() (net.Conn, error) { return net.Dial("tcp", addr) })
}

// Publish makes what listens inside on a loopback address reachable by the test under the same one, likewise.
func (m *Machine) Publish(addr string) {
	m.network.t.Helper()
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		m.network.t.Fatalf("netns: %v", err)
	}
	m.open(ln, func() (conn net.Conn, err error) {
		err = m.Do(func() error { conn, err = net.Dial("tcp", addr); return err })
		return conn, err
	})
}

func (m *Machine) listen(addr string) (ln net.Listener) {
	m.network.t.Helper()
	if err := m.Do(func() (err error) { ln, err = net.Listen("tcp", addr); return err }); err != nil {
		m.network.t.Fatalf("netns: %v", err)
	}
	return ln
}

// open is a door: each connection to ln leads where dial does, until the test ends.
func (m *Machine) open(ln net.Listener, dial func() (net.Conn, error)) {
	m.network.t.Cleanup(func() { _ = ln.Close() })
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go pass(conn, dial)
		}
	}()
}

// pass copies both ways until both ends are done.
func pass(in net.Conn, dial func() (net.Conn, error)) {
	defer in.Close()
	out, err := dial()
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
