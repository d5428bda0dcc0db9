package revocation_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/revocation"
)

func Test_a_not_before_lies_behind_every_other_but_those_of_clocks_that_are_not_reckoned_with(t *testing.T) {
	now := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	r := revocation.NewReplica(func() time.Time { return now })
	soon := revocation.MillisOf(now.Add(identity.MaxClockSkew))
	if got := r.Cover(now, identity.MaxClockSkew); got != soon {
		t.Errorf("of an empty log: %v, want %v", got, soon)
	}
	end := func(ahead time.Duration) {
		since := revocation.MillisOf(now.Add(ahead))
		reg := revocation.Subject(identity.Subject{Issuer: "i", Sub: ahead.String()})
		r.Apply(revocation.Entry{Register: reg, Value: revocation.Value{Since: since, Until: since + 1}})
	}
	r.Apply(revocation.Entry{Register: revocation.Family(identity.NewFamily()), Value: revocation.Value{Since: soon + 1000, Until: soon + 2000}}) // puts nobody's epoch off
	for _, step := range []struct{ ahead, want time.Duration }{
		{30 * time.Second, time.Minute}, {110 * time.Second, 110*time.Second + time.Millisecond}, {time.Hour, 110*time.Second + time.Millisecond}, {100 * time.Second, 110*time.Second + time.Millisecond},
	} {
		end(step.ahead)
		if got := r.Cover(now, identity.MaxClockSkew); got != revocation.MillisOf(now.Add(step.want)) {
			t.Errorf("behind one %v ahead: %v ahead, want %v", step.ahead, got.Time().Sub(now), step.want)
		}
	}
}

func Test_edges_reckon_with_the_clocks_of_the_others(t *testing.T) {
	for fast, want := range map[time.Duration]time.Duration{0: time.Minute, 5 * time.Minute: 6 * time.Minute, 24 * time.Hour: 13 * time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			log := &memLog{}
			right, wrong := join(t, log, "right", 0, ""), join(t, log, "wrong", fast, "")
			defer right.stop()
			defer wrong.stop()
			if got := right.fleet.Lead(); got != time.Minute {
				t.Errorf("before anything was heard: %v", got)
			}
			time.Sleep(10 * time.Second)
			if got := right.fleet.Lead(); got != want {
				t.Errorf("beside a clock %v ahead: %v, want %v", fast, got, want)
			}
			if got := wrong.fleet.Lead(); got != time.Minute {
				t.Errorf("the edge with that clock: %v", got)
			}
		})
	}
}
