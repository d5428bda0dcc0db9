package browser

import (
	"context"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
)

// Authenticator is a virtual authenticator of one tab: built into the device, with resident keys, and with a fingerprint
// that always fits (Web Authentication Level 3, section 11). Another tab does not see it.
type Authenticator struct {
	tab *Tab
	id  webauthn.AuthenticatorID
}

// AddAuthenticator gives the tab an authenticator without credentials. Pages that ask for one get their answer at once.
func (tab *Tab) AddAuthenticator() *Authenticator {
	tab.t.Helper()
	id := value(tab, "adding an authenticator", func(ctx context.Context, target *chromedp.Target) (webauthn.AuthenticatorID, error) {
		if _, err := cdp.Call(ctx, target, webauthn.Enable, webauthn.EnableParams{}); err != nil {
			return "", err
		}
		added, err := cdp.Call(ctx, target, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{
			Options: &webauthn.VirtualAuthenticatorOptions{Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
				HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true},
		})
		if err != nil {
			return "", err
		}
		return added.AuthenticatorID, nil
	})
	return &Authenticator{tab: tab, id: id}
}

// Credentials returns how many credentials were made in the authenticator and how often they were used, all together.
func (a *Authenticator) Credentials() (made, used int) {
	a.tab.t.Helper()
	all := value(a.tab, "reading credentials", func(ctx context.Context, target *chromedp.Target) ([]*webauthn.Credential, error) {
		got, err := cdp.Call(ctx, target, webauthn.GetCredentials, webauthn.GetCredentialsParams{AuthenticatorID: a.id})
		if err != nil {
			return nil, err
		}
		return got.Credentials, nil
	})
	for _, c := range all {
		used += int(c.SignCount)
	}
	return len(all), used
}

// Recognise makes the fingerprint fit from now on, or not.
func (a *Authenticator) Recognise(fits bool) {
	a.tab.t.Helper()
	a.tab.run("setting the fingerprint", chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, webauthn.SetUserVerified, webauthn.SetUserVerifiedParams{AuthenticatorID: a.id, IsUserVerified: fits})
		return err
	}))
}

// Send adds headers to all requests of the tab from now on, in the place of those that Send added before.
func (tab *Tab) Send(headers map[string]string) {
	tab.t.Helper()
	values := network.Headers{}
	for name, value := range headers {
		values[name] = value
	}
	tab.run("setting headers", chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		if _, err := cdp.Call(ctx, target, network.Enable, network.EnableParams{}); err != nil {
			return err
		}
		_, err := cdp.Call(ctx, target, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{Headers: values})
		return err
	}))
}
