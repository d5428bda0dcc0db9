package main

import (
	"time"

	"github.com/edgeauth/edgeauth/admin/api"
	"github.com/edgeauth/edgeauth/admission"
	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/policy"
	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/sessions"
)

// weigh applies the levels to what the index knows of a session, as the edge does to the session itself. What only the cookie
// tells counts as not proven: that somebody has enrolled since.
func (t *tree) weigh(levels policy.Levels) api.Weigh {
	return func(r *sessions.Record, st revocation.Standing, now time.Time) (unproven identity.Level, ends time.Time) {
		s := policy.Session{
			Level: levels.Known(r.Level), RaisedAt: r.RaisedAt, Epoch: r.Epoch, IdleUntil: r.IdleUntil, Expires: r.Expires,
			Authentication: policy.Authentication{Assurance: r.Assurance, ClockSkew: t.clockSkew(r.Subject.Issuer)},
		}
		standing := admission.Standing(st)
		b, _ := levels.Weigh(&s, &standing, now)
		if !b.Proven {
			unproven = b.Need.Level
		}
		return unproven, b.Ends(&s)
	}
}
