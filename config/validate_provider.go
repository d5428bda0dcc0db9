package config

import (
	"slices"
	"strings"
	"time"

	"github.com/edgeauth/edgeauth/config/internal/strict"
)

// leastRevalidate keeps a provider from being asked more often than people load pages.
const leastRevalidate = 10 * time.Second

func (v validator) providers() {
	var issuers []string
	for _, p := range v.Providers {
		path := strict.Key("providers", p.Name)
		issuers = append(issuers, p.Issuer+" "+p.ClientID)
		v.provider(path, p)
	}
	unique(issuers, func(i int) {
		v.warn(strict.Key("providers", v.Providers[i].Name)+".issuer", "another provider has the same issuer and client_id", "")
	})
	if len(v.Providers) == 0 && slices.ContainsFunc(v.Routes, func(r Route) bool { return !r.Public }) {
		v.report("providers", "there is no provider, but a route needs a login", "add one, or set public: true on every route")
	}
}

func (v validator) provider(path string, p Provider) {
	if p.ClientSecret.IsZero() && !v.r.Bad(path+".client_secret_file") {
		v.report(path+".client_secret", "the client's secret is missing", "set client_secret or client_secret_file")
	}
	if !slices.Contains(p.Scopes, "openid") {
		v.report(path+".scopes", "must contain openid", "without it the provider sends no ID token")
	}
	if len(p.Algorithms) == 0 {
		v.report(path+".algorithms", "must not be empty", "RS256 is what most providers use")
	}
	if p.BackChannelURL != nil && p.BackChannelURL.Scheme == "http" && !loopbackURL(p.BackChannelURL) {
		v.warn(path+".back_channel_url", "the client's secret and tokens travel in the clear", "use https unless the network is yours alone")
	}
	if e := p.RevalidateEvery; e > 0 && e < leastRevalidate {
		v.report(path+".revalidate_every", "must be at least 10s", "0s turns it off")
	} else if e > 0 && !asksForRefreshTokens(p) {
		v.warn(path+".revalidate_every", "asks by means of refresh tokens, and most providers give none unless they are asked for one: a session without is never asked about",
			"add offline_access to scopes, or what the provider wants in its place")
	}
	v.extraParams(path+".extra_params", p)
	v.formPost(path+".response_mode", p)
}

// asksForRefreshTokens reports whether a provider can be expected to give them: it is asked in one of the usual ways, or is Keycloak,
// whose issuers name a realm and which gives them unasked.
func asksForRefreshTokens(p Provider) bool {
	return slices.Contains(p.Scopes, "offline_access") || p.ExtraParams["access_type"] == "offline" || strings.Contains(p.Issuer, "/realms/")
}

func (v validator) extraParams(path string, p Provider) {
	for _, name := range sortedKeys(p.ExtraParams) {
		if slices.Contains(protocolParams(), strings.ToLower(name)) {
			v.report(strict.Key(path, name), "is a parameter of the protocol, which edgeauth sets itself", "")
		}
	}
}

// protocolParams are the parameters of the authorization request that carry its security (RFC 6749, RFC 7636,
// RFC 9101, RFC 9449, OpenID Connect Core 1.0), and those that edgeauth sets for a step-up.
func protocolParams() []string {
	return []string{
		"acr_values", "claims", "client_assertion", "client_assertion_type", "client_id", "client_secret", "code_challenge",
		"code_challenge_method", "dpop_jkt", "id_token_hint", "max_age", "nonce", "redirect_uri", "registration", "request",
		"request_uri", "response_mode", "response_type", "scope", "state",
	}
}

// formPost needs a binding cookie with SameSite=None, which browsers keep only with Secure.
func (v validator) formPost(path string, p Provider) {
	if p.ResponseMode != ResponseModeFormPost {
		return
	}
	for _, h := range v.Server.Hosts {
		if h.URL != nil && h.URL.Scheme == "http" && (h.Provider == "" || h.Provider == p.Name) {
			v.report(path, "form_post cannot work on a plain http host: browsers send no cookie with the answer",
				"use query, or https for "+h.URL.Host)
			return
		}
	}
}
