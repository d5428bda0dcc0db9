package revocation_test

import (
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/revocation"
)

func Test_every_scope_ends_the_sessions_that_it_names_and_no_others(t *testing.T) {
	const since = 1000
	one, other := bearer(time.UnixMilli(since)), bearer(time.UnixMilli(since))
	one.IdPSession = identity.IdPSession{Issuer: one.Subject.Issuer, SID: "s-1"}
	other.IdPSession = identity.IdPSession{Issuer: one.Subject.Issuer, SID: "s-2"}
	other.Subject.Sub += "-else"
	for scope, c := range map[revocation.Scope]struct {
		register revocation.Register
		forGood  bool // a later epoch does not help
		everyone bool
	}{
		revocation.ScopeFamily:     {register: revocation.Family(one.Family), forGood: true},
		revocation.ScopeSession:    {register: revocation.Session(one.ID), forGood: true},
		revocation.ScopeSubject:    {register: revocation.Subject(one.Subject)},
		revocation.ScopeIdPSession: {register: revocation.IdPSession(one.IdPSession)},
		revocation.ScopeDevice:     {register: revocation.Device(one.Device)},
		revocation.ScopeAll:        {register: revocation.All(), everyone: true},
	} {
		r := revocation.NewReplica(time.Now)
		standing := func(b revocation.Bearer, epoch int64) revocation.Standing {
			b.Epoch = time.UnixMilli(epoch)
			names := b.Names()
			return r.Standing(&names)
		}
		if st := standing(one, since); st.Revoked {
			t.Errorf("%v: ended before anything was written: %+v", scope, st)
		}
		r.Apply(revocation.Entry{Register: c.register, Value: revocation.Value{Since: since, Until: since + 1, Reason: "test"}})
		if st := standing(one, since); !st.Revoked || st.Scope != scope || st.Reason != "test" {
			t.Errorf("%v: the session that it names is %+v", scope, st)
		}
		if st := standing(one, since+1); st.Revoked != c.forGood {
			t.Errorf("%v: a session of a later login is %+v", scope, st)
		}
		if st := standing(other, since); st.Revoked != c.everyone {
			t.Errorf("%v: another session is %+v", scope, st)
		}
	}
}
