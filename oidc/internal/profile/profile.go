// Package profile reads who someone is from the claims of ID token and userinfo. It owns the precedence between the two, the
// shapes that profile claims may have, and their bounds. It is pure: it must not know tokens or the network.
package profile

import (
	"fmt"
	"maps"
	"slices"

	"github.com/edgeauth/edgeauth/oidc/internal/assertions"
	"github.com/edgeauth/edgeauth/oidc/internal/claims"
)

// Bounds on a profile. What is over them is refused, with a message that says so, and never cut: a missing group would
// change what someone may do.
const (
	longestName   = 1024
	mostGroups    = 2000
	longestGroups = 64 << 10 // bytes, all together
)

// Names says which claims carry the profile. None is empty.
type Names struct{ Name, Email, EmailVerified, Groups, Username string }

// Profile is what pages, headers and route rules need of a person. Empty means that the provider gave none.
type Profile struct {
	Name, Email, Username string
	EmailVerified         bool
	Groups                []string // sorted, each once
}

// Merge adds to the ID token's claims what userinfo may say: nothing about the protocol, groups only where the token
// has none, and the e-mail address only together with whether it is verified.
func (n Names) Merge(token, info claims.Object) claims.Object {
	merged := maps.Clone(token)
	if info.Has(n.Email) {
		delete(merged, n.EmailVerified) // it belongs to the address that is replaced
	}
	for name, value := range info {
		switch {
		case slices.Contains(assertions.ProtocolClaims(), name),
			name == n.Groups && token.Has(n.Groups),
			name == n.EmailVerified && !info.Has(n.Email):
			continue
		}
		merged[name] = value
	}
	return merged
}

// Read reads the profile. A claim of the wrong type is an error, because it may be the one on which a rule hangs.
func (n Names) Read(merged claims.Object) (p Profile, err error) {
	for _, text := range []struct {
		name string
		into *string
	}{{n.Name, &p.Name}, {n.Email, &p.Email}, {n.Username, &p.Username}} {
		if merged[text.name] == nil { // absent, or null as some providers write it
			continue
		}
		if *text.into, _, err = merged.Text(text.name, longestName); err != nil {
			return p, err
		}
	}
	if p.EmailVerified, err = readVerified(merged, n.EmailVerified); err != nil {
		return p, err
	}
	p.EmailVerified = p.EmailVerified && p.Email != ""
	p.Groups, err = readGroups(merged, n.Groups)
	return p, err
}

// readVerified also takes "true" and "false" in quotes, which AWS Cognito sends.
func readVerified(merged claims.Object, name string) (bool, error) {
	switch merged[name] {
	case nil, false, "false":
		return false, nil
	case true, "true":
		return true, nil
	}
	return false, fmt.Errorf("%s is neither true nor false", name)
}

// readGroups takes a list of strings and nothing else: one string could hold one group or several. An empty name is no
// group.
func readGroups(merged claims.Object, name string) ([]string, error) {
	if merged[name] == nil {
		return nil, nil
	}
	groups, _, err := merged.Strings(name, mostGroups, longestGroups)
	if err != nil {
		return nil, err
	}
	total := 0
	for _, group := range groups {
		total += len(group)
	}
	if total > longestGroups {
		return nil, fmt.Errorf("%s has more than %d bytes", name, longestGroups)
	}
	groups = slices.DeleteFunc(groups, func(group string) bool { return group == "" })
	slices.Sort(groups)
	return slices.Compact(groups), nil
}
