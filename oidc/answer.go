package oidc

import (
	"encoding/json"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/edgeauth/edgeauth/oidc/internal/backchannel"
	"github.com/edgeauth/edgeauth/oidc/internal/claims"
)

// tokenAnswer is what a token endpoint answered (RFC 6749, 5.1).
type tokenAnswer struct {
	accessToken  string
	life         time.Duration // of the access token, within the bounds below
	refreshToken string        // empty: none
	idToken      string        // empty: none
	scope        string
}

// How long an access token is believed to last, whatever expires_in says: a provider that is wrong about it must cause
// neither a storm of refreshes nor a token that is sent for years.
const (
	assumedLife  = 5 * time.Minute // where it does not say, or nothing that can be read
	shortestLife = 10 * time.Second
	longestLife  = 24 * time.Hour
)

func parseTokenAnswer(op, mediaType string, body []byte) (answer tokenAnswer, err error) {
	if mediaType != "application/json" {
		return answer, unusable(op, "the content type is %.60q, not application/json", mediaType)
	}
	object, err := claims.Parse(body)
	if err != nil {
		return answer, judged(op, err)
	}
	if object.Has("error") { // some providers say so with status 200
		return answer, tokenRefusal(op, http.StatusBadRequest, body)
	}
	kind, err := needed(op, object, "token_type", 40)
	if err != nil {
		return answer, err
	}
	if !strings.EqualFold(kind, "bearer") {
		return answer, invalid(op, "token_type is not Bearer")
	}
	if answer.accessToken, err = needed(op, object, "access_token", backchannel.MaxTokenBody); err != nil {
		return answer, err
	}
	return answer, answer.rest(op, object)
}

// rest reads the members that an answer may lack. A refresh token or a scope that cannot be read counts as none: a login
// works without.
func (a *tokenAnswer) rest(op string, object claims.Object) (err error) {
	if a.idToken, _, err = object.Text("id_token", backchannel.MaxTokenBody); err != nil && object["id_token"] != nil {
		return judged(op, err)
	}
	a.refreshToken, _, _ = object.Text("refresh_token", longestRefresh)
	a.scope, _, _ = object.Text("scope", longestScope)
	a.life = lifeOf(object["expires_in"])
	return nil
}

const (
	longestRefresh = 32 << 10 // bytes
	longestScope   = 8 << 10
)

// lifeOf reads expires_in. Some providers write the number as a text.
func lifeOf(value any) time.Duration {
	text, ok := value.(string)
	if number, isNumber := value.(json.Number); isNumber {
		text, ok = number.String(), true
	}
	seconds, err := strconv.ParseFloat(text, 64)
	if !ok || err != nil || math.IsNaN(seconds) {
		return assumedLife
	}
	seconds = min(max(seconds, shortestLife.Seconds()), longestLife.Seconds())
	return time.Duration(seconds * float64(time.Second))
}

// needed reads a text that every token answer has.
func needed(op string, object claims.Object, name string, limit int) (string, error) {
	text, _, err := object.Text(name, limit)
	if err != nil {
		return "", judged(op, err)
	}
	if text == "" {
		return "", invalid(op, "%s is missing or empty", name)
	}
	return text, nil
}
