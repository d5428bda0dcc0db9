package keycloak

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

const (
	adminName     = "admin"
	adminPassword = "admin"
)

// Session is one SSO session of a user, as the Admin API shows it.
type Session struct {
	ID       string `json:"id"` // the sid of ID tokens and logout tokens
	Username string `json:"username"`
}

// Sessions returns the SSO sessions of a user of the realm.
func (s *Server) Sessions(username string) []Session {
	s.t.Helper()
	var sessions []Session
	s.admin(http.MethodGet, "/users/"+s.userID(username)+"/sessions", nil, &sessions)
	return sessions
}

// EndSession ends one SSO session, as an administrator does in the console. Keycloak sends back-channel logouts.
func (s *Server) EndSession(sid string) {
	s.t.Helper()
	s.admin(http.MethodDelete, "/sessions/"+url.PathEscape(sid), nil, nil)
}

// LogoutUser ends all SSO sessions of a user. Keycloak sends back-channel logouts.
func (s *Server) LogoutUser(username string) {
	s.t.Helper()
	s.admin(http.MethodPost, "/users/"+s.userID(username)+"/logout", nil, nil)
}

// RotateKeys makes the realm sign with a new RS256 key from now on. The former keys stay in the JWKS.
func (s *Server) RotateKeys() {
	s.t.Helper()
	var realm struct {
		ID string `json:"id"`
	}
	s.admin(http.MethodGet, "", nil, &realm)
	// The highest priority signs; a later rotation must win over an earlier one.
	priority := fmt.Sprint(time.Now().Unix())
	s.admin(http.MethodPost, "/components", map[string]any{
		"name":         "rotated-" + priority,
		"providerId":   "rsa-generated",
		"providerType": "org.keycloak.keys.KeyProvider",
		"parentId":     realm.ID,
		"config":       map[string][]string{"priority": {priority}, "algorithm": {"RS256"}},
	}, nil)
}

// UpdateClient changes a client's representation, such as its redirectUris or the attribute
// "backchannel.logout.url", and puts the former one back when the test ends, if the server still runs then.
func (s *Server) UpdateClient(clientID string, change func(client map[string]any)) {
	s.t.Helper()
	var found []map[string]any
	s.admin(http.MethodGet, "/clients?clientId="+url.QueryEscape(clientID), nil, &found)
	if len(found) != 1 {
		s.t.Fatalf("keycloak: %d clients are called %q", len(found), clientID)
	}
	path := fmt.Sprintf("/clients/%v", found[0]["id"])
	var before, after map[string]any
	s.admin(http.MethodGet, path, nil, &before)
	s.admin(http.MethodGet, path, nil, &after)
	change(after)
	s.admin(http.MethodPut, path, after, nil)
	s.t.Cleanup(func() {
		if err := s.tryAdmin(http.MethodPut, path, before, nil); err != nil {
			s.t.Logf("keycloak: putting client %q back: %v", clientID, err)
		}
	})
}

func (s *Server) userID(username string) string {
	s.t.Helper()
	var users []struct {
		ID string `json:"id"`
	}
	s.admin(http.MethodGet, "/users?exact=true&username="+url.QueryEscape(username), nil, &users)
	if len(users) != 1 {
		s.t.Fatalf("keycloak: %d users are called %q", len(users), username)
	}
	return users[0].ID
}

// admin sends one request to the Admin API of the realm and decodes the answer into out, where that is not nil.
func (s *Server) admin(method, path string, in, out any) {
	s.t.Helper()
	if err := s.tryAdmin(method, path, in, out); err != nil {
		s.t.Fatalf("keycloak: %v", err)
	}
}

func (s *Server) tryAdmin(method, path string, in, out any) error {
	token, err := s.adminToken()
	if err != nil {
		return fmt.Errorf("asking for an administrator's token: %w", err)
	}
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	request, err := http.NewRequest(method, s.URL()+"/admin/realms/edgeauth"+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Content-Type", "application/json")
	return do(request, out)
}

// adminToken asks for a token each time: they live for a minute only.
func (s *Server) adminToken() (string, error) {
	form := url.Values{
		"grant_type": {"password"}, "client_id": {"admin-cli"}, "username": {adminName}, "password": {adminPassword},
	}
	request, err := http.NewRequest(http.MethodPost, s.URL()+"/realms/master/protocol/openid-connect/token",
		bytes.NewReader([]byte(form.Encode())))
	if err != nil {
		return "", err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	var answer struct {
		AccessToken string `json:"access_token"`
	}
	err = do(request, &answer)
	return answer.AccessToken, err
}

// do sends request and decodes its JSON answer into out; any status but 2xx is an error with the answer's text.
func do(request *http.Request, out any) error {
	client := &http.Client{Timeout: 30 * time.Second}
	defer client.CloseIdleConnections()
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("%s %s: %s: %s", request.Method, request.URL, response.Status, body)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(body, out)
}
