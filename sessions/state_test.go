package sessions_test

import (
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/sessions"
)

// logOf answers as the replica does, and vouches or does not.
type logOf struct {
	*revocation.Replica
	vouches bool
}

func (l logOf) Standing(n *revocation.Names) revocation.Standing {
	st := l.Replica.Standing(n)
	st.Vouched = l.vouches
	return st
}

func TestASessionStandsAsLogAndTimesSay(t *testing.T) {
	b := open(t)
	for name, c := range map[string]struct {
		write   func(r *sessions.Record) []revocation.Register // which registers are written now
		at      time.Duration
		strange bool
		want    sessions.State
	}{
		"nothing happened": {want: sessions.Live},
		"its family was ended": {write: func(r *sessions.Record) []revocation.Register {
			return []revocation.Register{revocation.Family(r.Family)}
		}, want: sessions.Revoked},
		"an id of it was replaced": {write: func(r *sessions.Record) []revocation.Register { return []revocation.Register{revocation.Session(r.ID)} }, want: sessions.Live},
		"all of the subject's were ended": {write: func(r *sessions.Record) []revocation.Register {
			return []revocation.Register{revocation.Subject(r.Subject)}
		}, want: sessions.Revoked},
		"those of a provider's session": {write: func(r *sessions.Record) []revocation.Register {
			return []revocation.Register{revocation.IdPSession(identity.IdPSession{Issuer: r.Subject.Issuer, SID: r.SID})}
		}, want: sessions.Revoked},
		"those of the device": {write: func(r *sessions.Record) []revocation.Register {
			return []revocation.Register{revocation.Device(r.Device)}
		}, want: sessions.Revoked},
		"idle, as other edges' clocks have": {at: 30*time.Minute + identity.MaxClockSkew/2, want: sessions.Live},
		"idle":                              {at: 32 * time.Minute, want: sessions.Idle},
		"expired":                           {at: 9 * time.Hour, want: sessions.Expired},
		"another life of the log":           {strange: true, want: sessions.Unvouched},
	} {
		t.Run(name, func(t *testing.T) {
			r, now := b.fresh(alice, 8), revocation.MillisOf(b.now())
			if c.write != nil {
				for _, reg := range c.write(&r) {
					b.log.Apply(revocation.Entry{Register: reg, Value: revocation.Value{Since: now + 1000, Until: now + 9_000_000, Reason: "because"}})
				}
			}
			got, reason := r.State(logOf{b.log, !c.strange}, b.now().Add(c.at))
			if got != c.want || (reason == "because") != (c.want == sessions.Revoked) {
				t.Errorf("%s, %q, want %s", got, reason, c.want)
			}
			b.log = revocation.NewReplica(time.Now)
		})
	}
}
