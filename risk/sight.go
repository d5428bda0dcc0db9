package risk

import (
	"github.com/edgeauth/edgeauth/geo"
	"github.com/edgeauth/edgeauth/policy"
)

// Sight returns what an assessment would see of a visit, and where that is. It assesses and remembers nothing.
func (e *Engine) Sight(v *Visit) (policy.Sighting, geo.Result) {
	place := e.place(v.Address)
	return e.sighting(v, &place), place
}
