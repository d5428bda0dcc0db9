package keycloak

import (
	"net/http"
	"net/url"
)

// EnrolPasskey is the required action that makes a user register a passkey at the next login, before it ends.
const EnrolPasskey = "webauthn-register"

// AddUser makes a user of the test's own, in the group staff and with the name as password, and returns its subject. The
// user ends with the test, with its sessions and credentials, if the server still runs then. Each of required is asked for
// at the next login.
func (s *Server) AddUser(name string, required ...string) (sub string) {
	s.t.Helper()
	s.admin(http.MethodPost, "/users", map[string]any{
		"username": name, "enabled": true, "email": name + "@example.org", "emailVerified": true, "firstName": name, "lastName": "Tester",
		"groups": []string{"/staff"}, "requiredActions": append([]string{}, required...),
		"credentials": []map[string]any{{"type": "password", "value": name, "temporary": false}},
	}, nil)
	sub = s.userID(name)
	s.t.Cleanup(func() {
		if err := s.tryAdmin(http.MethodDelete, "/users/"+sub, nil, nil); err != nil {
			s.t.Logf("keycloak: removing user %q: %v", name, err)
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
