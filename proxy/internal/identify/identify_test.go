package identify_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/edgeauth/edgeauth/proxy/internal/identify"
	"github.com/edgeauth/edgeauth/session"
)

func TestHD13_a_value_that_does_not_fit_is_an_error_and_not_cut(t *testing.T) {
	h := identify.Headers{Name: "X-Auth-Name"}
	if _, err := h.Fields(&session.Session{Name: strings.Repeat("x", 8<<10)}, ""); err != nil {
		t.Errorf("8 KiB: %v", err)
	}
	for _, name := range []string{strings.Repeat("x", 8<<10+1), strings.Repeat("\x01", 8<<10/3+1)} {
		if f, err := h.Fields(&session.Session{Name: name}, ""); !errors.Is(err, identify.ErrTooLarge) {
			t.Errorf("%d bytes: %v, %d fields", len(name), err, len(f))
		}
	}
	if _, err := (identify.Headers{}).Fields(&session.Session{Name: strings.Repeat("x", 9<<10)}, ""); err != nil {
		t.Errorf("a value that is not sent: %v", err)
	}
}

func FuzzEncode(f *testing.F) {
	for _, s := range []string{"", "Alice", " a ", "100%", "名前", "x\r\nX-Auth-Groups: admin", "\x00\xff", "a,b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		e := identify.Encode(s)
		if strings.ContainsFunc(e, func(c rune) bool { return c < ' ' || c > '~' }) || e != strings.TrimSpace(e) {
			t.Errorf("%q became %q", s, e)
		}
		if back, err := url.PathUnescape(e); err != nil || back != s {
			t.Errorf("%q became %q and then %q, %v", s, e, back, err)
		}
	})
}

func TestAn_address_that_nobody_vouches_for_is_not_sent_unless_asked_for(t *testing.T) {
	s := &session.Session{Email: "root@corp.test"}
	h := identify.Headers{Email: "X-Auth-Email"}
	if fields, err := h.Fields(s, ""); err != nil || len(fields) != 0 {
		t.Errorf("unverified: %v, %v", fields, err)
	}
	h.UnverifiedEmail = true
	if fields, err := h.Fields(s, ""); err != nil || len(fields) != 1 {
		t.Errorf("unverified, asked for: %v, %v", fields, err)
	}
	h.UnverifiedEmail, s.EmailVerified = false, true
	if fields, err := h.Fields(s, ""); err != nil || len(fields) != 1 {
		t.Errorf("verified: %v, %v", fields, err)
	}
}
