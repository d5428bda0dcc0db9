package session_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/session"
)

var start = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC) // constant table: the tests' present

func testRing(t testing.TB, keys ...session.Key) *session.Ring {
	t.Helper()
	if len(keys) == 0 {
		keys = []session.Key{newKey(t, start.Add(-time.Hour))}
	}
	r, err := session.NewRing(keys)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func newKey(t testing.TB, from time.Time) session.Key {
	t.Helper()
	k, err := session.GenerateKey(from)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func testCookies(r *session.Ring, host string) *session.Cookies {
	return session.NewCookies(session.CookieOptions{
		Keys: func() *session.Ring { return r }, Host: host, Secure: true, DeviceLifetime: 180 * 24 * time.Hour,
		Now: func() time.Time { return start },
	})
}

func alice() *session.Session {
	return &session.Session{
		ID: identity.NewSessionID(), Family: identity.NewFamily(), Device: identity.NewDeviceID(), Incarnation: identity.NewIncarnation(),
		Subject: identity.Subject{Issuer: "https://id.test/realms/corp", Sub: "0b8f"}, SID: "sid-1",
		Epoch: start, IssuedAt: start, IdleUntil: start.Add(30 * time.Minute), Expires: start.Add(8 * time.Hour),
		Level: identity.Normal, Assurance: identity.Assurance{ACR: "pwd", AMR: []string{"pwd", ""}, AuthTime: start.Add(-time.Minute)},
		Username: "alice", Name: "Alice 王", Email: "alice@example.org", EmailVerified: true,
		Groups: []string{"staff", "员工"}, Claims: map[string][]string{"dept": {"x", "y"}, "": {}}, Selection: [8]byte{1},
		VaultSecret: session.Secret{7},
	}
}

// sealed is the Cookie header's pair of a session.
func sealed(t testing.TB, c *session.Cookies, s *session.Session) string {
	t.Helper()
	w := httptest.NewRecorder()
	if err := c.Set(w, s); err != nil {
		t.Fatal(err)
	}
	ck := w.Result().Cookies()[0]
	return ck.Name + "=" + ck.Value
}

func withCookie(header ...string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header["Cookie"] = header
	return r
}
