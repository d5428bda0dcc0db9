package format

import (
	"strings"

	"github.com/edgeauth/edgeauth/config/internal/strict"
)

// ownPaths is the part of every host that edgeauth answers itself.
const ownPaths = "/.edgeauth"

// routePath accepts a canonical path, in which a whole segment may be a star.
func routePath(text string) (string, *strict.Fault) {
	if flt := canonical(text); flt != nil {
		return "", flt
	}
	for segment := range strings.SplitSeq(text, "/") {
		if segment != "*" && strings.Contains(segment, "*") {
			return "", fault("has a * inside a segment", "a * stands for one whole segment, as in /api/*/status")
		}
	}
	return text, nil
}

// pathPrefix accepts a canonical path without a star.
func pathPrefix(text string) (string, *strict.Fault) {
	if flt := canonical(text); flt != nil {
		return "", flt
	}
	if strings.Contains(text, "*") {
		return "", fault("must not contain a *", "")
	}
	return text, nil
}

// canonical refuses every path that has a second spelling, because a request's path is brought into one form before it
// is compared: a rule in another form would never match, and so never protect.
func canonical(path string) *strict.Fault {
	switch {
	case !strings.HasPrefix(path, "/"):
		return fault("must begin with /", "")
	case strings.Contains(path, "//"):
		return fault("must not contain //", "")
	case strings.Contains(path, "%"):
		return fault("must not contain %", "write the characters themselves; paths are compared after decoding")
	case strings.ContainsAny(path, "?#;\\"):
		return fault("must not contain ? # ; or \\", "a route sees the path only, not the query")
	case strings.ContainsFunc(path, func(r rune) bool { return r <= ' ' }):
		return fault("must not contain spaces", "")
	}
	for segment := range strings.SplitSeq(path, "/") {
		if segment == "." || segment == ".." {
			return fault("must not contain the segments . and ..", "")
		}
	}
	if folded := strings.ToLower(path); folded == ownPaths || strings.HasPrefix(folded, ownPaths+"/") {
		return fault("belongs to edgeauth itself", "/.edgeauth/ is answered on every host without a route")
	}
	return nil
}
