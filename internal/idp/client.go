package idp

import (
	"crypto/subtle"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"

	"github.com/edgeauth/edgeauth/internal/idp/factor"
)

// Client is one relying party.
type Client struct {
	ID                   string
	Secret               string   // "" makes it a public client
	RedirectURIs         []string // compared byte by byte
	PostLogoutURIs       []string
	BackchannelLogoutURI string        // "" for none
	AnyLoopbackPort      bool          // loopback URIs match whatever their port (RFC 8252, 7.3)
	IDTokenAlg           string        // RS256 or ES256; "" is RS256
	Contexts             factor.Ladder // what it may ask for, see Options.Contexts; nil is the provider's
}

// redirectsTo reports whether uri is among the registered ones.
func (c Client) redirectsTo(uri string) bool { return c.matches(c.RedirectURIs, uri) }

// returnsTo reports whether uri is registered as a place to go after logout.
func (c Client) returnsTo(uri string) bool { return c.matches(c.PostLogoutURIs, uri) }

func (c Client) matches(registered []string, uri string) bool {
	if slices.Contains(registered, uri) {
		return true
	}
	bare, ok := withoutLoopbackPort(uri)
	return c.AnyLoopbackPort && ok && slices.ContainsFunc(registered, func(r string) bool {
		r, ok := withoutLoopbackPort(r)
		return ok && r == bare
	})
}

// withoutLoopbackPort returns uri without its port, and whether it is an http URI of a loopback host.
func withoutLoopbackPort(uri string) (string, bool) {
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "http" || u.User != nil {
		return "", false
	}
	host := u.Hostname()
	if ip, err := netip.ParseAddr(host); host != "localhost" && (err != nil || !ip.IsLoopback()) {
		return "", false
	}
	u.Host = net.JoinHostPort(host, "0")
	return u.String(), true
}

var (
	errTwoMethods = errors.New("the client authenticates in two ways at once")
	errBadClient  = errors.New("the client is unknown or its secret is wrong")
)

// authenticateClient implements client_secret_basic and client_secret_post (RFC 6749, 2.3.1), and the client_id alone
// of a public client.
func (s *Server) authenticateClient(r *http.Request) (Client, error) {
	id, secret := r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	if name, password, ok := r.BasicAuth(); ok {
		if secret != "" {
			return Client{}, errTwoMethods
		}
		var err1, err2 error
		name, err1 = url.QueryUnescape(name) // form-encoded before it is joined with ":"
		secret, err2 = url.QueryUnescape(password)
		if err1 != nil || err2 != nil || id != "" && id != name {
			return Client{}, errBadClient
		}
		id = name
	}
	s.mu.Lock()
	c, ok := s.clients[id]
	s.mu.Unlock()
	if !ok || subtle.ConstantTimeCompare([]byte(c.Secret), []byte(secret)) != 1 {
		return Client{}, errBadClient
	}
	return c, nil
}
