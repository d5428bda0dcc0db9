package oidc

import (
	"cmp"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/edgeauth/edgeauth/oidc/internal/metadata"
)

// ClientAuth says how the client proves itself at the token endpoint (OpenID Connect Core 1.0, section 9).
type ClientAuth string

// The supported ways. The zero ClientAuth means ClientAuthBasic.
const (
	ClientAuthBasic ClientAuth = "basic" // client_secret_basic
	ClientAuthPost  ClientAuth = "post"  // client_secret_post
)

// ClaimNames says which claims carry the profile. An empty name means the usual one, given behind each field.
type ClaimNames struct {
	Name          string // name
	Email         string // email
	EmailVerified string // email_verified
	Groups        string // groups
	Username      string // preferred_username
}

// Config describes one provider as resolved values. Its secret does not print.
type Config struct {
	Name        string // how the operator calls the provider
	DisplayName string // for pages; empty: Name
	Issuer      string // exact; https, or http on a loopback address

	// BackChannelURL is the origin (scheme, host, port) at which edgeauth itself reaches the provider, where it is
	// not the public one. Discovery, token, JWKS and userinfo requests whose endpoint has the issuer's origin go there;
	// the browser's addresses and the issuer's name stay public. Empty: none.
	BackChannelURL string

	ClientID     string
	ClientSecret string
	ClientAuth   ClientAuth

	Scopes       []string // "openid" is added when it is missing
	ResponseMode string   // "query" (also when empty) or "form_post"
	Userinfo     bool     // ask the userinfo endpoint at each login
	Claims       ClaimNames
	Algorithms   []string // accepted signature algorithms; empty: RS256. Discovery never widens them

	RootCAs     *x509.CertPool    // nil: those of the system
	Proxy       *url.URL          // nil: HTTPS_PROXY, HTTP_PROXY and NO_PROXY as they are when New is called
	ExtraParams map[string]string // added to the authorization request; never replaces a parameter that edgeauth sets
	ClockSkew   time.Duration     // how far the provider's clock may be off: 0 means 5 s, at most 60 s
	Logout      bool              // end the session at the provider too (RP-Initiated Logout 1.0)

	Now func() time.Time // nil: time.Now
	Log *slog.Logger     // nil: nothing is logged
}

const (
	defaultSkew = 5 * time.Second
	longestSkew = 60 * time.Second
)

// Format implements fmt.Formatter: it shows the provider's name and issuer and nothing else under every verb.
func (c Config) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "provider %q at %q", c.Name, c.Issuer) }

// LogValue implements slog.LogValuer.
func (c Config) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(c)) }

func (c Config) withDefaults() Config {
	c.DisplayName = cmp.Or(c.DisplayName, c.Name)
	c.ClientAuth = cmp.Or(c.ClientAuth, ClientAuthBasic)
	c.ResponseMode = cmp.Or(c.ResponseMode, "query")
	c.ClockSkew = cmp.Or(c.ClockSkew, defaultSkew)
	c.Claims = ClaimNames{
		Name:          cmp.Or(c.Claims.Name, "name"),
		Email:         cmp.Or(c.Claims.Email, "email"),
		EmailVerified: cmp.Or(c.Claims.EmailVerified, "email_verified"),
		Groups:        cmp.Or(c.Claims.Groups, "groups"),
		Username:      cmp.Or(c.Claims.Username, "preferred_username"),
	}
	c.Scopes = withOpenID(c.Scopes)
	if len(c.Algorithms) == 0 {
		c.Algorithms = []string{"RS256"}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	return c
}

func withOpenID(scopes []string) []string {
	if slices.Contains(scopes, "openid") {
		return slices.Clone(scopes)
	}
	return append([]string{"openid"}, scopes...)
}

// check says everything that is wrong with c, not only the first thing.
func (c Config) check() error {
	return errors.Join(
		checkIssuer(c.Issuer), checkOrigin(c.BackChannelURL), c.checkClient(), c.checkAlgorithms(), c.checkExtraParams())
}

func (c Config) checkClient() error {
	switch {
	case c.Name == "":
		return errors.New("the provider has no name")
	case c.ClientID == "" || c.ClientSecret == "":
		return errors.New("client id and client secret are both needed")
	case c.ClientAuth != ClientAuthBasic && c.ClientAuth != ClientAuthPost:
		return fmt.Errorf("client authentication %q is neither basic nor post", c.ClientAuth)
	case c.ResponseMode != "query" && c.ResponseMode != "form_post":
		return fmt.Errorf("response mode %q is neither query nor form_post", c.ResponseMode)
	case c.ClockSkew < 0 || c.ClockSkew > longestSkew:
		return fmt.Errorf("clock skew %v is not between 0 and %v", c.ClockSkew, longestSkew)
	}
	return nil
}

// checkAlgorithms keeps symmetric algorithms and "none" out, whatever the configuration says.
func (c Config) checkAlgorithms() error {
	for _, alg := range c.Algorithms {
		if !slices.Contains(signatureAlgorithms(), alg) {
			return fmt.Errorf("signature algorithm %q is not one of %s", alg, strings.Join(signatureAlgorithms(), ", "))
		}
	}
	return nil
}

func signatureAlgorithms() []string {
	return []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
}

// checkExtraParams refuses the parameters on which the safety of the flow rests, and those that could carry them.
func (c Config) checkExtraParams() error {
	for name := range c.ExtraParams {
		if name == "" || slices.Contains(ownParams(), name) {
			return fmt.Errorf("extra parameter %q is edgeauth's own", name)
		}
	}
	return nil
}

func ownParams() []string {
	return []string{"response_type", "response_mode", "client_id", "client_secret", "redirect_uri", "scope", "state", "nonce",
		"code_challenge", "code_challenge_method", "request", "request_uri", "registration", "id_token_hint"}
}

func checkIssuer(issuer string) error {
	u, err := url.Parse(issuer)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return fmt.Errorf("issuer %q is not an absolute URL without user, query and fragment", issuer)
	case u.Scheme != "https" && !metadata.IsLoopbackHTTP(u):
		return fmt.Errorf("issuer %q is not https (plain http is for loopback addresses only)", issuer)
	}
	return nil
}

func checkOrigin(origin string) error {
	if origin == "" {
		return nil
	}
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" || u.User != nil || (u.Scheme != "https" && u.Scheme != "http") ||
		strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return fmt.Errorf("back-channel address %q is not an origin such as http://keycloak:8080", origin)
	}
	return nil
}
