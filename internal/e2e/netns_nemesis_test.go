package e2e_test

import (
	"slices"
	"testing"
	"time"
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
// master does without its replicas, so the first edge calls its copy fresh; the other knows better and goes on all the same.
func Test_the_judge_finds_what_a_wrong_set_up_lets_in(t *testing.T) {
	t.Parallel()
	const beside, between, alone = 0, 1, 2
	l := newLand(t, 1, 40, rules{silent: time.Second, levels: [3]string{boundLevels, boundLevels, allowLevels}})
	l.begin()
	old := l.master()
	l.net.Split(l.hosts[old], l.homes[beside])
	l.homes[alone].Unplug()
	l.replaced(old)
	for len(l.history.ended) == 0 { // until the edge has heard of the new master
		time.Sleep(200 * time.Millisecond)
		l.leave(between)
	}
	time.Sleep(bound + time.Second)
	l.net.Heal()
	l.finish()
	late := map[int]int{}
	v := l.history.weigh(func(a asked, _ string) { late[a.edge]++ })
	if late[beside] == 0 || late[between] > 0 || late[alone] == 0 || v.lost+v.deleted+v.revived+v.strange > 0 {
		t.Errorf("the judge finds %+v, by edge %v; want requests that come too late at edges %d and %d, and nothing else", v, late, beside, alone)
	}
}
