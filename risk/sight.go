package risk

import (
	"time"

	"github.com/edgeauth/edgeauth/geo"
	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/policy"
)

// Sight returns what an assessment would see of a visit, and where that is. It assesses and remembers nothing.
func (e *Engine) Sight(v *Visit) (policy.Sighting, geo.Result) {
	place := e.place(v.Address)
	return e.sighting(v, &place), place
}

// Near returns how many logins failed lately of a subject, and from where a sighting is.
func (f *Failures) Near(who identity.Subject, s *policy.Sighting, at time.Time) policy.Failures {
	return f.near(who, s, at)
}
