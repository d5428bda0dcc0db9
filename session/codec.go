package session

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sort"
	"time"

	"github.com/edgeauth/edgeauth/identity"
)

// errMalformed is a plaintext that encode would not have written.
var errMalformed = errors.New("malformed session")

const codecVersion = 1

// The fields by number. They are part of the format: a number is never used again for something else.
const (
	fieldID = iota + 1
	fieldFamily
	fieldDevice
	fieldIncarnation
	fieldIssuer
	fieldSub
	fieldSID
	fieldEpoch
	fieldIssuedAt
	fieldIdleUntil
	fieldExpires
	fieldLevel
	fieldACR
	fieldAMR
	fieldAuthTime
	fieldUsername
	fieldName
	fieldEmail
	fieldEmailVerified
	fieldGroups
	fieldClaims
	fieldSelection
	fieldVaultSecret
	fieldFamilyExpires
	fieldRaisedAt
	fieldReasons
	fieldEnrolled
	fieldSignals
	fieldEnd
)

// encode writes version, then each non-empty field as number (1 byte), length (uvarint) and bytes, in ascending
// order. There is exactly one encoding of a session.
func (s *Session) encode() []byte {
	w := fieldWriter{buf: []byte{codecVersion}}
	w.fixed(fieldID, s.ID[:])
	w.fixed(fieldFamily, s.Family[:])
	w.fixed(fieldDevice, s.Device[:])
	w.fixed(fieldIncarnation, s.Incarnation[:])
	w.text(fieldIssuer, s.Subject.Issuer)
	w.text(fieldSub, s.Subject.Sub)
	w.text(fieldSID, s.SID)
	w.millis(fieldEpoch, s.Epoch)
	w.millis(fieldIssuedAt, s.IssuedAt)
	w.millis(fieldIdleUntil, s.IdleUntil)
	w.millis(fieldExpires, s.Expires)
	w.text(fieldLevel, string(s.Level))
	w.text(fieldACR, s.Assurance.ACR)
	w.list(fieldAMR, s.Assurance.AMR)
	w.millis(fieldAuthTime, s.Assurance.AuthTime)
	w.text(fieldUsername, s.Username)
	w.text(fieldName, s.Name)
	w.text(fieldEmail, s.Email)
	if s.EmailVerified {
		w.bytes(fieldEmailVerified, []byte{1})
	}
	w.list(fieldGroups, s.Groups)
	w.list(fieldClaims, flatten(s.Claims))
	w.fixed(fieldSelection, s.Selection[:])
	w.fixed(fieldVaultSecret, s.VaultSecret[:])
	w.millis(fieldFamilyExpires, s.FamilyExpires)
	w.millis(fieldRaisedAt, s.RaisedAt)
	w.list(fieldReasons, s.Reasons)
	w.millis(fieldEnrolled, s.Enrolled)
	w.fixed(fieldSignals, s.Signals[:])
	return w.buf
}

// decode is the inverse of encode. Bytes that encode would not have written are errMalformed.
func decode(b []byte) (*Session, error) {
	if len(b) == 0 || b[0] != codecVersion {
		return nil, errMalformed
	}
	r := fieldReader{rest: string(b[1:])}
	s := &Session{}
	for r.next() {
		if err := s.set(&r); err != nil {
			return nil, err
		}
	}
	if r.err != nil || !s.complete() {
		return nil, errMalformed
	}
	return s, nil
}

func (s *Session) complete() bool {
	return s.ID != identity.SessionID{} && s.Family != identity.Family{} && s.Subject.Issuer != "" &&
		s.Subject.Sub != "" && !s.Expires.IsZero() && !s.IdleUntil.IsZero() && !s.IssuedAt.IsZero()
}

func (s *Session) set(r *fieldReader) error {
	switch r.field {
	case fieldID:
		r.fixed(s.ID[:])
	case fieldFamily:
		r.fixed(s.Family[:])
	case fieldDevice:
		r.fixed(s.Device[:])
	case fieldIncarnation:
		r.fixed(s.Incarnation[:])
	case fieldIssuer:
		s.Subject.Issuer = r.text()
	case fieldSub:
		s.Subject.Sub = r.text()
	case fieldSID:
		s.SID = r.text()
	case fieldEpoch:
		s.Epoch = r.millis()
	case fieldIssuedAt:
		s.IssuedAt = r.millis()
	case fieldIdleUntil:
		s.IdleUntil = r.millis()
	case fieldExpires:
		s.Expires = r.millis()
	default:
		s.setClaims(r)
	}
	return r.err
}

func (s *Session) setClaims(r *fieldReader) {
	switch r.field {
	case fieldLevel:
		s.Level = identity.Level(r.text())
	case fieldACR:
		s.Assurance.ACR = r.text()
	case fieldAMR:
		s.Assurance.AMR = r.list()
	case fieldAuthTime:
		s.Assurance.AuthTime = r.millis()
	case fieldUsername:
		s.Username = r.text()
	case fieldName:
		s.Name = r.text()
	case fieldEmail:
		s.Email = r.text()
	case fieldEmailVerified:
		s.EmailVerified = r.one()
	case fieldGroups:
		s.Groups = r.list()
	case fieldClaims:
		s.Claims = r.claims()
	case fieldSelection:
		r.fixed(s.Selection[:])
	case fieldVaultSecret:
		r.fixed(s.VaultSecret[:])
	default:
		s.setLevel(r)
	}
}

func (s *Session) setLevel(r *fieldReader) {
	switch r.field {
	case fieldFamilyExpires:
		s.FamilyExpires = r.millis()
	case fieldRaisedAt:
		s.RaisedAt = r.millis()
	case fieldReasons:
		s.Reasons = r.list()
	case fieldEnrolled:
		s.Enrolled = r.millis()
	case fieldSignals:
		r.fixed(s.Signals[:])
	default:
		r.fail()
	}
}

// flatten turns claims into one sorted list: name, count, values.
func flatten(claims map[string][]string) []string {
	names := make([]string, 0, len(claims))
	for name := range claims {
		names = append(names, name)
	}
	sort.Strings(names)
	var out []string
	for _, name := range names {
		out = append(out, name, fmt.Sprint(len(claims[name])))
		out = append(out, claims[name]...)
	}
	return out
}

type fieldWriter struct{ buf []byte }

func (w *fieldWriter) bytes(field byte, b []byte) {
	w.buf = append(w.buf, field)
	w.buf = binary.AppendUvarint(w.buf, uint64(len(b)))
	w.buf = append(w.buf, b...)
}

func (w *fieldWriter) text(field byte, s string) {
	if s != "" {
		w.bytes(field, []byte(s))
	}
}

func (w *fieldWriter) fixed(field byte, b []byte) {
	if !allZero(b) {
		w.bytes(field, b)
	}
}

func allZero[T []byte | string](b T) bool {
	for i := range len(b) {
		if b[i] != 0 {
			return false
		}
	}
	return true
}

func (w *fieldWriter) millis(field byte, t time.Time) {
	if !t.IsZero() {
		w.bytes(field, binary.AppendUvarint(nil, uint64(t.UnixMilli())))
	}
}

func (w *fieldWriter) list(field byte, list []string) {
	if len(list) == 0 {
		return
	}
	var b []byte
	for _, s := range list {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	w.bytes(field, b)
}
