package policy

import (
	"slices"
	"strings"
)

// kind is the type of a name in expressions.
type kind uint8

const (
	isText kind = iota
	isTruth
	isTime
	isDuration
	isTexts   // a list of texts
	isMapping // from texts to lists of texts
)

// size is how large the value of a name can be at most, for the estimate of what an expression costs: how many characters,
// elements or entries it has, and its elements in turn.
type size struct{ entries, values, characters uint64 }

// name is one name that expressions can use.
type name struct {
	name string
	kind kind
	size size
}

const (
	// maxCarried is more groups than a session cookie has room for.
	maxCarried = 1000
	// maxTarget is the longest request target, in characters.
	maxTarget = 16 << 10
	// MaxParameters is how many parameters a query may have where an expression looks at it.
	MaxParameters = 500
)

// names are all names that expressions can use.
func names() []name {
	text := func(characters uint64) size { return size{characters: characters} }
	return []name{
		{"user.sub", isText, text(256)},
		{"user.issuer", isText, text(256)},
		{"user.username", isText, text(256)},
		{"user.name", isText, text(256)},
		{"user.email", isText, text(256)},
		{"user.email_verified", isTruth, size{}},
		{"user.groups", isTexts, size{entries: maxCarried, characters: 64}},
		{"user.claims", isMapping, size{entries: 100, values: 400, characters: 64}},
		{"session.level", isText, text(64)},
		{"session.proven", isTruth, size{}},
		{"session.reasons", isTexts, size{entries: 32, characters: 64}},
		{"session.acr", isText, text(256)},
		{"session.amr", isTexts, size{entries: 32, characters: 64}},
		{"session.auth_time", isTime, size{}},
		{"session.auth_age", isDuration, size{}},
		{"session.login_time", isTime, size{}},
		{"session.login_age", isDuration, size{}},
		{"request.method", isText, text(32)},
		{"request.host", isText, text(256)},
		{"request.path", isText, text(maxTarget)},
		{"request.query", isMapping, size{entries: MaxParameters, values: 8, characters: 256}},
		{"request.client", isText, text(64)},
		{"risk.level", isText, text(64)},
		{"risk.reasons", isTexts, size{entries: 32, characters: 64}},
		{"now", isTime, size{}},
	}
}

// sizeOf is the size of a name's value.
func sizeOf(of string) (size, bool) {
	for _, n := range names() {
		if n.name == of {
			return n.size, true
		}
	}
	return size{}, false
}

// fields are the names within a section; none if there is no such section.
func fields(section string) (all []string) {
	for _, n := range names() {
		if strings.HasPrefix(n.name, section+".") {
			all = append(all, n.name)
		}
	}
	return all
}

// isRoot reports whether an expression would not mean what it seems to if it gave this name to something of its own.
func isRoot(s string) bool {
	return slices.ContainsFunc(names(), func(n name) bool { return n.name == s || strings.HasPrefix(n.name, s+".") })
}
