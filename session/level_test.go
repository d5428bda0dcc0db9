package session_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/session"
)

// raised is alice after a step-up at a level that her login was given.
func raised() *session.Session {
	s := alice()
	s.Level, s.RaisedAt, s.Reasons = identity.High, start.Add(-time.Minute), []string{"time_zones", "new_device"}
	s.Assurance = identity.Assurance{ACR: "bio", AMR: []string{"pwd", "hwk"}, AuthTime: start.Add(-time.Second)}
	s.Enrolled, s.Signals = start.Add(-24*time.Hour), [8]byte{0, 0, 0, 0, 0, 0, 0, 1}
	s.Expires, s.FamilyExpires = start.Add(15*time.Minute), start.Add(8*time.Hour)
	return s
}

func Test_what_a_level_needs_survives_the_cookie_field_by_field(t *testing.T) {
	c := testCookies(testRing(t), "app.corp.test")
	for name, change := range map[string]func(*session.Session){
		"all of it":         func(s *session.Session) { *s = *raised() },
		"the family's end":  func(s *session.Session) { s.FamilyExpires = start.Add(time.Hour) },
		"when it was given": func(s *session.Session) { s.RaisedAt = start.Add(-time.Millisecond) },
		"one reason":        func(s *session.Session) { s.Reasons = []string{"time_zones"} },
		"an empty reason":   func(s *session.Session) { s.Reasons = []string{"", ""} },
		"an enrolment":      func(s *session.Session) { s.Enrolled = start },
		"signals":           func(s *session.Session) { s.Signals = [8]byte{7: 1} },
		"the epoch of time": func(s *session.Session) { s.RaisedAt = time.UnixMilli(0).UTC() },
	} {
		want := alice()
		change(want)
		got, err := c.Read(withCookie(sealed(t, c, want)))
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got)\n%s", name, err, diff)
		}
	}
}

// plaintext is what a cookie seals.
func plaintext(t testing.TB, r *session.Ring, c *session.Cookies, s *session.Session) []byte {
	t.Helper()
	_, v, _ := strings.Cut(sealed(t, c, s), "=")
	plain, err := r.Open(start, session.PurposeSession, "__Host-edgeauth", "app.corp.test", v)
	if err != nil {
		t.Fatal(err)
	}
	return plain
}

// The fields of levels have the numbers from 24 on. A cookie without them is one of before there were levels.
func Test_a_cookie_from_before_levels_opens_and_nobody_raised_it(t *testing.T) {
	r := testRing(t)
	c := testCookies(r, "app.corp.test")
	plain := plaintext(t, r, c, alice())
	for rest := plain[1:]; len(rest) > 0; {
		size, n := binary.Uvarint(rest[1:])
		if rest[0] >= 24 {
			t.Errorf("a session without a level to prove has field %d", rest[0])
		}
		rest = rest[1+n+int(size):]
	}
	got, err := c.Read(withCookie(sealed(t, c, alice())))
	if err != nil || !got.RaisedAt.IsZero() || !got.Enrolled.IsZero() || got.Reasons != nil || got.Signals != [8]byte{} || !got.Ends().Equal(got.Expires) {
		t.Errorf("%+v, %v", got, err)
	}
}

func Test_a_session_ends_with_its_family(t *testing.T) {
	for family, want := range map[time.Duration]time.Duration{8 * time.Hour: 8 * time.Hour, time.Minute: 15 * time.Minute, 0: 15 * time.Minute} {
		s := &session.Session{Expires: start.Add(15 * time.Minute)}
		if family > 0 {
			s.FamilyExpires = start.Add(family)
		}
		if got := s.Ends().Sub(start); got != want {
			t.Errorf("with a family that ends after %v: %v, want %v", family, got, want)
		}
	}
}

func Test_a_device_remembers_since_when_it_is_known(t *testing.T) {
	r := testRing(t)
	c := testCookies(r, "app.corp.test")
	for _, want := range []session.Device{{ID: identity.NewDeviceID(), Since: start.Add(-100 * 24 * time.Hour)}, {ID: identity.NewDeviceID()}, {ID: identity.NewDeviceID(), Since: start}} {
		w := httptest.NewRecorder()
		if err := c.SetDevice(w, want); err != nil {
			t.Fatal(err)
		}
		ck := w.Result().Cookies()[0]
		if got, ok := c.Device(withCookie(ck.Name + "=" + ck.Value)); !ok || got != want {
			t.Errorf("%+v came back as %+v, %v", want, got, ok)
		}
	}
	for _, size := range []int{0, 8, 16, 23, 25} { // of what stands behind the end: id and time are 24 bytes
		body := append(binary.BigEndian.AppendUint64(nil, uint64(start.Add(time.Hour).UnixMilli())), bytes.Repeat([]byte{1}, size)...)
		v, err := r.Seal(start, session.PurposeDevice, "__Host-edgeauth-device", "app.corp.test", body)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := c.Device(withCookie("__Host-edgeauth-device=" + v)); ok {
			t.Errorf("a device of %d bytes is %+v", size, got)
		}
	}
}

// FuzzSession holds that what opens is canonical: of all ways to write a session down only one is accepted.
func FuzzSession(f *testing.F) {
	r := testRing(f)
	c := testCookies(r, "app.corp.test")
	for _, s := range []*session.Session{alice(), raised()} {
		f.Add(plaintext(f, r, c, s))
	}
	for _, tail := range []string{"\x18\x01\x00", "\x18\x02\x80\x00", "\x19\x00", "\x1a\x00", "\x1a\x01\x00", "\x1b\x01\x01", "\x1c\x08\x00\x00\x00\x00\x00\x00\x00\x00", "\x1d\x01\x01", "\x18\x01\x01\x18\x01\x01"} {
		f.Add(append(plaintext(f, r, c, alice()), tail...))
	}
	f.Fuzz(func(t *testing.T, plain []byte) {
		if len(plain) > 4096 {
			return // no cookie holds it
		}
		v, err := r.Seal(start, session.PurposeSession, "__Host-edgeauth", "app.corp.test", plain)
		if err != nil {
			t.Fatal(err)
		}
		s, err := c.Open(v)
		if err != nil {
			return
		}
		if got := plaintext(t, r, c, s); !bytes.Equal(got, plain) {
			t.Fatalf("%x was read, and is written as %x", plain, got)
		}
		if text := fmt.Sprintf("%+v %v %#v", s, *s, s); len(s.Username) > 3 && strings.Contains(text, s.Username) {
			t.Fatalf("it shows %q", text)
		}
	})
}
