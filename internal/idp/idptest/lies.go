package idptest

import (
	"net/url"
	"time"

	"github.com/edgeauth/edgeauth/internal/idp"
)

// With is a lie for idp.Lies.IDToken: the claim has that value, of any JSON type.
func With(claim string, value any) func(header, claims map[string]any) {
	return func(_, claims map[string]any) { claims[claim] = value }
}

// Without is a lie for idp.Lies.IDToken: these claims are absent.
func Without(names ...string) func(header, claims map[string]any) {
	return func(_, claims map[string]any) {
		for _, name := range names {
			delete(claims, name)
		}
	}
}

// AuthTime is a lie for idp.Lies.IDToken: auth_time is that much later than the truth, or earlier if by is negative.
func AuthTime(by time.Duration) func(header, claims map[string]any) {
	return func(_, claims map[string]any) {
		if at, ok := claims["auth_time"].(int64); ok {
			claims["auth_time"] = at + int64(by/time.Second)
		}
	}
}

// Indifferent is a lie for idp.Lies.Request: nothing that was asked of the authentication is heard, so that a session
// gets its answer silently.
func Indifferent(q url.Values) {
	for _, name := range []string{"acr_values", "claims", "max_age", "prompt"} {
		q.Del(name)
	}
}

// StepUpLies are the ways of the attack cases SU-01, SU-02 and SU-04 to answer a step-up to the context acr without
// having earned it, by what is wrong. They are for providers whose weakest context is pwd and whose session is alice's
// with the password alone; tell them after the first login, which they would spoil too.
func StepUpLies(acr string) map[string]idp.Lies {
	lies := map[string]idp.Lies{
		"everything that was asked is ignored": {Request: Indifferent},
		"ignored, but boasted of":              {Request: Indifferent, IDToken: With("acr", acr)},
	}
	for name, edit := range map[string]func(header, claims map[string]any){
		"no acr":                     Without("acr"),
		"a lower acr":                With("acr", "pwd"),
		"an unknown acr":             With("acr", acr+":unheard-of"),
		"an empty acr":               With("acr", ""),
		"acr is a list":              With("acr", []string{acr}),
		"no amr":                     Without("amr"),
		"amr of the password alone":  With("amr", []string{"pwd"}),
		"amr is a text":              With("amr", "pwd otp hwk"),
		"no auth_time":               Without("auth_time"),
		"auth_time is a text":        With("auth_time", "now"),
		"auth_time of yesterday":     AuthTime(-24 * time.Hour),
		"auth_time of tomorrow":      AuthTime(24 * time.Hour),
		"another sub":                With("sub", "demo-bob"),
		"nothing of how it was done": Without("acr", "amr", "auth_time"),
	} {
		lies[name] = idp.Lies{IDToken: edit}
	}
	return lies
}
