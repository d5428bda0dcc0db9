package e2e_test

import (
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"
)

// Test_no_fault_lets_a_revoked_session_in_or_loses_another has three edges and a Redis go through faults while sessions ask
// and some log out, and judges the history afterwards. EDGEAUTH_NEMESIS_SEED replays a run as far as a machine repeats
// itself, EDGEAUTH_NEMESIS_ROUNDS makes it longer.
func Test_no_fault_lets_a_revoked_session_in_or_loses_another(t *testing.T) {
	t.Parallel()
	seed, rounds := number(t, "EDGEAUTH_NEMESIS_SEED", uint64(time.Now().UnixNano())), number(t, "EDGEAUTH_NEMESIS_ROUNDS", 1)
	t.Logf("EDGEAUTH_NEMESIS_SEED=%d", seed)
	all := faults()
	n := newTried(t, seed, 4+3*len(all)*int(rounds))
	n.begin()
	for range rounds {
		for _, i := range n.draw.Perm(len(all)) {
			n.face(all[i].name, func() { all[i].do(n) })
		}
	}
	n.verdict()
}

// allEnded asks once more for all: at the end everybody agrees.
func (n *tried) allEnded() {
	for session := range n.cookies {
		if n.history.unheard[session] {
			continue
		}
		for edge := range n.edges {
			want := admitted
			if _, ended := n.history.begun[session]; ended {
				want = login
			}
			if a := n.ask(session, edge); a.outcome != want {
				n.t.Errorf("at the end session %d at edge %d comes to %d, want %d %s", session, edge, a.outcome, want, a.detail)
			}
		}
	}
}

func number(t *testing.T, name string, otherwise uint64) uint64 {
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatal(fmt.Errorf("%s: %w", name, err))
	}
	return n
}
