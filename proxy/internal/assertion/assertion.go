// Package assertion signs who is there for one upstream: a JSON Web Token (RFC 7519) by ES256 (RFC 7518, 3.4) that
// lives for a minute, and publishes the keys that verify it. It knows no requests.
package assertion

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/session"
)

// Lifetime is how long an assertion is valid.
const Lifetime = 60 * time.Second

// claims are the token's content. SubID names the subject together with its issuer (RFC 9493, 3.2.4): sub alone is
// unique only within one provider.
type claims struct {
	Issuer        string    `json:"iss"`
	Audience      string    `json:"aud"`
	Subject       string    `json:"sub"`
	SubID         subjectID `json:"sub_id"`
	SID           string    `json:"sid"`
	IssuedAt      int64     `json:"iat"`
	NotBefore     int64     `json:"nbf"`
	Expires       int64     `json:"exp"`
	SessionEnds   int64     `json:"session_exp"`
	Level         string    `json:"level,omitempty"`
	Proven        bool      `json:"level_proven"`
	Reasons       []string  `json:"level_reasons,omitempty"`
	ACR           string    `json:"acr,omitempty"`
	AMR           []string  `json:"amr,omitempty"`
	AuthTime      int64     `json:"auth_time,omitempty"`
	Username      string    `json:"preferred_username,omitempty"`
	Name          string    `json:"name,omitempty"`
	Email         string    `json:"email,omitempty"`
	EmailVerified bool      `json:"email_verified,omitempty"`
	Groups        []string  `json:"groups,omitempty"`
}

type subjectID struct {
	Format  string `json:"format"`
	Issuer  string `json:"iss"`
	Subject string `json:"sub"`
}

// Statement is what a token says.
type Statement struct {
	Issuer   string // the edge's public origin
	Audience string
	Session  *session.Session

	Level   identity.Level // the strictest that the session is under, by its login or by the log
	Proven  bool           // whether what that level closes is open
	Reasons []string       // why it was given
	Ends    time.Time      // when the session ends at the latest
}

// Sign returns the token that makes a statement, valid for Lifetime from now.
func Sign(key session.Key, st Statement, now time.Time) (string, error) {
	s := st.Session
	c := claims{
		Issuer: st.Issuer, Audience: st.Audience,
		Subject: s.Subject.Sub, SubID: subjectID{"iss_sub", s.Subject.Issuer, s.Subject.Sub}, SID: s.Family.String(),
		IssuedAt: now.Unix(), NotBefore: now.Unix(), Expires: now.Add(Lifetime).Unix(),
		SessionEnds: st.Ends.Unix(), Level: string(st.Level), Proven: st.Proven, Reasons: st.Reasons, ACR: s.Assurance.ACR, AMR: s.Assurance.AMR,
		Username: s.Username, Name: s.Name, Email: s.Email, EmailVerified: s.EmailVerified, Groups: s.Groups,
	}
	if t := s.Assurance.AuthTime; !t.IsZero() {
		c.AuthTime = t.Unix()
	}
	head, err1 := encode(map[string]string{"alg": "ES256", "typ": "JWT", "kid": key.ID.String()})
	body, err2 := encode(c)
	if err := errors.Join(err1, err2); err != nil {
		return "", fmt.Errorf("encoding an assertion: %w", err)
	}
	signature, err := sign(key.Signing, head+"."+body)
	if err != nil {
		return "", fmt.Errorf("signing an assertion: %w", err)
	}
	return head + "." + body + "." + signature, nil
}

func encode(v any) (string, error) {
	b, err := json.Marshal(v)
	return base64.RawURLEncoding.EncodeToString(b), err
}

// sign is ECDSA over P-256 with SHA-256, as two numbers of 32 bytes each.
func sign(key *ecdsa.PrivateKey, text string) (string, error) {
	digest := sha256.Sum256([]byte(text))
	r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
	if err != nil {
		return "", err
	}
	var out [64]byte
	r.FillBytes(out[:32])
	s.FillBytes(out[32:])
	return base64.RawURLEncoding.EncodeToString(out[:]), nil
}
