package session

import (
	"encoding/binary"
	"fmt"
	"log/slog"
	"time"
)

// Tokens are what the provider gave out for a session. Times are UTC with millisecond precision. They do not print.
type Tokens struct {
	ID      string // ID token
	Access  string
	Refresh string // empty: the provider gave none
	Client  string // id of the client that they were given to; empty in records of releases that did not keep it
	Scope   string // of the access token, as the provider wrote it; empty: it wrote none, so it is what was asked for

	Expires   time.Time // of the access token
	Validated time.Time // when the provider last vouched for the session: at login, or when it last took the refresh token

	// Number counts the records of one session: each that takes another's place has a greater one. It tells which of two
	// records is the newer, whoever holds them.
	Number uint64
}

// Format hides the tokens under every verb.
func (t Tokens) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "tokens, record %d", t.Number) }

// LogValue hides the tokens.
func (t Tokens) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(t)) }

// MarshalJSON hides the tokens: they leave the process sealed or not at all.
func (t Tokens) MarshalJSON() ([]byte, error) { return []byte(`"[redacted]"`), nil }

// tokensVersion is the first byte of a record. One of a release that kept the ID token alone is that token, and begins with
// a letter.
const tokensVersion = 1

// The fields by number. They are part of the format: a number is never used again for something else.
const (
	tokensID = iota + 1
	tokensAccess
	tokensRefresh
	tokensClient
	tokensScope
	tokensExpires
	tokensValidated
	tokensNumber
)

func (t *Tokens) encode() []byte {
	w := fieldWriter{buf: []byte{tokensVersion}}
	w.text(tokensID, t.ID)
	w.text(tokensAccess, t.Access)
	w.text(tokensRefresh, t.Refresh)
	w.text(tokensClient, t.Client)
	w.text(tokensScope, t.Scope)
	w.millis(tokensExpires, t.Expires)
	w.millis(tokensValidated, t.Validated)
	if t.Number > 0 {
		w.bytes(tokensNumber, binary.AppendUvarint(nil, t.Number))
	}
	return w.buf
}

// decodeTokens is the inverse of encode. False: it is no record, or one of a later release.
func decodeTokens(b []byte) (t Tokens, ok bool) {
	if len(b) > 0 && b[0] >= 'A' {
		return Tokens{ID: string(b)}, true
	}
	if len(b) == 0 || b[0] != tokensVersion {
		return Tokens{}, false
	}
	r := fieldReader{rest: string(b[1:])}
	for r.next() {
		t.set(&r)
	}
	return t, r.err == nil
}

func (t *Tokens) set(r *fieldReader) {
	switch r.field {
	case tokensID:
		t.ID = r.text()
	case tokensAccess:
		t.Access = r.text()
	case tokensRefresh:
		t.Refresh = r.text()
	case tokensClient:
		t.Client = r.text()
	case tokensScope:
		t.Scope = r.text()
	case tokensExpires:
		t.Expires = r.millis()
	case tokensValidated:
		t.Validated = r.millis()
	case tokensNumber:
		n, rest, ok := uvarint(r.value)
		if !ok || rest != "" || n == 0 {
			r.fail()
		}
		t.Number = n
	default:
		r.fail()
	}
}
