package oidc

import (
	"fmt"
	"log/slog"
)

// Token is a token of the provider. It does not print: every verb, encoding/json and slog show "[redacted]" instead.
type Token string

const redacted = "[redacted]"

// Reveal returns the token itself, to be sent to the provider or to be sealed.
func (t Token) Reveal() string { return string(t) }

// Format implements fmt.Formatter for every verb.
func (t Token) Format(f fmt.State, _ rune) { fmt.Fprint(f, redacted) }

// String implements fmt.Stringer.
func (t Token) String() string { return redacted }

// LogValue implements slog.LogValuer.
func (t Token) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText keeps the token out of JSON and other encodings.
func (t Token) MarshalText() ([]byte, error) { return []byte(redacted), nil }
