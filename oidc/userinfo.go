package oidc

import (
	"context"
	"errors"
	"net/http"

	"github.com/edgeauth/edgeauth/oidc/internal/assertions"
	"github.com/edgeauth/edgeauth/oidc/internal/backchannel"
	"github.com/edgeauth/edgeauth/oidc/internal/claims"
	"github.com/edgeauth/edgeauth/oidc/internal/metadata"
)

// userinfo asks the userinfo endpoint (OpenID Connect Core 1.0, 5.3). Its sub must be that of the ID token, or the answer
// is somebody else's.
func (p *Provider) userinfo(ctx context.Context, doc *metadata.Document, accessToken, sub string) (claims.Object, error) {
	const op = "asking userinfo"
	answer, err := p.channel.Get(ctx, *doc.Userinfo, "application/json", accessToken)
	if err != nil {
		return nil, userinfoError(op, err)
	}
	switch answer.ContentType {
	case "application/json":
	case "application/jwt":
		return nil, &Error{Kind: KindConfig, Op: op, Err: errors.New(
			"the answer is a signed token, which edgeauth does not read: let the client have plain JSON at the provider")}
	default:
		return nil, unusable(op, "the content type is %.60q, not application/json", answer.ContentType)
	}
	info, err := claims.Parse(answer.Body)
	if err != nil {
		return nil, judged(op, err)
	}
	if err := info.RefuseVariantsOf(assertions.ProtocolClaims()...); err != nil {
		return nil, &Error{Kind: KindInvalid, Op: op, Err: err}
	}
	got, _, err := info.Identifier("sub", assertions.LongestSub)
	if err != nil {
		return nil, judged(op, err)
	}
	if got != sub {
		return nil, invalid(op, "its sub is not that of the ID token")
	}
	return info, nil
}

// userinfoError reads the statuses of RFC 6750, 3.1.
func userinfoError(op string, err error) *Error {
	status, ok := errors.AsType[*backchannel.StatusError](err)
	switch {
	case ok && status.Status == http.StatusUnauthorized:
		return &Error{Kind: KindRefused, Op: op, Code: "invalid_token", Err: err}
	case ok && status.Status == http.StatusForbidden:
		return &Error{Kind: KindRefused, Op: op, Code: "insufficient_scope", Err: err}
	}
	return transportError(op, err)
}
