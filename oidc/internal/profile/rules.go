package profile

import (
	"encoding/json"
	"math"
	"strconv"

	"github.com/edgeauth/edgeauth/oidc/internal/claims"
)

const (
	mostEntries = 2000     // of a list that a rule compares
	longestText = 64 << 10 // bytes of one text
)

// ForRules returns the claims that a route rule can compare, as bool, string, int64, float64 or []string. It leaves out
// what a rule could not compare: objects, null, mixed lists, text that is not clean.
func ForRules(merged claims.Object) map[string]any {
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
		return value, len(value) <= longestText && claims.Clean(value)
	case json.Number:
		return ruleNumber(value.String())
	case []any:
		list, _, err := merged.Strings(name, mostEntries, longestText)
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
