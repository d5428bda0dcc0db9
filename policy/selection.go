package policy

import (
	"maps"
	"slices"
	"strconv"

	"github.com/edgeauth/edgeauth/identity"
)

// Selection names which groups and claims a session carries: those that some route asked about when it was issued.
type Selection [8]byte

// Select names the groups and claims that the routes ask about; only those are kept in sessions.
func Select(routes []*Route) (groups, claims []string, sel Selection) {
	g, c := map[string]bool{}, map[string]bool{}
	for _, r := range routes {
		for _, name := range r.Groups {
			g[name] = true
		}
		for _, rule := range r.Claims {
			c[rule.Name] = true
		}
		uses := r.Uses()
		for _, name := range uses.Groups {
			g[name] = true
		}
		for _, name := range uses.Claims {
			c[name] = true
		}
	}
	groups, claims = slices.Sorted(maps.Keys(g)), slices.Sorted(maps.Keys(c))
	parts := append([]string{strconv.Itoa(len(groups))}, groups...) // the number says where the claims begin
	d := identity.Digest("edgeauth selection", append(parts, claims...)...)
	return groups, claims, Selection(d[:8])
}
