package config

import (
	"cmp"
	"net/netip"
	"net/url"
	"time"

	"github.com/edgeauth/edgeauth/config/internal/format"
)

// Server is what edgeauth listens on and what it is called by.
type Server struct {
	Hosts             []Host         `yaml:"hosts" required:"true" doc:"The public origins, as browsers see them. Each has its own cookies, redirect URI and session."`
	Listen            string         `yaml:"listen" default:":443" derived:"the host and port of the first of hosts, where that is a plain http loopback URL, tls.mode is off and tls_in_front is false; :443 otherwise" format:"listen" required:"true" doc:"Address and port for requests: TLS, or plain HTTP where tls.mode is off. Needs a restart."`
	HTTPListen        string         `yaml:"http_listen" format:"listen" derived:":80 with TLS; none where tls.mode is off" doc:"Address and port that redirects http to https and answers ACME's HTTP-01 challenge. Empty: none. Needs a restart."`
	TLS               TLS            `yaml:"tls" doc:"Where certificates come from."`
	TLSInFront        bool           `yaml:"tls_in_front" default:"false" doc:"Says that something in front of edgeauth ends TLS, so that edgeauth may speak plain HTTP for public https addresses."`
	TrustedProxies    []netip.Prefix `yaml:"trusted_proxies" default:"[]" doc:"Addresses and networks (CIDR) whose X-Forwarded-For is believed when the client's address is told. None by default."`
	DataDir           string         `yaml:"data_dir" default:"/var/lib/edgeauth" format:"path" required:"true" doc:"Folder of the embedded store, the key ring, certificates, the control socket, and with Redis what outlives a restart without it: revocations that wait and a copy of the log. Each edge needs one of its own. Needs a restart."`
	Drain             time.Duration  `yaml:"drain" default:"30s" min:"0s" max:"10m" doc:"How long requests in flight may take to finish after SIGTERM."`
	ReadHeaderTimeout time.Duration  `yaml:"read_header_timeout" default:"10s" min:"1s" max:"5m" doc:"How long a client may take to send a request's header. Needs a restart."`
	IdleTimeout       time.Duration  `yaml:"idle_timeout" default:"2m" min:"1s" max:"1h" doc:"How long a client's connection may stay open without a request. Needs a restart."`
	MaxHeaderBytes    int            `yaml:"max_header_bytes" default:"65536" min:"8192" max:"1048576" doc:"Largest request header, in bytes. Needs a restart."`
	MaxExchanges      int            `yaml:"max_exchanges" default:"10000" min:"1" max:"10000000" doc:"How many WebSockets, event streams and gRPC calls may be open on this edge at a time, half of them at most by nobody in particular. More are answered with 503."`
	Name              string         `yaml:"name" format:"edge" derived:"the host's name" doc:"What this edge is called on the console, in metrics, and by the other edges. Edges that share a name are told apart all the same. Letters, digits, - _ and . (63 at most). Needs a restart."`
	Region            string         `yaml:"region" format:"name" doc:"Where this edge runs. It stands in the revocations that it writes and beside its name on the console. Empty: nowhere in particular. Needs a restart."`
}

// Host is one public origin.
type Host struct {
	URL      *url.URL `yaml:"url" required:"true" format:"origin" doc:"The origin, for example https://app.example.com: scheme, host and port only. Plain http is for loopback (127.0.0.0/8, ::1, localhost)."`
	Provider string   `yaml:"provider" doc:"The provider that logs people in here, unless a route names another. Empty: the only one, or a page that asks."`
}

// Origin is scheme, host and port in the form that browsers send in the Origin header: lower case, default port left out.
func (h Host) Origin() string { return h.URL.Scheme + "://" + h.URL.Host }

// PlainLoopback reports whether the origin is plain http on a loopback address, where cookies can be neither Secure nor
// prefixed with __Host-.
func (h Host) PlainLoopback() bool {
	return h.URL.Scheme == "http" && format.IsLoopback(h.URL.Hostname())
}

// port is the port of a plain http origin, given or not.
func (h Host) port() string { return cmp.Or(h.URL.Port(), "80") }

// TLSMode says where certificates come from.
type TLSMode string

// The sources of certificates.
const (
	TLSOff   TLSMode = "off"
	TLSFiles TLSMode = "files"
	TLSACME  TLSMode = "acme"
)

// TLS is the listener's own encryption.
type TLS struct {
	Mode         TLSMode       `yaml:"mode" default:"off" enum:"off,files,acme" doc:"off: plain HTTP. files: the certificates listed here. acme: obtained and renewed by edgeauth. A change between off and the others needs a restart."`
	Certificates []Certificate `yaml:"certificates" default:"[]" doc:"Certificate and key files, for mode files. The right one is chosen by the server name; they are read again when they change."`
	ACME         ACME          `yaml:"acme" doc:"Settings for mode acme."`
}

// Certificate is one pair of PEM files.
type Certificate struct {
	CertFile string `yaml:"cert_file" required:"true" format:"file" doc:"PEM file: the certificate, then its intermediates."`
	KeyFile  string `yaml:"key_file" required:"true" format:"file" doc:"PEM file: the private key."`
}

// ACME is how certificates are obtained (RFC 8555).
type ACME struct {
	Email       string   `yaml:"email" format:"email" doc:"Contact address given to the certificate authority."`
	Directory   *url.URL `yaml:"directory" default:"https://acme-v02.api.letsencrypt.org/directory" required:"true" format:"https" doc:"Directory URL of the certificate authority."`
	CAFile      string   `yaml:"ca_file" format:"file" doc:"PEM file with the roots to trust when speaking to the directory, instead of the system's."`
	Storage     string   `yaml:"storage" format:"path" derived:"certificates in data_dir" doc:"Folder for accounts and certificates."`
	AcceptTerms bool     `yaml:"accept_terms" default:"false" doc:"Says that you accept the certificate authority's terms. Must be true for mode acme."`
}
