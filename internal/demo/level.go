package demo

import (
	"cmp"
	"fmt"
	"math"
	"strings"
	"time"
)

// level is a session's security level as people read it.
type level struct {
	Name    string
	Colour  string // class of the style sheet
	Raised  bool   // and so there is something to confirm
	Proven  bool
	Means   string
	Reasons []string
	Ends    *end // nil: nothing was said of it
	Proof   []pair
}

// end is when a session ends at the latest.
type end struct{ At, In string }

// levelOf reads the level from its header and all else from the assertion's claims. An application that rests on them would
// verify the signature first.
func levelOf(header string, t *token, now time.Time) *level {
	var claims map[string]any
	if t != nil {
		claims = t.claims
	}
	said, _ := claims["level"].(string)
	l := &level{Name: cmp.Or(header, said)}
	if l.Name == "" {
		return nil
	}
	l.Proven, _ = claims["level_proven"].(bool)
	l.Raised, l.Means, l.Colour = l.Name != "normal", meaning(l.Name, l.Proven), colour(l.Name, l.Proven)
	for _, code := range texts(claims["level_reasons"]) {
		l.Reasons = append(l.Reasons, reason(code))
	}
	if until, ok := claims["session_exp"].(float64); ok {
		at := time.Unix(int64(until), 0)
		l.Ends = &end{at.Format("15:04"), inWords(at.Sub(now))}
	}
	l.Proof = proof(claims)
	return l
}

func colour(level string, proven bool) string {
	switch {
	case level == "normal" || level == "elevated" && !proven || level == "high" && !proven:
		return level
	case proven:
		return "confirmed"
	}
	return ""
}

// meaning says in a sentence what a level is to the person.
func meaning(level string, proven bool) string {
	switch {
	case level == "normal":
		return "Nothing looks unusual. Everything that you may see is open."
	case proven:
		return "Something looked wrong, and you have confirmed since that it is you. Everything that you may see is open."
	case level == "elevated":
		return "Something looks unusual. Sensitive pages are closed until you confirm that it is you, for example with a one-time code."
	case level == "high":
		return "This looks like more than one person. Sensitive pages are closed until you confirm with your fingerprint that it is you."
	}
	return "Some pages may ask you to confirm that it is you."
}

// reason puts a code into plain English.
func reason(code string) string {
	switch code {
	case "time_zones":
		return "You were seen in three time zones, or more, within one hour."
	case "impossible_travel":
		return "You got here faster than any airliner flies."
	case "score":
		return "Several things together are unlike your earlier visits."
	case "history_unread":
		return "What is known of your earlier visits could not be read."
	case "new_tor":
		return "You came through the Tor network, for the first time."
	case "new_hosting":
		return "You came from a data centre or a VPN, for the first time."
	case "client_contradicts":
		return "Your browser is not what it says it is."
	case "rekeyed":
		return "A device that is known has a new key."
	case "subject_failures", "network_failures", "asn_failures":
		return "Many logins like yours failed lately."
	}
	return "The reason has the code " + code + "."
}

// proof is how the person authenticated.
func proof(claims map[string]any) []pair {
	var out []pair
	if acr, _ := claims["acr"].(string); acr != "" {
		out = append(out, pair{"acr", acr + inBrackets(map[string]string{"pwd": "a password", "mfa": "a password and a one-time code", "bio": "a fingerprint"}[acr])})
	}
	words := map[string]string{"pwd": "password", "otp": "one-time code", "hwk": "a key in a fingerprint reader"}
	if methods := texts(claims["amr"]); len(methods) > 0 {
		for i, m := range methods {
			methods[i] = m + inBrackets(words[m])
		}
		out = append(out, pair{"amr", strings.Join(methods, ", ")})
	}
	if at, ok := claims["auth_time"].(float64); ok {
		out = append(out, pair{"auth_time", time.Unix(int64(at), 0).Format("15:04:05")})
	}
	return out
}

func inBrackets(s string) string {
	if s == "" {
		return ""
	}
	return " (" + s + ")"
}

// texts are the texts of a list in JSON.
func texts(v any) []string {
	var out []string
	list, _ := v.([]any)
	for _, one := range list {
		if s, ok := one.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

// inWords rounds a duration as people say it.
func inWords(d time.Duration) string {
	minutes := int(math.Round(d.Minutes()))
	switch {
	case minutes <= 0:
		return "a moment"
	case minutes == 1:
		return "1 minute"
	case minutes == 60:
		return "1 hour"
	case minutes < 120:
		return fmt.Sprintf("%d minutes", minutes)
	}
	return fmt.Sprintf("%d hours", int(math.Round(d.Hours())))
}
