package policy_test

import (
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/policy"
)

// downgraded is a session whose log is older than its level bears, which downgrades it.
func downgraded() *world {
	w := byPassword()
	w.route.Classes = nil
	w.past(time.Minute, [3]policy.Past{policy.PastDowngrade, policy.PastDowngrade, policy.PastDeny})
	w.standing.Staleness = time.Minute + 1
	return w
}

func TestPastTheBoundADowngradedSessionHasWhatEverySessionHas(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*testing.T, *world)
		open   bool
	}{
		"a route that asks for nothing":           {func(*testing.T, *world) {}, true},
		"a class that no level closes":            {func(_ *testing.T, w *world) { w.route.Classes = []string{"open"} }, true},
		"a class that the session's level leaves": {func(_ *testing.T, w *world) { w.route.Classes = []string{"sensitive"} }, false},
		"a class that the strictest alone closes": {func(_ *testing.T, w *world) { w.route.Classes = []string{"vault"} }, false},
		"a level":                            {func(_ *testing.T, w *world) { w.route.Level = identity.High }, false},
		"a proof":                            {func(_ *testing.T, w *world) { w.route.Proof = policy.Proof{MaxAge: time.Hour} }, false},
		"an expression about the level":      {func(t *testing.T, w *world) { w.route.Allow = expression(t, `session.proven`) }, false},
		"an expression about something else": {func(t *testing.T, w *world) { w.route.Allow = expression(t, `user.issuer != ""`) }, true},
		"what is asked of other requests": {func(t *testing.T, w *world) {
			w.route.Level, w.route.When = identity.High, expression(t, `user.issuer == ""`)
		}, true},
		"what is asked of this request": {func(t *testing.T, w *world) {
			w.route.Level, w.route.When = identity.High, expression(t, `user.issuer != ""`)
		}, false},
		"what cannot be told of this request": {func(t *testing.T, w *world) {
			w.route.Level, w.route.When = identity.High, expression(t, `int(request.path) > 1`)
		}, false},
		"at the bound": {func(_ *testing.T, w *world) {
			w.route.Classes = []string{"sensitive"}
			w.standing.Staleness = time.Minute
		}, true},
		"a session that has proven the level": {func(_ *testing.T, w *world) {
			w.route.Classes = []string{"sensitive"}
			w.session.Level, w.session.RaisedAt, w.session.Authentication = identity.Elevated, noon.Add(-time.Minute), mfa(noon)
		}, false},
		"one raised to a level that denies": {func(_ *testing.T, w *world) { w.raise(identity.High, noon.Add(-time.Minute)) }, false},
	} {
		w := downgraded()
		c.change(t, w)
		if c.open {
			w.wants(t, name, policy.Allow, policy.Permitted)
		} else {
			w.wants(t, name, policy.Stale, policy.LogTooOld)
		}
		truthful(t, policy.Case{Route: w.route, Session: w.session, Standing: w.standing, Now: w.now})
	}
}

func TestADowngradedSessionIsStillRevokedExpiredAndDenied(t *testing.T) {
	w := downgraded()
	w.standing.Revoked = true
	w.wants(t, "revoked", policy.Login, policy.Revoked)
	w = downgraded()
	w.route.Groups = []string{"admin"}
	w.wants(t, "in none of the groups", policy.Deny, policy.GroupMissing)
	w = downgraded()
	w.session.Expires = noon
	w.wants(t, "at its end", policy.Login, policy.Expired)
}
