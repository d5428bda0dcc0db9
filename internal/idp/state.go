package idp

import (
	"crypto/rand"
	"maps"
	"slices"
	"time"

	"github.com/edgeauth/edgeauth/internal/idp/factor"
)

const (
	codeLife    = time.Minute
	tokenLife   = 5 * time.Minute // of ID and access tokens, unless Options.TokenLife says otherwise
	sessionLife = 10 * time.Hour
	maxIssued   = 4096
)

// state is everything that comes and goes. Server.mu guards it and all that hangs on it.
type state struct {
	sessions map[string]*session  // by cookie value
	codes    map[string]*grant    // by code; kept for a while after use, so that a second use is noticed
	refresh  map[string]*refresh  // by refresh token; the used ones too, for the same reason
	access   map[string]*accessed // by access token
	enrolled map[string]bool      // names of the users who registered a fingerprint here
	issued   []Tokens
}

// session is one browser that signed in.
type session struct {
	sid     string
	user    User
	proof   factor.Proof
	expires time.Time
	clients map[string]bool // IDs of those who received a token for it
}

// grant is what one authorization response stands for, and the family of tokens that came of it.
type grant struct {
	request  authRequest
	session  *session
	evidence factor.Evidence // of the session when the grant was made
	expires  time.Time       // of the code
	spent    bool            // the code was redeemed
	revoked  bool            // nothing of it is valid any more
}

type refresh struct {
	grant *grant
	spent bool
}

type accessed struct {
	grant   *grant
	expires time.Time
}

// Tokens is one successful answer of the token endpoint, so that tests can look for secrets where they must not be.
type Tokens struct {
	ClientID, Code, IDToken, AccessToken, RefreshToken string
}

// Issued returns what the token endpoint gave out, oldest first; of more than 4096 answers only the later ones.
func (s *Server) Issued() []Tokens {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.state.issued)
}

func newState() state {
	return state{sessions: map[string]*session{}, codes: map[string]*grant{}, refresh: map[string]*refresh{},
		access: map[string]*accessed{}, enrolled: map[string]bool{}}
}

// alive reports whether the session still stands for the grant's tokens.
func (st *state) alive(g *grant, now time.Time) bool {
	return !g.revoked && now.Before(g.session.expires)
}

// sweep forgets what has expired, so that a provider that runs for long stays small.
func (st *state) sweep(now time.Time) {
	maps.DeleteFunc(st.sessions, func(_ string, s *session) bool { return !now.Before(s.expires) })
	maps.DeleteFunc(st.codes, func(_ string, g *grant) bool { return now.After(g.expires.Add(10 * codeLife)) })
	maps.DeleteFunc(st.refresh, func(_ string, r *refresh) bool { return !st.alive(r.grant, now) })
	maps.DeleteFunc(st.access, func(_ string, a *accessed) bool { return !now.Before(a.expires) })
}

// random is a secret of at least 128 bits.
func random() string { return rand.Text() }
