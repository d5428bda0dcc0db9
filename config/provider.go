package config

import (
	"net/url"
	"time"
)

// ClientAuth is how the client proves itself at the token endpoint (OpenID Connect Core 1.0, section 9).
type ClientAuth string

// The ways of client authentication.
const (
	ClientAuthBasic ClientAuth = "basic" // client_secret_basic
	ClientAuthPost  ClientAuth = "post"  // client_secret_post
)

// ResponseMode is how the authorization response comes back.
type ResponseMode string

// The response modes.
const (
	ResponseModeQuery    ResponseMode = "query"
	ResponseModeFormPost ResponseMode = "form_post" // OAuth 2.0 Form Post Response Mode
)

// Provider is one OpenID Connect provider and this client's registration there.
type Provider struct {
	Name             string            `yaml:"-" key:"name"`
	DisplayName      string            `yaml:"display_name" derived:"the provider's name" doc:"What people read where they choose a provider."`
	Issuer           string            `yaml:"issuer" required:"true" format:"issuer" doc:"The issuer exactly as the provider writes it in its tokens, for example https://id.example.com/realms/corp. Plain http is for loopback."`
	BackChannelURL   *url.URL          `yaml:"back_channel_url" format:"address" doc:"Where edgeauth itself reaches the provider, where that is not the public address: scheme, host and port, which replace the issuer's in its requests. Browsers still go to the issuer."`
	ClientID         string            `yaml:"client_id" required:"true" doc:"This client's id at the provider."`
	ClientSecret     Secret            `yaml:"client_secret" doc:"This client's secret; better ${NAME} or ${file:/path} than the secret itself. Either this or client_secret_file."`
	ClientSecretFile string            `yaml:"client_secret_file" format:"path" doc:"File that holds the client's secret. Newlines at its end do not count."`
	ClientAuth       ClientAuth        `yaml:"client_auth" default:"basic" enum:"basic,post" doc:"How the secret is sent to the token endpoint: client_secret_basic or client_secret_post."`
	Scopes           []string          `yaml:"scopes" default:"[openid, profile, email]" format:"scope" doc:"What is asked for at login. Must contain openid."`
	ResponseMode     ResponseMode      `yaml:"response_mode" default:"query" enum:"query,form_post" doc:"How the answer of a login comes back. form_post needs https hosts."`
	Userinfo         bool              `yaml:"userinfo" default:"false" doc:"Whether claims are also read from the userinfo endpoint at login."`
	Claims           Claims            `yaml:"claims" doc:"Names of the claims that edgeauth reads."`
	Algorithms       []string          `yaml:"algorithms" default:"[RS256]" enum:"RS256,RS384,RS512,PS256,PS384,PS512,ES256,ES384,ES512,EdDSA" doc:"Signature algorithms that are accepted on ID tokens and logout tokens."`
	CAFile           string            `yaml:"ca_file" format:"file" doc:"PEM file with the roots to trust when speaking to the provider, instead of the system's."`
	Proxy            *url.URL          `yaml:"proxy" format:"http" derived:"HTTPS_PROXY and NO_PROXY" doc:"HTTP proxy for requests to this provider."`
	ExtraParams      map[string]string `yaml:"extra_params" default:"{}" doc:"More parameters for the authorization request, for example {kc_idp_hint: corp}. The protocol's own cannot be replaced."`
	ClockSkew        time.Duration     `yaml:"clock_skew" default:"5s" min:"1s" max:"60s" doc:"How far the provider's clock may differ from ours when times in tokens are checked."`
	Logout           bool              `yaml:"logout" default:"true" doc:"Whether logging out here also logs out at the provider (RP-Initiated Logout), and revokes the tokens that it gave where it can (RFC 7009)."`
	RevalidateEvery  time.Duration     `yaml:"revalidate_every" default:"0s" min:"0s" max:"720h" doc:"How often the provider is asked whether it still vouches for a session that is used, by redeeming its refresh token. A refusal ends the session everywhere; an outage does not. A session without a refresh token is never asked about. 0s: only when an application needs a token. At least 10s."`
}

// Claims are the names under which a provider sends what edgeauth needs.
type Claims struct {
	Name          string `yaml:"name" default:"name" required:"true" doc:"Claim with the person's full name."`
	Email         string `yaml:"email" default:"email" required:"true" doc:"Claim with the email address."`
	EmailVerified string `yaml:"email_verified" default:"email_verified" required:"true" doc:"Claim that says whether the address was verified. Without it no address counts as verified."`
	Groups        string `yaml:"groups" default:"groups" required:"true" doc:"Claim with the list of groups. It must be a list of texts; any other type refuses the login."`
	Username      string `yaml:"username" default:"preferred_username" required:"true" doc:"Claim with the login name."`
}
