package assertions

import (
	"crypto"
	_ "crypto/sha256" // for crypto.Hash
	_ "crypto/sha512" // for crypto.Hash
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/oidc/internal/claims"
)

// Bounds on what the provider may say about how someone authenticated.
const (
	longestNonce = 1024
	longestACR   = 1024
	mostAMR      = 64
)

// Flow is what the flow knows of the ID token that it waits for.
type Flow struct {
	Nonce          string // never empty
	AccessToken    string // the one that came with it
	Algorithm      string // of its signature
	AuthTimeNeeded bool   // max_age was asked
}

// IDToken judges the claims of an ID token (OpenID Connect Core 1.0, 3.1.3.7 and 3.1.3.8).
func (r Rules) IDToken(object claims.Object, flow Flow) (t Token, a identity.Assurance, err error) {
	if t, err = r.common(object); err != nil {
		return t, a, err
	}
	if t.Sub == "" {
		return t, a, errors.New("sub is missing")
	}
	if object.Has("events") {
		return t, a, errors.New("it has events, so it is no ID token")
	}
	if err := r.authorizedParty(object); err != nil {
		return t, a, err
	}
	nonce, _, err := object.Text("nonce", longestNonce)
	if err != nil || flow.Nonce == "" || subtle.ConstantTimeCompare([]byte(nonce), []byte(flow.Nonce)) != 1 {
		return t, a, errors.New("nonce is not the one of this login")
	}
	if err := accessTokenHash(object, flow); err != nil {
		return t, a, err
	}
	a, err = r.assurance(object, flow.AuthTimeNeeded)
	return t, a, err
}

// Known is what is known of a login whose tokens are refreshed.
type Known struct {
	Sub      string
	AuthTime time.Time // zero: the provider never said
}

// ErrOther is a refreshed ID token that is about another login than the one whose token was refreshed.
var ErrOther = errors.New("the refreshed ID token is not about this login")

// SameLogin compares what names a login (OpenID Connect Core 1.0, 12.2): issuer, subject, audience and, where both have it, the
// time of the authentication. A mismatch is ErrOther, and so is a claim that cannot be read. Again is whether the time is a later
// one, which is not: Keycloak tells that of the last authentication within its session, be it for another client.
func (r Rules) SameLogin(object claims.Object, known Known) (again bool, err error) {
	issuer, _, err := object.Text("iss", longestURL)
	if err != nil || issuer != r.Issuer {
		return false, fmt.Errorf("%w: iss is %.100q, not %q", ErrOther, issuer, r.Issuer)
	}
	if sub, _, err := object.Identifier("sub", LongestSub); err != nil || sub != known.Sub {
		return false, fmt.Errorf("%w: sub is another's", ErrOther)
	}
	if audience, err := object.Audience(); err != nil || !slices.Contains(audience, r.ClientID) {
		return false, fmt.Errorf("%w: aud does not hold %q", ErrOther, r.ClientID)
	}
	at, there, err := object.Time("auth_time")
	switch {
	case err != nil, there && at.After(r.Now.Add(r.Skew)), there && at.Before(known.AuthTime):
		return false, fmt.Errorf("%w: auth_time is not that of the login", ErrOther)
	}
	return there && !known.AuthTime.IsZero() && at.After(known.AuthTime), nil
}

// Refreshed judges the other claims of an ID token that came with refreshed tokens. No flow waits for a nonce, so none is
// looked at.
func (r Rules) Refreshed(object claims.Object, accessToken, algorithm string) error {
	if _, err := r.common(object); err != nil {
		return err
	}
	if object.Has("events") {
		return errors.New("it has events, so it is no ID token")
	}
	if err := r.authorizedParty(object); err != nil {
		return err
	}
	return accessTokenHash(object, Flow{AccessToken: accessToken, Algorithm: algorithm})
}

// authorizedParty: a token for several audiences must name the client for whom it was made, and that must be us.
func (r Rules) authorizedParty(object claims.Object) error {
	azp, ok, err := object.Text("azp", 2048)
	if err != nil {
		return err
	}
	audience, err := object.Audience()
	if err != nil {
		return err
	}
	if (ok || len(audience) > 1) && azp != r.ClientID {
		return errors.New("azp is not this client")
	}
	return nil
}

// accessTokenHash is OpenID Connect Core 1.0, 3.1.3.8: the left half of the hash that belongs to the algorithm.
func accessTokenHash(object claims.Object, flow Flow) error {
	want, ok, err := object.Text("at_hash", 100)
	if err != nil || !ok {
		return err
	}
	hash := hashOf(flow.Algorithm).New()
	hash.Write([]byte(flow.AccessToken))
	sum := hash.Sum(nil)
	got := base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
	if subtle.ConstantTimeCompare([]byte(got), []byte(want)) != 1 {
		return errors.New("at_hash does not fit the access token")
	}
	return nil
}

func hashOf(alg string) crypto.Hash {
	switch {
	case alg == "EdDSA" || strings.HasSuffix(alg, "512"):
		return crypto.SHA512
	case strings.HasSuffix(alg, "384"):
		return crypto.SHA384
	}
	return crypto.SHA256
}

func (r Rules) assurance(object claims.Object, authTimeNeeded bool) (a identity.Assurance, err error) {
	if a.ACR, _, err = object.Text("acr", longestACR); err != nil {
		return a, err
	}
	if a.AMR, _, err = object.Strings("amr", mostAMR, longestACR); err != nil {
		return a, err
	}
	at, ok, err := object.Time("auth_time")
	switch {
	case err != nil:
		return a, err
	case !ok && authTimeNeeded:
		return a, errors.New("auth_time is missing, though max_age was asked")
	case ok && at.After(r.Now.Add(r.Skew)):
		return a, errors.New("auth_time lies ahead")
	}
	a.AuthTime = at
	return a, nil
}
