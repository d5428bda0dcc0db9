package keycloak

import (
	"net/http"
	"net/url"
)

// EnrolPasskey is the required action that makes a user register a passkey at the next login, before it ends.
const EnrolPasskey = "webauthn-register"

// AliceOTP is the TOTP key of the realm's user alice: the bytes themselves.
const AliceOTP = "alice-otp-secret-20-b"

// User is a user of a test's own, in the group staff and with the name as password.
type User struct {
	Name     string
	OTP      string   // the TOTP key, its bytes; empty: no one-time codes
	Required []string // what is asked for at the next login
}

// AddUser makes a user and returns its subject. The user ends with the test, with its sessions and credentials, if the
// server still runs then.
func (s *Server) AddUser(u User) (sub string) {
	s.t.Helper()
	credentials := []map[string]any{{"type": "password", "value": u.Name, "temporary": false}}
	if u.OTP != "" {
		credentials = append(credentials, map[string]any{"type": "otp", "userLabel": "of a test", "secretData": `{"value":"` + u.OTP + `"}`,
			"credentialData": `{"subType":"totp","digits":6,"counter":0,"period":30,"algorithm":"HmacSHA1"}`})
	}
	s.admin(http.MethodPost, "/users", map[string]any{
		"username": u.Name, "enabled": true, "email": u.Name + "@example.org", "emailVerified": true, "firstName": u.Name, "lastName": "Tester",
		"groups": []string{"/staff"}, "requiredActions": append([]string{}, u.Required...), "credentials": credentials,
	}, nil)
	sub = s.userID(u.Name)
	s.t.Cleanup(func() {
		if err := s.tryAdmin(http.MethodDelete, "/users/"+sub, nil, nil); err != nil {
			s.t.Logf("keycloak: removing user %q: %v", u.Name, err)
		}
	})
	return sub
}

// Passkeys returns how many passkeys a user has.
func (s *Server) Passkeys(username string) (n int) {
	s.t.Helper()
	var found []struct {
		Type string `json:"type"`
	}
	s.admin(http.MethodGet, "/users/"+url.PathEscape(s.userID(username))+"/credentials", nil, &found)
	for _, c := range found {
		if c.Type == "webauthn" {
			n++
		}
	}
	return n
}
