package idp

import (
	"fmt"
	"maps"
	"net/http"
	"slices"

	"github.com/edgeauth/edgeauth/internal/idp/jose"
)

// keyset is the current signing keys and those that are still published.
type keyset struct {
	rsa, ec jose.Key
	old     []jose.Key
	made    int // generations so far, part of every kid
}

func newKeyset() (k keyset, err error) { return k, k.rotate(false) }

// rotate makes new current keys; the present ones stay published if keepOld.
func (k *keyset) rotate(keepOld bool) error {
	next := keyset{made: k.made + 1}
	var err error
	if next.rsa, err = jose.NewRSA(fmt.Sprintf("rsa-%d", next.made)); err != nil {
		return err
	}
	if next.ec, err = jose.NewEC(fmt.Sprintf("ec-%d", next.made)); err != nil {
		return err
	}
	if keepOld {
		next.old = append(slices.Clone(k.old), k.rsa, k.ec)
	}
	*k = next
	return nil
}

func (k keyset) all() []jose.Key { return append([]jose.Key{k.rsa, k.ec}, k.old...) }

// RotateKeys replaces the signing keys; the old ones stay in the JWKS if keepOld. It panics where the system can't make
// keys, which a caller could do nothing about.
func (s *Server) RotateKeys(keepOld bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.keys.rotate(keepOld); err != nil {
		panic(fmt.Sprintf("idp: rotating the keys: %v", err))
	}
}

// Key is the current signing key for RS256 or ES256; any other name gives the RS256 key.
func (s *Server) Key(alg string) jose.Key {
	s.mu.Lock()
	defer s.mu.Unlock()
	if alg == "ES256" {
		return s.keys.ec
	}
	return s.keys.rsa
}

// ours reports whether a token was signed with a key that is still published.
func (s *Server) ours(token string) bool {
	s.mu.Lock()
	keys := s.keys.all()
	s.mu.Unlock()
	return slices.ContainsFunc(keys, func(k jose.Key) bool { return k.Verify(token) })
}

// jwks is the JWK set (RFC 7517, section 5).
func (s *Server) jwks(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	all := s.keys.all()
	s.mu.Unlock()
	keys := make([]map[string]any, 0, len(all))
	for _, k := range all {
		keys = append(keys, maps.Clone(k.JWK))
	}
	if edit := s.lies.Load().JWKS; edit != nil {
		keys = edit(keys)
	}
	writeJSON(w, http.StatusOK, map[string]any{"keys": keys})
}
