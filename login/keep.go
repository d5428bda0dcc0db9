package login

import (
	"slices"
	"strconv"
)

// keep returns those of the groups that some route asks about.
func keep(all, wanted []string) (kept []string) {
	for _, v := range all {
		if slices.Contains(wanted, v) {
			kept = append(kept, v)
		}
	}
	return kept
}

// keepClaims returns the claims that some route asks about, each as its values.
func keepClaims(all map[string]any, wanted []string) map[string][]string {
	kept := map[string][]string{}
	for _, name := range wanted {
		if v := values(all[name]); len(v) > 0 {
			kept[name] = v
		}
	}
	return kept
}

// values writes a claim as the values that a route can name.
func values(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case bool:
		return []string{strconv.FormatBool(v)}
	case int64:
		return []string{strconv.FormatInt(v, 10)}
	case float64:
		return []string{strconv.FormatFloat(v, 'g', -1, 64)}
	case []string:
		return v
	}
	return nil
}
