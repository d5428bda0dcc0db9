package policy

import "net/netip"

// Request is what expressions may know of a request. Headers are not among it: clients write them as they like. The zero
// Request is none; what an expression asks of it is then an error.
type Request struct {
	Method string
	Host   string // the public host as it stands in a URL, with port where it is not the scheme's own
	Path   string // canonical and decoded, as routes are matched
	// Query holds the decoded parameters by name, each with its values in their order. It is needed only where
	// [Uses].Query says so.
	Query  map[string][]string
	Client netip.Addr // as the edge believes it; may be unknown
}
