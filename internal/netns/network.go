package netns

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/edgeauth/edgeauth/internal/need"
)

// Network is a switch and the machines that are plugged into it. Its methods and those of its machines end the test when they cannot do what they
// say, so they belong on the test's own goroutine, but for Machine.Do and Machine.Addr.
type Network struct {
	t        testing.TB
	inside   *namespace // of the switch: two bridges, of which the second joins whoever was split off
	machines []*Machine
}

const (
	whole = "whole" // the bridge that all are plugged into
	apart = "apart" // the bridge of those who were split off
)

// New makes a network without machines, which ends with the test. Where the machine cannot, the test is skipped, or fails
// (see need).
func New(t testing.TB) *Network {
	t.Helper()
	need.Namespaces(t)
	inside, err := open()
	if err != nil {
		t.Fatalf("netns: %v", err)
	}
	t.Cleanup(inside.close)
	n := &Network{t: t, inside: inside}
	for _, bridge := range []string{whole, apart} {
		n.ip(inside, "link", "add", bridge, "up", "type", "bridge", "forward_delay", "0")
	}
	return n
}

// Machine plugs another machine in. Its address is the next of 10.77.0.0/24.
func (n *Network) Machine() *Machine {
	n.t.Helper()
	inside, err := open()
	if err != nil {
		n.t.Fatalf("netns: %v", err)
	}
	n.t.Cleanup(inside.close)
	number := len(n.machines) + 1
	m := &Machine{network: n, inside: inside, port: "port" + strconv.Itoa(number), addr: fmt.Sprintf("10.77.0.%d", number)}
	n.ip(n.inside, "link", "add", m.port, "up", "master", whole, "type", "veth", "peer", "name", cable, "netns", inside.path)
	n.ip(inside, "addr", "add", m.addr+"/24", "dev", cable)
	n.ip(inside, "link", "set", cable, "up")
	n.machines = append(n.machines, m)
	return m
}

// Split leaves these machines only each other: packets to and from the others vanish, and nobody is told.
func (n *Network) Split(machines ...*Machine) {
	n.t.Helper()
	for _, m := range machines {
		n.ip(n.inside, "link", "set", m.port, "master", apart)
	}
}

// Off turns the switch off: nobody reaches anybody.
func (n *Network) Off() { n.each("down") }

// Heal undoes all that was done to the network.
func (n *Network) Heal() {
	n.t.Helper()
	n.each("up")
	for _, m := range n.machines {
		m.heal()
	}
}

func (n *Network) each(state string) {
	n.t.Helper()
	for _, m := range n.machines {
		n.ip(n.inside, "link", "set", m.port, state)
	}
}

func (n *Network) ip(in *namespace, args ...string) {
	n.t.Helper()
	if err := in.ip(args...); err != nil {
		n.t.Fatalf("netns: %v", err)
	}
}
