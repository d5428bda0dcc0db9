package config

// API is the governance API: gRPC and REST on one listener. See docs/api.md.
type API struct {
	Listen       string          `yaml:"listen" format:"listen" doc:"Address and port of the governance API, gRPC and REST alike, for example 127.0.0.1:9091. Anything but loopback needs cert_file. Empty: off. Needs a restart."`
	CertFile     string          `yaml:"cert_file" format:"file" doc:"PEM file: the listener's certificate, then its intermediates. It is read again when it changes. Empty: plain text, on loopback only."`
	KeyFile      string          `yaml:"key_file" format:"file" doc:"PEM file: the private key of cert_file."`
	ClientCAFile string          `yaml:"client_ca_file" format:"file" doc:"PEM file with the authorities that sign client certificates, for this API and nothing else."`
	Certificates APICertificates `yaml:"certificates" doc:"Which client certificates have which role. A name is written with its kind: cn:NAME (common name), dns:NAME, email:ADDRESS or uri:URI (alternative names)."`
	Bearer       APIBearer       `yaml:"bearer" doc:"Access tokens of an identity provider."`
}

// APICertificates are the roles of client certificates by their names.
type APICertificates struct {
	Viewer   []string `yaml:"viewer" default:"[]" format:"certname" doc:"Names that may look."`
	Operator []string `yaml:"operator" default:"[]" format:"certname" doc:"Names that may end sessions and raise levels too."`
}

// IsZero reports whether no certificate has a role.
func (c APICertificates) IsZero() bool { return len(c.Viewer)+len(c.Operator) == 0 }

// APIBearer are the roles of bearer tokens by a claim.
type APIBearer struct {
	Provider string   `yaml:"provider" doc:"The provider that issues the tokens, by its name. Empty: the only one."`
	Audience string   `yaml:"audience" doc:"What a token must have in aud: the name of this API at the provider, which is not edgeauth's client_id there. Empty: no token is taken."`
	Claim    []string `yaml:"claim" default:"[roles]" doc:"The claim that roles are read from, a text or a list of texts: the names on the way to it, for example [realm_access, roles] for realm roles of Keycloak."`
	Viewer   []string `yaml:"viewer" default:"[]" doc:"Values of the claim that may look."`
	Operator []string `yaml:"operator" default:"[]" doc:"Values of the claim that may end sessions and raise levels too."`
}

// IsZero reports whether no token is taken.
func (b APIBearer) IsZero() bool { return b.Audience == "" }

// APIProvider is the provider of the API's bearer tokens.
func (c *Config) APIProvider() (Provider, bool) {
	if name := c.Admin.API.Bearer.Provider; name != "" || len(c.Providers) != 1 {
		return c.Provider(name)
	}
	return c.Providers[0], true
}
