// Package admission translates what others know into the words of policy: a session, and what the log says of it. It is
// the one place where the data plane and the login say what a session amounts to, so that they cannot differ. It decides
// nothing, and knows no HTTP.
package admission

import (
	"time"

	"github.com/edgeauth/edgeauth/policy"
	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/session"
)

// Session is a session as policy sees it. Skew is how far the clock of its provider may be off.
func Session(s *session.Session, skew time.Duration) policy.Session {
	return policy.Session{
		Issuer: s.Subject.Issuer, Sub: s.Subject.Sub, Username: s.Username, Name: s.Name,
		Level: s.Level, Reasons: s.Reasons, Groups: s.Groups, Claims: s.Claims,
		Email: s.Email, EmailVerified: s.EmailVerified, Selection: policy.Selection(s.Selection),
		Epoch: s.Epoch, IssuedAt: s.IssuedAt, IdleUntil: s.IdleUntil, Expires: s.Expires, RaisedAt: s.RaisedAt,
		Authentication: policy.Authentication{Assurance: s.Assurance, Enrolled: s.Enrolled, ClockSkew: skew},
		Memo:           &policy.Memo{},
	}
}

// Standing is what the log says of a session as policy sees it, but for the log's staleness, which changes with every
// request.
func Standing(st revocation.Standing) policy.Standing {
	out := policy.Standing{Vouched: st.Vouched, Revoked: st.Revoked}
	for _, f := range st.Floors {
		out.Floors = append(out.Floors, policy.Floor{Level: f.Level, Since: f.Since.Time(), Until: f.Until.Time(), Reason: f.Reason})
	}
	return out
}
