package oidc

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/edgeauth/edgeauth/oidc/internal/claims"
)

// Bounds on a profile. What is over them is refused, with a message that says so, and never cut: a missing group would
// change what someone may do.
const (
	longestName      = 1024
	mostGroups       = 2000
	longestGroups    = 64 << 10 // bytes, all together
	longestClaimText = 64 << 10
)

// readProfile fills in what pages, headers and route rules need. A claim of the wrong type refuses the login, because
// it may be the one on which a rule hangs.
func (p *Provider) readProfile(merged claims.Object, login *Login) (err error) {
	names := p.config.Claims
	for _, text := range []struct {
		name string
		into *string
	}{{names.Name, &login.Name}, {names.Email, &login.Email}, {names.Username, &login.Username}} {
		if merged[text.name] == nil { // absent, or null as some providers write it
			continue
		}
		if *text.into, _, err = merged.Text(text.name, longestName); err != nil {
			return err
		}
	}
	if login.EmailVerified, err = readVerified(merged, names.EmailVerified); err != nil {
		return err
	}
	login.EmailVerified = login.EmailVerified && login.Email != ""
	if login.Groups, err = readGroups(merged, names.Groups); err != nil {
		return err
	}
	login.Claims = forRules(merged)
	return nil
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

// readGroups takes a list of strings, or one string as one group. An empty name is no group.
func readGroups(merged claims.Object, name string) ([]string, error) {
	value := merged[name]
	if value == nil {
		return nil, nil
	}
	if _, single := value.(string); single {
		value = []any{value}
	}
	groups, _, err := claims.Object{name: value}.Strings(name, mostGroups, longestGroups)
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

// forRules leaves out what a rule could not compare: objects, null, mixed lists, text that is not clean.
func forRules(merged claims.Object) map[string]any {
	out := make(map[string]any, len(merged))
	for name := range merged {
		if value, ok := ruleValue(merged, name); ok {
			out[name] = value
		}
	}
	return out
}

func ruleValue(merged claims.Object, name string) (any, bool) {
	switch value := merged[name].(type) {
	case bool:
		return value, true
	case string:
		return value, len(value) <= longestClaimText && claims.Clean(value)
	case json.Number:
		return ruleNumber(value.String())
	case []any:
		list, _, err := merged.Strings(name, mostGroups, longestClaimText)
		return list, err == nil
	}
	return nil, false
}

func ruleNumber(text string) (any, bool) {
	if whole, err := strconv.ParseInt(text, 10, 64); err == nil {
		return whole, true
	}
	number, err := strconv.ParseFloat(text, 64)
	return number, err == nil && !math.IsInf(number, 0)
}
