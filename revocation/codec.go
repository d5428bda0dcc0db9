package revocation

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/edgeauth/edgeauth/identity"
)

// ErrUnreadable is an entry that this version can't read: corrupt, or written by a newer one.
var ErrUnreadable = errors.New("unreadable log entry")

// maxText bounds a reason, actor or region in bytes, so that no caller can bloat the log.
const maxText = 200

// Encode gives the text form of an entry: the register's name and its value, as they stand in a Redis hash and in a
// stream. The name is `scope/kind/key` (`subject/floor:high/0a1b…`), the value `1 since until region reason actor`
// with times in milliseconds and query-escaped texts; the 1 is the format's version.
func (e Entry) Encode() (name, value string) {
	kind := kindNames[e.Kind]
	if e.Kind == KindFloor {
		kind += ":" + string(e.Level)
	}
	name = scopeNames[e.Scope] + "/" + kind + "/" + hex.EncodeToString(e.Key[:])
	return name, fmt.Sprintf("1 %d %d %s", e.Since, e.Until, e.attribution())
}

// attribution is the tail of the encoded value. Its byte order decides between values of the same Since, here and in
// every store that merges the text form.
func (v Value) attribution() string {
	esc := func(s string) string {
		if len(s) > maxText {
			s = s[:maxText]
		}
		return url.QueryEscape(s)
	}
	return esc(v.Region) + " " + esc(v.Reason) + " " + esc(v.Actor)
}

// Decode reads what Encode writes. Errors wrap ErrUnreadable.
func Decode(name, value string) (Entry, error) {
	r, err := decodeRegister(name)
	if err != nil {
		return Entry{}, err
	}
	v, err := decodeValue(value)
	if err != nil {
		return Entry{}, err
	}
	return Entry{Register: r, Value: v}, nil
}

func decodeRegister(name string) (r Register, err error) {
	parts := strings.Split(name, "/")
	if len(parts) != 3 {
		return r, fmt.Errorf("%w: register %.80q", ErrUnreadable, name)
	}
	kind, level, floor := strings.Cut(parts[1], ":")
	key, keyErr := hex.DecodeString(parts[2])
	r.Scope, r.Kind, r.Level = scopeOf(parts[0]), kindOf(kind), identity.Level(level)
	switch {
	case r.Scope == 0, r.Kind == 0, keyErr != nil, len(key) != len(r.Key), floor != (r.Kind == KindFloor):
		return Register{}, fmt.Errorf("%w: register %.80q", ErrUnreadable, name)
	case floor && !r.Level.IsName():
		return Register{}, fmt.Errorf("%w: level of register %.80q", ErrUnreadable, name)
	}
	copy(r.Key[:], key)
	return r, nil
}

func decodeValue(value string) (v Value, err error) {
	f := strings.Split(value, " ")
	if len(f) != 6 || f[0] != "1" {
		return v, fmt.Errorf("%w: value %.80q", ErrUnreadable, value)
	}
	since, err1 := parseMillis(f[1])
	until, err2 := parseMillis(f[2])
	region, err3 := url.QueryUnescape(f[3])
	reason, err4 := url.QueryUnescape(f[4])
	actor, err5 := url.QueryUnescape(f[5])
	if err := errors.Join(err1, err2, err3, err4, err5); err != nil {
		return v, fmt.Errorf("%w: value %.80q", ErrUnreadable, value)
	}
	return Value{Since: since, Until: until, Region: region, Reason: reason, Actor: actor}, nil
}

// latest is the last moment that an entry can name: a session that begins after it can still be sealed. Stores that merge the text
// form have to refuse the same as Decode: what they could read and edges could not would win over every revocation.
const latest = 253_370_764_800_000 // the year 9999 begins

func parseMillis(text string) (Millis, error) {
	n, err := strconv.ParseUint(text, 10, 63)
	if err == nil && (n > latest || strconv.FormatUint(n, 10) != text) {
		err = fmt.Errorf("%.20q is no time", text)
	}
	return Millis(n), err
}

// isLater reports whether a value is in a form of the log that this release does not know: it begins with another version.
func isLater(value string) bool {
	version, _, _ := strings.Cut(value, " ")
	n, err := strconv.ParseUint(version, 10, 16)
	return err == nil && n > 1
}

// constant table: names of the scopes in the log's text form, by number.
var scopeNames = [...]string{
	ScopeFamily: "family", ScopeSession: "session", ScopeSubject: "subject", ScopeIdPSession: "idp_session",
	ScopeDevice: "device", ScopeAll: "all", ScopeTenant: "tenant",
}

// constant table: names of the kinds in the log's text form, by number.
var kindNames = [...]string{KindRevoked: "revoked", KindNotBefore: "not_before", KindFloor: "floor"}

// String is the scope's name in the log.
func (s Scope) String() string {
	if int(s) < len(scopeNames) && s > 0 {
		return scopeNames[s]
	}
	return fmt.Sprintf("scope %d", uint8(s))
}

// String is the kind's name in the log.
func (k Kind) String() string {
	if int(k) < len(kindNames) && k > 0 {
		return kindNames[k]
	}
	return fmt.Sprintf("kind %d", uint8(k))
}

func scopeOf(name string) Scope {
	for i, n := range scopeNames {
		if n == name && n != "" {
			return Scope(i)
		}
	}
	return 0
}

func kindOf(name string) Kind {
	for i, n := range kindNames {
		if n == name && n != "" {
			return Kind(i)
		}
	}
	return 0
}
