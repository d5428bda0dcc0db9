package policy_test

import (
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/policy"
)

func TestARaisedSessionEndsWithItsLevelsTimeUnlessTheLevelIsProven(t *testing.T) {
	noon := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	levels := policy.Levels{identity.Normal: {}, identity.High: {Rank: 1, Lifetime: 15 * time.Minute, Proof: policy.Proof{ACR: []string{"bio"}}}}
	raised := &policy.Standing{Vouched: true, Floors: []policy.Floor{{Level: identity.High, Since: noon, Until: noon.Add(24 * time.Hour), Reason: "time_zones"}}}
	proven := identity.Assurance{ACR: "bio", AuthTime: noon.Add(time.Minute)}
	for name, row := range map[string]struct {
		level     identity.Level
		standing  *policy.Standing
		assurance identity.Assurance
		expires   time.Duration
		want      time.Duration
	}{
		"never raised":                      {identity.Normal, &policy.Standing{Vouched: true}, identity.Assurance{}, 8 * time.Hour, 8 * time.Hour},
		"raised by the log":                 {identity.Normal, raised, identity.Assurance{}, 8 * time.Hour, 15 * time.Minute},
		"raised by the log shortly before":  {identity.Normal, raised, identity.Assurance{}, 5 * time.Minute, 5 * time.Minute},
		"raised by the log, and met since":  {identity.Normal, raised, proven, 8 * time.Hour, 8 * time.Hour},
		"raised by its login":               {identity.High, &policy.Standing{Vouched: true}, identity.Assurance{}, 20 * time.Minute, 15 * time.Minute},
		"raised by its login, proven since": {identity.High, &policy.Standing{Vouched: true}, proven, 20 * time.Minute, 20 * time.Minute},
	} {
		s := &policy.Session{Level: row.level, Epoch: noon, IssuedAt: noon, IdleUntil: noon.Add(9 * time.Hour), Expires: noon.Add(row.expires),
			Authentication: policy.Authentication{Assurance: row.assurance}}
		if row.level == identity.High {
			s.RaisedAt = noon
		}
		b, known := levels.Weigh(s, row.standing, noon)
		end := noon.Add(row.want)
		if got := b.Ends(s); !known || !got.Equal(end) {
			t.Errorf("%s: ends %v after noon, want %v", name, got.Sub(noon), row.want)
		}
		route := policy.Route{Levels: levels}
		before, after := route.Admit(s, *row.standing, end.Add(-time.Millisecond)), route.Admit(s, *row.standing, end)
		if before.Action != policy.Allow || after.Action != policy.Login {
			t.Errorf("%s: before its end %v, at its end %v", name, before, after)
		}
	}
}
