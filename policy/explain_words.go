package policy

import (
	"strings"
	"time"
)

// String says in words what the proof asks for.
func (p Proof) String() string {
	var parts []string
	if len(p.ACR) > 0 {
		parts = append(parts, "acr "+either(p.ACR))
	}
	if len(p.AMR) > 0 {
		parts = append(parts, "amr "+either(p.AMR))
	}
	if p.MaxAge > 0 {
		parts = append(parts, "no older than "+lasting(p.MaxAge))
	}
	if len(parts) == 0 {
		return "any login"
	}
	return strings.Join(parts, ", ")
}

func authentication(a *Authentication) string {
	parts := []string{"acr " + orNone([]string{a.ACR}), "amr " + orNone(a.AMR)}
	if !a.AuthTime.IsZero() {
		parts = append(parts, "at "+stamp(a.AuthTime))
	}
	return strings.Join(parts, ", ")
}

func address(s *Session) string {
	switch {
	case s.Email == "":
		return "none"
	case !s.EmailVerified:
		return s.Email + " (not verified)"
	}
	return s.Email
}

func either(list []string) string { return strings.Join(list, " or ") }

// orNone is a list in words, or the word for an empty one.
func orNone(list []string) string {
	if text := strings.Join(list, ", "); text != "" {
		return text
	}
	return "none"
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// lasting is a duration as people write it: 8h, 1h30m, 15m, 0s.
func lasting(d time.Duration) string {
	if d == NeverRead {
		return "infinitely"
	}
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = text[:len(text)-2]
	}
	if strings.HasSuffix(text, "h0m") {
		text = text[:len(text)-2]
	}
	return text
}
