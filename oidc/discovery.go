package oidc

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/edgeauth/edgeauth/oidc/internal/backchannel"
	"github.com/edgeauth/edgeauth/oidc/internal/claims"
)

var errNotDiscovered = errors.New("the discovery document has not been read yet")

// document is what the discovery document says and edgeauth uses (OpenID Connect Discovery 1.0, section 3).
type document struct {
	authorize      string            // without its query
	authorizeQuery map[string]string // of the endpoint itself
	token          *url.URL
	keys           *url.URL
	userinfo       *url.URL // nil: none
	endSession     *url.URL // nil: none
	sendsIssuer    bool     // authorization_response_iss_parameter_supported (RFC 9207)
}

func (p *Provider) discover(ctx context.Context) (*document, error) {
	const op = "reading discovery document"
	at, err := url.Parse(strings.TrimSuffix(p.config.Issuer, "/") + "/.well-known/openid-configuration")
	if err != nil {
		return nil, &Error{Kind: KindConfig, Op: op, Err: err}
	}
	answer, err := p.channel.Get(ctx, *at, "application/json", "")
	if err != nil {
		return nil, transportError(op, err)
	}
	if answer.ContentType != "application/json" {
		return nil, invalid(op, "the content type is %.60q, not application/json", answer.ContentType)
	}
	metadata, err := claims.Parse(answer.Body)
	if err != nil {
		return nil, &Error{Kind: KindInvalid, Op: op, Err: err}
	}
	doc, err := p.judge(metadata)
	if err != nil {
		return nil, &Error{Kind: KindInvalid, Op: op, Err: err}
	}
	return doc, nil
}

func (p *Provider) judge(metadata claims.Object) (*document, error) {
	if issuer, _, err := metadata.Text("issuer", 2048); err != nil || issuer != p.config.Issuer {
		return nil, fmt.Errorf("its issuer is %.100q, not %q", issuer, p.config.Issuer)
	}
	if err := checkPKCE(metadata); err != nil {
		return nil, err
	}
	doc := &document{}
	if value, ok := metadata["authorization_response_iss_parameter_supported"]; ok {
		if doc.sendsIssuer, ok = value.(bool); !ok {
			return nil, errors.New("authorization_response_iss_parameter_supported is not true or false")
		}
	}
	return doc, p.readEndpoints(metadata, doc)
}

// checkPKCE refuses a provider that lists methods without S256 (RFC 9700, 4.8). One that lists none may still do it: many
// do, and to send a challenge that is ignored costs nothing.
func checkPKCE(metadata claims.Object) error {
	methods, listed, err := metadata.Strings("code_challenge_methods_supported", 20, 100)
	if err != nil {
		return err
	}
	if listed && !slices.Contains(methods, "S256") {
		return errors.New("code_challenge_methods_supported does not hold S256, and edgeauth never does without")
	}
	return nil
}

func (p *Provider) readEndpoints(metadata claims.Object, doc *document) error {
	var authorize *url.URL
	for _, endpoint := range []struct {
		name     string
		into     **url.URL
		required bool
		browser  bool
	}{
		{"authorization_endpoint", &authorize, true, true},
		{"token_endpoint", &doc.token, true, false},
		{"jwks_uri", &doc.keys, true, false},
		{"userinfo_endpoint", &doc.userinfo, p.config.Userinfo, false},
		{"end_session_endpoint", &doc.endSession, false, true},
	} {
		text, ok, err := metadata.Text(endpoint.name, 2048)
		if err != nil {
			return err
		}
		if !ok && endpoint.required {
			return fmt.Errorf("%s is missing", endpoint.name)
		}
		if !ok {
			continue
		}
		if *endpoint.into, err = p.checkEndpoint(endpoint.name, text, endpoint.browser); err != nil {
			return err
		}
	}
	doc.setAuthorize(*authorize)
	return nil
}

// checkEndpoint allows https, and plain http only where the issuer itself is plain http on loopback or where the operator
// has named that origin as the back-channel address.
func (p *Provider) checkEndpoint(name, text string, browser bool) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" {
		return nil, fmt.Errorf("%s is not an absolute URL", name)
	}
	issuer, err := url.Parse(p.config.Issuer)
	if err != nil {
		return nil, fmt.Errorf("parsing issuer: %w", err)
	}
	plain := isLoopbackHTTP(issuer) && isLoopbackHTTP(u) || !browser && u.Scheme == "http" && p.channel.IsBackChannel(u)
	if u.Scheme != "https" && !plain {
		return nil, fmt.Errorf("%s is not https", name)
	}
	return u, nil
}

func (d *document) setAuthorize(endpoint url.URL) {
	d.authorizeQuery = map[string]string{}
	for name, values := range endpoint.Query() {
		d.authorizeQuery[name] = values[0]
	}
	endpoint.RawQuery, endpoint.ForceQuery = "", false
	d.authorize = endpoint.String()
}

// fetchKeys reads the key set from where the document says.
func (p *Provider) fetchKeys(ctx context.Context) ([]byte, error) {
	doc, err := p.discovered("reading keys")
	if err != nil {
		return nil, err
	}
	answer, err := p.channel.Get(ctx, *doc.keys, "application/json, application/jwk-set+json", "")
	return answer.Body, err
}

// transportError gives the right kind to what the back channel reports about reachability and form.
func transportError(op string, err error) *Error {
	kind := KindInvalid
	_, hasStatus := errors.AsType[*backchannel.StatusError](err)
	switch {
	case errors.Is(err, backchannel.ErrUnavailable):
		kind = KindUnavailable
	case hasStatus, errors.Is(err, backchannel.ErrCertificate):
		kind = KindConfig
	}
	return &Error{Kind: kind, Op: op, Err: err}
}
