// Package oidc is the relying party: it discovers an OpenID provider, sends people there by the authorization code flow,
// exchanges the code, refreshes and revokes tokens, and judges what comes back: ID tokens, userinfo answers and logout tokens
// (OpenID Connect Core, Discovery, RP-Initiated Logout and Back-Channel Logout 1.0; RFC 6749, 7009, 7636, 9207).
//
// It owns everything that the provider says and every request that edgeauth makes to it. It is stricter than the
// libraries it stands on: what the specifications call invalid is refused, even where go-oidc or x/oauth2 let it pass.
// It must not know cookies, sessions, stores or HTTP handlers; whether someone may do something is for policy to say,
// and whether a login is recent enough is for its caller, who knows when the login was begun.
//
// No other package imports go-oidc, x/oauth2 or go-jose.
package oidc
