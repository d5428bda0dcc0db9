// Package identify owns how a session is written into header fields for an upstream: under which names, in which
// encoding, and how much of it. It knows no requests.
package identify

import (
	"errors"
	"fmt"
	"net/textproto"
	"strings"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/session"
)

// ErrTooLarge is a value that does not fit into its header.
var ErrTooLarge = errors.New("identity does not fit into a header")

// maxValue bounds one encoded value in bytes: backends read whole header sections of 8 to 16 KiB.
const maxValue = 8 << 10

// Headers are the names under which an upstream is told who is there. An empty name is not sent.
type Headers struct {
	User    string // the login name
	Email   string
	Name    string // the full name
	Groups  string
	ACR     string
	Level   string // the strictest that the session is under, by its login or by the log
	Session string // the family's name, which opens nothing

	// UnverifiedEmail sends Email also where the provider does not vouch for the address: whoever can choose one there
	// could name another's.
	UnverifiedEmail bool
}

// Names returns those that are set.
func (h Headers) Names() []string {
	var out []string
	for _, name := range [...]string{h.User, h.Email, h.Name, h.Groups, h.ACR, h.Level, h.Session} {
		if name != "" {
			out = append(out, name)
		}
	}
	return out
}

// Field is one header field, its name in the form of http.Header. It may be shared and must not be changed.
type Field struct {
	Name   string
	Values []string
}

// Fields returns what an upstream is told of a session and of the level that it is under: nothing for values that are not
// known, ErrTooLarge rather than a part of a value.
func (h Headers) Fields(s *session.Session, level identity.Level) ([]Field, error) {
	var out []Field
	for _, f := range [...]struct{ name, value string }{
		{h.User, Encode(s.Username)},
		{h.Email, Encode(h.email(s))},
		{h.Name, Encode(s.Name)},
		{h.Groups, encodeList(s.Groups)},
		{h.ACR, Encode(s.Assurance.ACR)},
		{h.Level, Encode(string(level))},
		{h.Session, s.Family.String()},
	} {
		if len(f.value) > maxValue && f.name != "" {
			return nil, fmt.Errorf("%w: %s has %d bytes, %d are possible", ErrTooLarge, f.name, len(f.value), maxValue)
		}
		if f.name != "" && f.value != "" {
			out = append(out, Field{textproto.CanonicalMIMEHeaderKey(f.name), []string{f.value}})
		}
	}
	return out, nil
}

func (h Headers) email(s *session.Session) string {
	if !s.EmailVerified && !h.UnverifiedEmail {
		return ""
	}
	return s.Email
}

// Encode keeps printable ASCII. The percent sign, all other bytes and spaces at either end become percent escapes, so
// that decoding those once gives s again.
func Encode(s string) string { return encode(s, "") }

func encodeList(list []string) string {
	out := make([]string, 0, len(list))
	for _, s := range list {
		if s != "" {
			out = append(out, encode(s, ","))
		}
	}
	return strings.Join(out, ",")
}

func encode(s, also string) string {
	if plain(s, also) {
		return s
	}
	var b strings.Builder
	for i := range len(s) {
		edge := s[i] == ' ' && (i == 0 || i == len(s)-1)
		if safe(s[i], also) && !edge {
			b.WriteByte(s[i])
		} else {
			fmt.Fprintf(&b, "%%%02X", s[i])
		}
	}
	return b.String()
}

func plain(s, also string) bool {
	for i := range len(s) {
		if !safe(s[i], also) {
			return false
		}
	}
	return s == "" || s[0] != ' ' && s[len(s)-1] != ' '
}

func safe(c byte, also string) bool {
	return c >= ' ' && c <= '~' && c != '%' && strings.IndexByte(also, c) < 0
}
