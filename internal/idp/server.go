package idp

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/edgeauth/edgeauth/internal/idp/factor"
	"github.com/edgeauth/edgeauth/internal/idp/jose"
	"github.com/edgeauth/edgeauth/internal/idp/page"
)

// Server is the provider, an http.Handler. Its methods may be called by several goroutines at once.
type Server struct {
	now      func() time.Time
	users    []User
	contexts factor.Ladder
	leak     bool
	rotation Rotation
	life     time.Duration // of tokens
	pages    *page.Book
	log      recorder
	lies     atomic.Pointer[Lies]
	outbox   *http.Client // delivers logout tokens

	mu      sync.Mutex // guards all below
	issuer  string
	auto    string // user of AutoLogin
	clients map[string]Client
	keys    keyset
	state   state
}

// New returns a provider with fresh keys. It opens no port.
func New(o Options) (*Server, error) {
	s := &Server{now: o.Now, users: o.Users, issuer: o.Issuer, contexts: o.Contexts, leak: o.LeakLevels,
		rotation: o.Rotation, life: cmp.Or(o.TokenLife, tokenLife),
		clients: map[string]Client{}, state: newState()}
	if s.now == nil {
		s.now = time.Now
	}
	if s.contexts == nil {
		s.contexts = factor.Usual()
	}
	for _, c := range o.Clients {
		s.clients[c.ID] = c
	}
	if err := errors.Join(checkUsers(o.Users), s.contexts.Check()); err != nil {
		return nil, err
	}
	var err error
	if s.pages, err = page.Load(); err != nil {
		return nil, fmt.Errorf("loading the pages: %w", err)
	}
	if s.keys, err = newKeyset(); err != nil {
		return nil, err
	}
	s.outbox = newOutbox(o.RootCAs)
	s.Lie(Lies{})
	return s, nil
}

// Issuer is the issuer identifier, to which all endpoints are relative.
func (s *Server) Issuer() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.issuer
}

// SetIssuer names the provider anew. A path in it is expected in front of every endpoint's path.
func (s *Server) SetIssuer(issuer string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.issuer = issuer
}

// SetClient registers a client, or replaces the one with the same ID.
func (s *Server) SetClient(c Client) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clients[c.ID] = c
}

// AutoLogin makes the authorization endpoint answer at once as if the user of that name had just filled in every page
// that the request needs, enrolment included, for tests that have no browser; "" brings the pages back. prompt=none
// then succeeds too.
func (s *Server) AutoLogin(username string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.auto = username
}

// Sign returns a JWT signed as its header's "alg" says: RS256 and ES256 with the current keys, any spelling of none
// (and the empty string) not at all, HS256 with the secret of the client in "aud". Any other algorithm gets the RS256
// signature. The kid is changed only where it still is that of the current key of another kind.
func (s *Server) Sign(header, claims map[string]any) string {
	s.mu.Lock()
	keys, secret := s.keys, s.audienceSecret(claims["aud"])
	s.mu.Unlock()
	alg, _ := header["alg"].(string)
	switch {
	case header["alg"] != nil && (alg == "" || strings.EqualFold(alg, "none")):
		return jose.Compact(header, claims, jose.Unsigned)
	case alg == "HS256":
		return jose.Compact(header, claims, jose.HS256([]byte(secret)))
	case alg == "ES256":
		if header["kid"] == keys.rsa.ID {
			header["kid"] = keys.ec.ID
		}
		return jose.Compact(header, claims, keys.ec.Sign)
	}
	return jose.Compact(header, claims, keys.rsa.Sign)
}

// audienceSecret is the secret of the first client that an audience names; s.mu is held.
func (s *Server) audienceSecret(aud any) string {
	switch aud := aud.(type) {
	case string:
		return s.clients[aud].Secret
	case []string:
		if len(aud) > 0 {
			return s.clients[aud[0]].Secret
		}
	case []any:
		if len(aud) > 0 {
			return s.audienceSecret(aud[0])
		}
	}
	return ""
}

// endpoint is the absolute URL of one of our paths.
func (s *Server) endpoint(path string) string { return strings.TrimSuffix(s.Issuer(), "/") + path }

// prefix is the path of the issuer, "" for the root of a host.
func (s *Server) prefix() string {
	u, err := url.Parse(s.Issuer())
	if err != nil {
		return ""
	}
	return strings.TrimSuffix(u.Path, "/")
}
