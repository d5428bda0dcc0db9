package idp

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/edgeauth/edgeauth/internal/idp/jose"
)

// errGrant is answered as invalid_grant: the code or refresh token is unknown, expired, spent, or another client's.
var errGrant = errors.New("the grant is not valid")

// token is the token endpoint (RFC 6749, 3.2; Core 3.1.3).
func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		oauthError(w, http.StatusMethodNotAllowed, "invalid_request", "use POST")
		return
	}
	client, err := s.authenticateClient(r)
	switch {
	case errors.Is(err, errTwoMethods):
		oauthError(w, http.StatusBadRequest, "invalid_request", "one way of client authentication only")
		return
	case err != nil:
		w.Header().Set("WWW-Authenticate", `Basic realm="token"`)
		oauthError(w, http.StatusUnauthorized, "invalid_client", "client authentication did not succeed")
		return
	}
	if hold := s.lies.Load().BeforeToken; hold != nil {
		hold(r)
	}
	g, code, err := s.redeem(client, r.PostForm)
	if drop := s.lies.Load().AfterToken; drop != nil && err == nil && drop(r) {
		panic(http.ErrAbortHandler) // spent, and the answer is lost
	}
	switch {
	case errors.Is(err, errGrant):
		oauthError(w, http.StatusBadRequest, "invalid_grant", "the code or refresh token is not valid")
	case err != nil:
		oauthError(w, http.StatusBadRequest, "unsupported_grant_type", "use authorization_code or refresh_token")
	default:
		s.issue(w, g, code)
	}
}

// redeem spends a code or a refresh token. The code is returned where it was one.
func (s *Server) redeem(c Client, form url.Values) (*grant, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch form.Get("grant_type") {
	case "authorization_code":
		code := form.Get("code")
		g, err := s.redeemCode(c, form)
		return g, code, err
	case "refresh_token":
		g, err := s.redeemRefresh(c, form.Get("refresh_token"))
		return g, "", err
	}
	return nil, "", errors.New("the grant type is unknown")
}

// redeemCode spends a code. One that comes a second time revokes what the first brought (RFC 6749, 4.1.2).
func (s *Server) redeemCode(c Client, form url.Values) (*grant, error) {
	g, ok := s.state.codes[form.Get("code")]
	if !ok || g.request.client.ID != c.ID || form.Get("redirect_uri") != g.request.redirectURI {
		return nil, errGrant
	}
	if g.spent {
		g.revoked = true
		return nil, errGrant
	}
	now := s.now()
	if !now.Before(g.expires) || !s.state.alive(g, now) || !verifierFits(form.Get("code_verifier"), g.request.challenge) {
		return nil, errGrant
	}
	g.spent = true
	return g, nil
}

// redeemRefresh spends a refresh token. One that comes a second time revokes the family (RFC 9700, 4.14.2).
func (s *Server) redeemRefresh(c Client, token string) (*grant, error) {
	r, ok := s.state.refresh[token]
	if !ok || r.grant.request.client.ID != c.ID || !s.state.alive(r.grant, s.now()) {
		return nil, errGrant
	}
	if s.rotation == Reusable {
		return r.grant, nil
	}
	if r.spent {
		r.grant.revoked = true
		if s.rotation == RotateSession {
			s.endSilently(r.grant.session)
		}
		return nil, errGrant
	}
	r.spent = true
	return r.grant, nil
}

// verifierFits checks the PKCE verifier (RFC 7636, 4.6).
func verifierFits(verifier, challenge string) bool {
	sum := sha256.Sum256([]byte(verifier))
	return subtle.ConstantTimeCompare([]byte(jose.Encode(sum[:])), []byte(challenge)) == 1
}

// issue answers with fresh tokens of the grant; code is "" for a refresh, whose ID token carries no nonce (Core 12.2).
func (s *Server) issue(w http.ResponseWriter, g *grant, code string) {
	access := s.accessToken(g)
	t := Tokens{ClientID: g.request.client.ID, Code: code, AccessToken: access}
	if code != "" || s.rotation != Reusable {
		t.RefreshToken = random()
	}
	t.IDToken = s.idToken(g, access, code != "")
	s.mu.Lock()
	now := s.now()
	s.state.sweep(now)
	s.state.access[access] = &accessed{grant: g, expires: now.Add(s.life)}
	if t.RefreshToken != "" {
		s.state.refresh[t.RefreshToken] = &refresh{grant: g}
	}
	g.session.clients[t.ClientID] = true
	if len(s.state.issued) == maxIssued {
		s.state.issued = append([]Tokens(nil), s.state.issued[maxIssued/2:]...)
	}
	s.state.issued = append(s.state.issued, t)
	s.mu.Unlock()
	resp := map[string]any{"access_token": access, "token_type": "Bearer", "expires_in": int(s.life / time.Second),
		"id_token": t.IDToken, "scope": g.request.params.Get("scope")}
	if t.RefreshToken != "" {
		resp["refresh_token"] = t.RefreshToken
	}
	if edit := s.lies.Load().TokenResponse; edit != nil {
		edit(resp)
	}
	writeJSON(w, http.StatusOK, resp)
}
