package suggestion_test

import (
	"strings"
	"testing"

	"github.com/edgeauth/edgeauth/config/internal/suggestion"
)

func TestTheNearestNameIsSuggested(t *testing.T) {
	names := []string{"issuer", "client_id", "client_secret", "scopes"}
	for got, want := range map[string]string{
		"isuer":    "did you mean `issuer`?",
		"issure":   "did you mean `issuer`?",
		"clientId": "did you mean `client_id`?",
		"scope":    "did you mean `scopes`?",
		"colour":   "",
		"x":        "",
		"":         "",
	} {
		if s := suggestion.DidYouMean(got, names); s != want {
			t.Errorf("for %q: %q, want %q", got, s, want)
		}
	}
}

func TestWithoutANearNameAllAreListed(t *testing.T) {
	if s := suggestion.Hint("colour", []string{"issuer", "scopes"}); s != "allowed here: issuer, scopes" {
		t.Error(s)
	}
	if s := suggestion.Hint("colour", nil); s != "" {
		t.Error(s)
	}
	if s := suggestion.DidYouMean(strings.Repeat("é", 1000), []string{"issuer"}); s != "" {
		t.Error(s)
	}
}
