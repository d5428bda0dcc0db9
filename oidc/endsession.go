package oidc

import (
	"fmt"
	"net/url"
)

// EndSession is what a logout at the provider asks for (RP-Initiated Logout 1.0, section 2). It does not print.
type EndSession struct {
	IDTokenHint           string // the ID token of the login, if it is known
	LogoutHint            string // who logs out, where no ID token can say it
	PostLogoutRedirectURI string
	State                 string
}

// Format implements fmt.Formatter for every verb: the hint is a token.
func (e EndSession) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "end of session, back to %q", e.PostLogoutRedirectURI)
}

// longestEndSessionURL is what providers take as a request line (Keycloak: 4,096 bytes with method and version).
const longestEndSessionURL = 4000

// EndSessionURL is where the browser is sent to end the session at the provider. It names the client always, and the
// user by the ID token, or by the logout hint where there is no token or the address would become too long for
// the provider with it. False: the provider has no such endpoint, is not discovered, or Config.Logout is off.
func (p *Provider) EndSessionURL(e EndSession) (string, bool) {
	endpoint, ok := p.endSession()
	if !ok {
		return "", false
	}
	if e.IDTokenHint != "" {
		if to := p.endSessionURL(endpoint, e, "id_token_hint", e.IDTokenHint); len(to) <= longestEndSessionURL {
			return to, true
		}
	}
	return p.endSessionURL(endpoint, e, "logout_hint", e.LogoutHint), true
}

func (p *Provider) endSessionURL(endpoint url.URL, e EndSession, hint, value string) string {
	query := endpoint.Query()
	query.Set("client_id", p.config.ClientID)
	for name, value := range map[string]string{
		hint: value, "post_logout_redirect_uri": e.PostLogoutRedirectURI, "state": e.State} {
		query.Del(name)
		if value != "" {
			query.Set(name, value)
		}
	}
	endpoint.RawQuery = query.Encode()
	return endpoint.String()
}

// EndSessionOrigin is the origin of the provider's end-session endpoint, for a page's form-action: browsers block the
// redirect of a form post to an origin that is not listed. Empty where EndSessionURL would say false.
func (p *Provider) EndSessionOrigin() string {
	endpoint, ok := p.endSession()
	if !ok {
		return ""
	}
	return endpoint.Scheme + "://" + endpoint.Host
}

func (p *Provider) endSession() (url.URL, bool) {
	doc, err := p.discovered("ending session")
	if err != nil || !p.config.Logout || doc.EndSession == nil {
		return url.URL{}, false
	}
	return *doc.EndSession, true
}
