package factor

import (
	"encoding/json"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"time"
)

var (
	// ErrUnmet is an essential acr that nobody here, or not this person, can prove (Core 5.5.1.1).
	ErrUnmet = errors.New("the essential authentication context can't be reached")
	// ErrMalformed is a parameter that can't be read.
	ErrMalformed = errors.New("max_age must be a number of seconds, claims a JSON object")
)

// Demand is what an authorization request asks of the authentication.
type Demand struct {
	Ladder Ladder // of the client that asks
	Anew   bool   // whatever the session has proven before is not enough: prompt=login, max_age=0

	places    []int // in Ladder, best liked first; none: any will do
	essential bool
	maxAge    int64 // seconds; negative: any age will do
}

// Parse reads acr_values, claims, max_age and prompt of an authorization request. Contexts that the ladder lacks are
// ignored, as voluntary claims may be; where all of an essential acr are lacking the error is ErrUnmet.
func Parse(q url.Values, l Ladder) (Demand, error) {
	d := Demand{Ladder: l, maxAge: -1, Anew: q.Get("prompt") == "login"}
	if q.Has("max_age") {
		seconds, err := strconv.ParseUint(q.Get("max_age"), 10, 31)
		if err != nil {
			return d, ErrMalformed
		}
		d.maxAge = int64(seconds)
		d.Anew = d.Anew || seconds == 0 // no earlier authentication is that young
	}
	names, essential, err := parseClaims(q.Get("claims"))
	if err != nil {
		return d, err
	}
	d.essential = essential && len(names) > 0 // without values it asks for any acr, which there always is
	if len(names) == 0 {
		names = strings.Fields(q.Get("acr_values"))
	}
	for _, name := range names {
		if i := l.find(name); i >= 0 {
			d.places = append(d.places, i)
		}
	}
	if d.essential && len(d.places) == 0 {
		return d, ErrUnmet
	}
	return d, nil
}

// parseClaims returns what the claims parameter asks of the ID token's acr (Core 5.5.1.1).
func parseClaims(text string) (names []string, essential bool, err error) {
	if text == "" {
		return nil, false, nil
	}
	var claims struct {
		IDToken struct {
			ACR struct {
				Essential bool     `json:"essential"`
				Value     string   `json:"value"`
				Values    []string `json:"values"`
			} `json:"acr"`
		} `json:"id_token"`
	}
	if json.Unmarshal([]byte(text), &claims) != nil {
		return nil, false, ErrMalformed
	}
	acr := claims.IDToken.ACR
	if acr.Value != "" {
		acr.Values = append([]string{acr.Value}, acr.Values...)
	}
	return acr.Values, acr.Essential, nil
}

// Missing tells what a person who has proven p, and can prove what can says, is to be asked for next; Factor 0 is
// nothing, and the evidence is then the answer. ErrUnmet means that no question helps.
func (d Demand) Missing(p Proof, can func(Factor) bool, now time.Time) (Evidence, Factor, error) {
	if len(p.done) == 0 {
		return Evidence{}, Password, nil
	}
	for _, i := range d.places {
		if !can(d.Ladder[i].Factor) {
			continue
		}
		if ev, ok := p.of(d.Ladder, i); ok && d.young(ev, now) {
			return ev, 0, nil
		}
		return Evidence{}, d.Ladder[i].Factor, nil
	}
	if d.essential {
		return Evidence{}, 0, ErrUnmet
	}
	for i := len(d.Ladder) - 1; i >= 0; i-- {
		if ev, ok := p.of(d.Ladder, i); ok && d.young(ev, now) {
			return ev, 0, nil
		}
	}
	return Evidence{}, Password, nil
}

// young compares whole seconds, because auth_time has no others.
func (d Demand) young(ev Evidence, now time.Time) bool {
	return d.maxAge <= 0 || now.Unix()-ev.At.Unix() <= d.maxAge
}
