package oidc

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/edgeauth/edgeauth/oidc/internal/backchannel"
	"github.com/edgeauth/edgeauth/oidc/internal/metadata"
)

var errNotDiscovered = errors.New("the discovery document has not been read yet")

func (p *Provider) discover(ctx context.Context) (*metadata.Document, error) {
	const op = "reading discovery document"
	at, err := url.Parse(strings.TrimSuffix(p.config.Issuer, "/") + "/.well-known/openid-configuration")
	if err != nil {
		return nil, &Error{Kind: KindConfig, Op: op, Err: err}
	}
	answer, err := p.channel.Get(ctx, *at, "application/json", "")
	if _, ok := errors.AsType[*backchannel.StatusError](err); ok {
		err = fmt.Errorf("%w at %s", err, at.Redacted()) // nothing there: the issuer is most likely mistyped
	}
	if err != nil {
		return nil, transportError(op, err)
	}
	if answer.ContentType != "application/json" {
		return nil, unusable(op, "the content type is %.60q, not application/json", answer.ContentType)
	}
	doc, err := metadata.Parse(answer.Body, metadata.Rules{
		Issuer: p.config.Issuer, UserinfoNeeded: p.config.Userinfo, IsBackChannel: p.channel.IsBackChannel})
	if err != nil {
		return nil, judged(op, err)
	}
	return doc, nil
}

// fetchKeys reads the key set from where the document says.
func (p *Provider) fetchKeys(ctx context.Context) ([]byte, error) {
	doc, err := p.discovered("reading keys")
	if err != nil {
		return nil, err
	}
	answer, err := p.channel.Get(ctx, *doc.Keys, "application/json, application/jwk-set+json", "")
	return answer.Body, err
}

// transportError gives the right kind to what the back channel reports about reachability and form.
func transportError(op string, err error) *Error {
	kind := KindInvalid
	status, hasStatus := errors.AsType[*backchannel.StatusError](err)
	switch {
	case errors.Is(err, backchannel.ErrUnavailable), errors.Is(err, backchannel.ErrTooLarge), errors.Is(err, backchannel.ErrEncoding),
		hasStatus && status.Status < 300:
		kind = KindUnavailable
	case hasStatus, errors.Is(err, backchannel.ErrCertificate):
		kind = KindConfig
	}
	return &Error{Kind: kind, Op: op, Err: err}
}
