// Package metadata judges a provider's discovery document (OpenID Connect Discovery 1.0, section 3). It owns which documents
// are accepted and what of them counts. It is pure: it must not know how a document is fetched.
package metadata

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"

	"github.com/edgeauth/edgeauth/oidc/internal/claims"
)

// Document is what edgeauth uses of a document.
type Document struct {
	Authorize      string            // without its query
	AuthorizeQuery map[string]string // of the authorization endpoint itself
	Token          *url.URL
	Keys           *url.URL
	Userinfo       *url.URL // nil: none
	EndSession     *url.URL // nil: none
	Revocation     *url.URL // nil: none (RFC 7009, by RFC 8414)
	SendsIssuer    bool     // authorization_response_iss_parameter_supported (RFC 9207)
}

// Rules say what a document must fit.
type Rules struct {
	Issuer         string // exact
	UserinfoNeeded bool
	IsBackChannel  func(*url.URL) bool // whether an address is the operator's own for the provider, plain http or not
}

// ErrIssuer is the document of another issuer.
var ErrIssuer = errors.New("the document is another issuer's")

// Parse judges a discovery document. Its errors are ErrIssuer, those of package claims, and others that an operator reads.
func Parse(body []byte, rules Rules) (*Document, error) {
	members, err := claims.Parse(body)
	if err != nil {
		return nil, err
	}
	issuer, _, err := members.Text("issuer", 2048)
	if err != nil {
		return nil, err
	}
	if issuer != rules.Issuer {
		return nil, fmt.Errorf("%w: %.100q, not %q", ErrIssuer, issuer, rules.Issuer)
	}
	if err := checkPKCE(members); err != nil {
		return nil, err
	}
	doc := &Document{}
	if value, ok := members["authorization_response_iss_parameter_supported"]; ok {
		if doc.SendsIssuer, ok = value.(bool); !ok {
			return nil, errors.New("authorization_response_iss_parameter_supported is not true or false")
		}
	}
	if err := doc.readEndpoints(members, rules); err != nil {
		return nil, err
	}
	return doc, nil
}

// checkPKCE refuses a provider that lists methods without S256 (RFC 9700, 4.8). One that lists none may still do it: many
// do, and to send a challenge that is ignored costs nothing.
func checkPKCE(members claims.Object) error {
	methods, listed, err := members.Strings("code_challenge_methods_supported", 20, 100)
	if err != nil {
		return err
	}
	if listed && !slices.Contains(methods, "S256") {
		return errors.New("code_challenge_methods_supported does not hold S256, and edgeauth never does without")
	}
	return nil
}

func (d *Document) readEndpoints(members claims.Object, rules Rules) error {
	var authorize *url.URL
	for _, endpoint := range []struct {
		name     string
		into     **url.URL
		required bool
		browser  bool
	}{
		{"authorization_endpoint", &authorize, true, true},
		{"token_endpoint", &d.Token, true, false},
		{"jwks_uri", &d.Keys, true, false},
		{"userinfo_endpoint", &d.Userinfo, rules.UserinfoNeeded, false},
		{"end_session_endpoint", &d.EndSession, false, true},
		{"revocation_endpoint", &d.Revocation, false, false},
	} {
		text, ok, err := members.Text(endpoint.name, 2048)
		if err != nil {
			return err
		}
		if !ok && endpoint.required {
			return fmt.Errorf("%s is missing", endpoint.name)
		}
		if !ok {
			continue
		}
		if *endpoint.into, err = rules.endpoint(endpoint.name, text, endpoint.browser); err != nil {
			return err
		}
	}
	d.setAuthorize(*authorize)
	return nil
}

// endpoint allows https, and plain http only where the issuer itself is plain http on loopback or where the operator
// has named that origin as the back-channel address.
func (r Rules) endpoint(name, text string, browser bool) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" {
		return nil, fmt.Errorf("%s is not an absolute URL", name)
	}
	issuer, err := url.Parse(r.Issuer)
	if err != nil {
		return nil, fmt.Errorf("parsing issuer: %w", err)
	}
	plain := IsLoopbackHTTP(issuer) && IsLoopbackHTTP(u) || !browser && u.Scheme == "http" && r.IsBackChannel(u)
	if u.Scheme != "https" && !plain {
		return nil, fmt.Errorf("%s is not https", name)
	}
	return u, nil
}

func (d *Document) setAuthorize(endpoint url.URL) {
	d.AuthorizeQuery = map[string]string{}
	for name, values := range endpoint.Query() {
		d.AuthorizeQuery[name] = values[0]
	}
	endpoint.RawQuery, endpoint.ForceQuery = "", false
	d.Authorize = endpoint.String()
}

// IsLoopbackHTTP reports whether u is plain http on this machine.
func IsLoopbackHTTP(u *url.URL) bool {
	ip := net.ParseIP(u.Hostname())
	return u.Scheme == "http" && (u.Hostname() == "localhost" || ip != nil && ip.IsLoopback())
}
