// Package suggestion guesses which name was meant. It owns the measure of likeness and knows nothing of where the names
// come from.
package suggestion

import (
	"strings"
	"unicode"
)

// Hint is a hint for a name that is not one of those allowed: the one that was probably meant, or all of them.
func Hint(got string, allowed []string) string {
	if hint := DidYouMean(got, allowed); hint != "" {
		return hint
	}
	if len(allowed) == 0 {
		return ""
	}
	return "allowed here: " + strings.Join(allowed, ", ")
}

// DidYouMean names the one that was probably meant, or is empty.
func DidYouMean(got string, allowed []string) string {
	if best := nearest(got, allowed); best != "" {
		return "did you mean `" + best + "`?"
	}
	return ""
}

// nearest returns the name with the fewest changed, added, removed or swapped characters, if a third of the characters
// or fewer differ.
func nearest(got string, allowed []string) string {
	if len(got) > 64 {
		return ""
	}
	best, least := "", len(got)/3+1
	for _, name := range allowed {
		if d := distance(plainName(got), plainName(name)); d < least {
			best, least = name, d
		}
	}
	return best
}

// plainName makes clientId, client-id and client_id the same.
func plainName(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '_' || r == '-' {
			return -1
		}
		return unicode.ToLower(r)
	}, s)
}

// distance is the restricted Damerau-Levenshtein distance (optimal string alignment) in bytes.
func distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			rows[i][j] = step(rows, a, b, i, j)
		}
	}
	return rows[len(a)][len(b)]
}

func step(rows [][]int, a, b string, i, j int) int {
	cost := 1
	if a[i-1] == b[j-1] {
		cost = 0
	}
	least := min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
	if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
		least = min(least, rows[i-2][j-2]+1)
	}
	return least
}
