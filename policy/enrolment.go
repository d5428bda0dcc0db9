package policy

import (
	"slices"
	"time"
)

// EnrolledOnTheSpot reports whether a step-up that began then looks as if somebody had enrolled an authenticator during
// it: the acr that was asked for came back without any amr that goes with it. Keycloak was seen to do that for someone who
// had no more than a password.
//
// One case is let off: nobody authenticated in this round, and the amr names something beside a password. Then the acr is
// left over from another application of the same provider session, and nothing can have been enrolled.
func (p Proof) EnrolledOnTheSpot(a *Authentication, began time.Time) bool {
	if len(p.ACR) == 0 || len(p.AMR) == 0 || !slices.Contains(p.ACR, a.ACR) || overlap(p.AMR, a.AMR) {
		return false
	}
	silent := !a.AuthTime.IsZero() && a.AuthTime.Add(precision+a.ClockSkew).Before(began)
	another := slices.ContainsFunc(a.AMR, func(m string) bool { return m != "pwd" })
	return !silent || !another
}
