package e2e_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Test_no_partition_or_failover_lets_a_revoked_session_in_or_loses_another is the nemesis among machines: packets vanish, masters are
// replaced, and the old ones come back. A run has the two failovers that matter most and three other faults;
// EDGEAUTH_NEMESIS_ROUNDS=1 has all of them, and a seed replays the choice and the times.
func Test_no_partition_or_failover_lets_a_revoked_session_in_or_loses_another(t *testing.T) {
	t.Parallel()
	seed, rounds := number(t, "EDGEAUTH_NEMESIS_SEED", uint64(time.Now().UnixNano())), number(t, "EDGEAUTH_NEMESIS_ROUNDS", 0)
	t.Logf("EDGEAUTH_NEMESIS_SEED=%d", seed)
	all := slices.Concat(elections(), further())
	l := newLand(t, seed, 4+7*len(all)*int(max(1, rounds)), safe())
	l.begin()
	if rounds == 0 {
		all = elections()
		for _, i := range l.draw.Perm(len(further()))[:3] {
			all = append(all, further()[i])
		}
	}
	for range max(1, rounds) {
		for _, i := range l.draw.Perm(len(all)) {
			l.face(all[i].name, func() {
				all[i].do(l)
				l.net.Heal()
				l.master()
				l.settle()
			})
		}
	}
	l.verdict()
}

// Test_the_judge_finds_what_a_wrong_set_up_lets_in splits the master off together with an edge, and another edge off from everybody. The
// master does without its replicas, so the edge beside it calls its copy fresh, and its log-outs delivered; the edge alone knows
// better and goes on all the same.
func Test_the_judge_finds_what_a_wrong_set_up_lets_in(t *testing.T) {
	t.Parallel()
	const beside, between, alone = 0, 1, 2
	l := newLand(t, 1, 64, rules{silent: time.Second, edges: [3]habit{{boundLevels, 0}, sound, {allowLevels, 1}}})
	l.begin()
	old := l.master()
	l.net.Split(l.hosts[old], l.homes[beside])
	l.homes[alone].Unplug()
	first := l.leaveForAll(beside)
	l.replaced(old)
	second := l.leaveForAll(between)
	time.Sleep(bound)

	type visit struct{ session, edge int }
	want := map[visit]bool{{first, between}: true, {first, alone}: true, {second, beside}: true, {second, alone}: true}
	for v := range want {
		l.wantLetIn(v.session, v.edge)
	}
	l.net.Heal()
	l.finish()
	late := map[visit]bool{}
	v := l.history.weigh(func(a asked, _ string) { late[visit{a.session, a.edge}] = true })
	if diff := cmp.Diff(want, late, cmp.AllowUnexported(visit{})); diff != "" || v.lost+v.deleted+v.revived+v.strange > 0 {
		t.Errorf("the judge finds %+v; who was let in late, and where (-want +got):\n%s", v, diff)
	}
}

// leaveForAll ends sessions at an edge until it says of one that all refuse it, and returns that.
func (l *land) leaveForAll(edge int) (session int) {
	l.t.Helper()
	l.edges[edge].Until("a log-out is delivered", func() bool {
		l.leave(edge)
		session = int(l.gone.Load()) - 1
		_, promised := l.history.ended[session]
		if !promised {
			time.Sleep(500 * time.Millisecond)
		}
		return promised
	})
	return session
}

// wantLetIn asks until an edge lets a session in, and has it in the history.
func (l *land) wantLetIn(session, edge int) {
	l.t.Helper()
	l.edges[edge].Until("the session is let in", func() bool {
		a := l.ask(session, edge)
		l.history.add(a)
		return a.outcome == admitted
	})
}
