package idp

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// deliveryTimeout is how long one client may take to answer a logout token.
const deliveryTimeout = 5 * time.Second

// logoutEvent is the member of "events" that makes a token a logout token (Back-Channel Logout 1.0, 2.4).
const logoutEvent = "http://schemas.openid.net/event/backchannel-logout"

// newOutbox follows no redirects, uses no proxy and keeps no connection.
func newOutbox(roots *x509.CertPool) *http.Client {
	return &http.Client{
		Timeout:       deliveryTimeout,
		Transport:     &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: roots}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// EndAll ends every session as an administrator would and delivers logout tokens. It returns after the deliveries.
func (s *Server) EndAll(ctx context.Context) {
	for _, info := range s.Sessions() {
		s.EndSID(ctx, info.SID)
	}
}

// EndSID ends one session as an administrator would, delivers logout tokens, and reports whether it existed.
func (s *Server) EndSID(ctx context.Context, sid string) bool {
	s.mu.Lock()
	var found *session
	for _, ss := range s.state.sessions {
		if ss.sid == sid {
			found = ss
		}
	}
	s.mu.Unlock()
	if found == nil {
		return false
	}
	s.end(ctx, found)
	return true
}

// end ends a session and tells every client that has a token of it. A client that doesn't answer is not told again.
func (s *Server) end(ctx context.Context, ss *session) {
	s.mu.Lock()
	maps.DeleteFunc(s.state.sessions, func(_ string, other *session) bool { return other == ss })
	ss.expires = time.Time{} // with it go all tokens of the session
	var tell []Client
	for id := range ss.clients {
		if c := s.clients[id]; c.BackchannelLogoutURI != "" {
			tell = append(tell, c)
		}
	}
	s.mu.Unlock()
	var deliveries sync.WaitGroup
	for _, c := range tell {
		deliveries.Go(func() {
			token := s.LogoutToken(func(_, claims map[string]any) {
				claims["aud"], claims["sub"], claims["sid"] = c.ID, ss.user.sub(), ss.sid
			})
			if resp, err := s.SendBackchannelLogout(ctx, c.ID, token); err == nil {
				_ = resp.Body.Close()
			}
		})
	}
	deliveries.Wait()
}

// LogoutToken returns a signed logout token. Before it is signed (see Sign), edit may change everything; aud, sub and
// sid are not filled in where edit doesn't: they are the caller's to know.
func (s *Server) LogoutToken(edit func(header, claims map[string]any)) string {
	now := s.now()
	header := map[string]any{"alg": "RS256", "kid": s.Key("RS256").ID, "typ": "logout+jwt"}
	claims := map[string]any{"iss": s.Issuer(), "iat": now.Unix(), "exp": now.Add(2 * time.Minute).Unix(),
		"jti": random(), "events": map[string]any{logoutEvent: map[string]any{}}}
	if edit != nil {
		edit(header, claims)
	}
	return s.Sign(header, claims)
}

// SendBackchannelLogout posts any token to the client's BackchannelLogoutURI (Back-Channel Logout 1.0, 2.5), within 5 s
// and without following redirects. The caller closes the body.
func (s *Server) SendBackchannelLogout(ctx context.Context, clientID, token string) (*http.Response, error) {
	s.mu.Lock()
	uri := s.clients[clientID].BackchannelLogoutURI
	s.mu.Unlock()
	body := strings.NewReader(url.Values{"logout_token": {token}}.Encode())
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, uri, body)
	if err != nil {
		return nil, fmt.Errorf("making the logout request for client %q: %w", clientID, err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return s.outbox.Do(req)
}
