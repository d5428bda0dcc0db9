package config

import (
	"net/url"
	"time"
)

// Protocol is what an upstream is spoken to in.
type Protocol string

// The upstream protocols.
const (
	ProtocolAuto  Protocol = "auto"
	ProtocolHTTP1 Protocol = "http1"
	ProtocolH2    Protocol = "h2"
	ProtocolH2C   Protocol = "h2c"
)

// HostHeader says which Host header an upstream sees.
type HostHeader string

// The Host headers.
const (
	HostPreserve HostHeader = "preserve"
	HostUpstream HostHeader = "upstream"
)

// Upstream is one application behind edgeauth.
type Upstream struct {
	Name            string          `yaml:"-" key:"name"`
	Addresses       []*url.URL      `yaml:"addresses" required:"true" format:"address" doc:"Where the application is reached, for example http://10.0.0.5:80: scheme, host and port. Exactly one for now."`
	Protocol        Protocol        `yaml:"protocol" default:"auto" enum:"auto,http1,h2,h2c" doc:"auto: what TLS negotiates, HTTP/1.1 without TLS. http1 or h2 (over TLS) or h2c (HTTP/2 without TLS) demand one."`
	Host            HostHeader      `yaml:"host" default:"preserve" enum:"preserve,upstream" doc:"The Host header that the application sees: the public one, or the one of its address."`
	CAFile          string          `yaml:"ca_file" format:"file" doc:"PEM file with the roots to trust when speaking to the application, instead of the system's."`
	IIS             bool            `yaml:"iis" default:"false" doc:"Whether the application runs on IIS: paths that IIS would read differently are refused, and its routes match without case."`
	Headers         IdentityHeaders `yaml:"headers" doc:"Names of the headers that tell the application who is there. An empty name is not sent. Clients cannot send them, in any spelling."`
	Assertion       Assertion       `yaml:"assertion" doc:"A signed statement (JWT, ES256) of who is there. Its keys are at /.edgeauth/jwks.json."`
	AccessToken     AccessToken     `yaml:"access_token" doc:"The header in which the application gets the person's access token of the provider, refreshed in time (docs/tokens.md). Requests of people whose token cannot be had are not forwarded."`
	ResponseTimeout time.Duration   `yaml:"response_timeout" default:"60s" min:"1s" max:"1h" doc:"How long the application may take until its response begins."`
	ConnectTimeout  time.Duration   `yaml:"connect_timeout" default:"5s" min:"100ms" max:"1m" doc:"How long connecting may take, with TLS."`
	IdleTimeout     time.Duration   `yaml:"idle_timeout" default:"90s" min:"1s" max:"1h" doc:"How long an unused connection to the application is kept."`
}

// IdentityHeaders are header names; an empty one is not sent.
type IdentityHeaders struct {
	User    string `yaml:"user" default:"X-Auth-User" format:"header" doc:"Header with the login name."`
	Email   string `yaml:"email" default:"X-Auth-Email" format:"header" doc:"Header with the email address, if the provider vouches for it."`
	Name    string `yaml:"name" default:"X-Auth-Name" format:"header" doc:"Header with the full name."`
	Groups  string `yaml:"groups" default:"X-Auth-Groups" format:"header" doc:"Header with the groups. Only groups that some route, or an exception of risk, names are kept in a session, and so sent."`
	ACR     string `yaml:"acr" default:"X-Auth-Acr" format:"header" doc:"Header with how the person authenticated (acr)."`
	Level   string `yaml:"level" format:"header" doc:"Header with the security level that the session is under: the one of its login, or a stricter one that it was raised to since. A strict level says that something looked wrong, not that the person proved more."`
	Session string `yaml:"session" format:"header" doc:"Header with the session's public name, the one that edgeauth revoke takes."`

	UnverifiedEmail bool `yaml:"unverified_email" default:"false" doc:"Whether the header with the email address is also sent where the provider does not vouch for the address. An application that knows people by their address could then take one for another."`
}

// Assertion is the signed form of the identity.
type Assertion struct {
	Enabled  bool   `yaml:"enabled" default:"false" doc:"Whether it is sent."`
	Header   string `yaml:"header" default:"X-Edgeauth-Assertion" required:"true" format:"header" doc:"Header that carries it."`
	Audience string `yaml:"audience" derived:"the upstream's name" doc:"Its aud claim."`
}

// AccessToken is the header that carries the provider's access token; an empty one is not sent.
type AccessToken struct {
	Header string `yaml:"header" format:"tokenheader" doc:"Header that carries it, Authorization for most applications. Empty: it is not sent. What clients send in it does not reach the application."`
	Scheme string `yaml:"scheme" default:"Bearer" format:"scheme" doc:"The word in front of the token. Empty: the token alone."`
}
