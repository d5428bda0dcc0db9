package config_test

import (
	"log/slog"
	"net/netip"
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/edgeauth/edgeauth/config"
)

const minimal = `
server:
  hosts: [{url: "http://127.0.0.1:8080"}]
providers:
  corp: {issuer: "https://id.example.com", client_id: edgeauth, client_secret: s}
upstreams:
  app: {addresses: ["http://10.0.0.5:80/"]}
routes:
  - {path: /, upstream: app}
`

func parse(t *testing.T, text string) *config.Config {
	t.Helper()
	c, err := fakeLoader().Parse("/etc/edgeauth/edge.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func mustURL(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestTheSmallestFileGetsSafeDefaults(t *testing.T) {
	want := &config.Config{
		Server: config.Server{
			Hosts: []config.Host{{URL: mustURL(t, "http://127.0.0.1:8080")}}, Listen: "127.0.0.1:8080",
			TLS: config.TLS{Mode: config.TLSOff, Certificates: []config.Certificate{}, ACME: config.ACME{
				Directory: mustURL(t, "https://acme-v02.api.letsencrypt.org/directory"), Storage: "/var/lib/edgeauth/certificates",
			}},
			TrustedProxies: []netip.Prefix{}, DataDir: "/var/lib/edgeauth", Drain: 30 * time.Second,
			ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 65536, MaxExchanges: 10_000,
		},
		Providers: []config.Provider{{
			Name: "corp", DisplayName: "corp", Issuer: "https://id.example.com", ClientID: "edgeauth",
			ClientSecret: config.NewSecret("s"), ClientAuth: config.ClientAuthBasic, Scopes: []string{"openid", "profile", "email"},
			ResponseMode: config.ResponseModeQuery, Algorithms: []string{"RS256"}, ExtraParams: map[string]string{},
			Claims: config.Claims{Name: "name", Email: "email", EmailVerified: "email_verified", Groups: "groups",
				Username: "preferred_username"},
			ClockSkew: 5 * time.Second, Logout: true,
		}},
		Session: config.Session{Lifetime: 8 * time.Hour, Idle: 30 * time.Minute, DeviceLifetime: 180 * 24 * time.Hour, MaxExchanges: 100,
			KeysFile: "/var/lib/edgeauth/keys.json"},
		Store: config.Store{Type: config.StoreEmbedded, OutboxLimit: 100_000, SnapshotEvery: time.Minute, Redis: config.Redis{Addresses: []string{},
			ConnectTimeout: time.Second, CommandTimeout: 250 * time.Millisecond, Connections: 32}},
		Levels: config.Levels{
			Normal: config.Level{Name: "normal", Lifetime: 8 * time.Hour, Idle: 30 * time.Minute, ACR: []string{}, AMR: []string{}, Blocks: []string{},
				Hold: 8 * time.Hour, MaxStaleness: 24 * time.Hour, Past: config.PastAllow},
			Elevated: elevated(time.Minute),
			High: config.Level{Name: "high", Lifetime: 15 * time.Minute, Idle: 15 * time.Minute, ACR: []string{"bio"}, AMR: []string{"hwk"},
				Blocks: []string{"sensitive"}, Hold: 8 * time.Hour, MaxStaleness: 5 * time.Second, Past: config.PastDeny},
		},
		Risk: config.Risk{
			Mode: config.RiskEnforce, Places: config.Places{City: []string{}, Country: []string{}, ASN: []string{}},
			Networks:   config.Networks{Hosting: []string{}, Tor: []string{}, Egress: []string{}},
			TimeZones:  config.TimeZones{Count: 3, Within: time.Hour, Level: "high"},
			Travel:     config.Travel{MinDistance: 500, MaxSpeed: 1000, HalfFrom: 805, Level: "elevated"},
			Thresholds: map[string]float64{}, Weights: map[string]float64{}, Points: map[string]float64{},
			Learning: config.Learning{Logins: 5, Days: 30}, Exceptions: []config.RiskException{},
		},
		Upstreams: []config.Upstream{{
			Name: "app", Addresses: []*url.URL{mustURL(t, "http://10.0.0.5")}, Protocol: config.ProtocolAuto,
			Host: config.HostPreserve,
			Headers: config.IdentityHeaders{User: "X-Auth-User", Email: "X-Auth-Email", Name: "X-Auth-Name",
				Groups: "X-Auth-Groups", ACR: "X-Auth-Acr"},
			Assertion:       config.Assertion{Header: "X-Edgeauth-Assertion", Audience: "app"},
			AccessToken:     config.AccessToken{Scheme: "Bearer"},
			ResponseTimeout: time.Minute, ConnectTimeout: 5 * time.Second, IdleTimeout: 90 * time.Second,
		}},
		Routes: []config.Route{{
			Name: "/", Path: "/", Upstream: "app", Methods: []string{}, Groups: []string{}, Claims: map[string][]string{},
			Emails: []string{}, Classes: []string{}, ACR: []string{}, AMR: []string{}, Preflight: config.PreflightRefuse, AllowOrigins: []string{},
		}},
		Admin: config.Admin{Listen: "127.0.0.1:9090", API: config.API{
			Certificates: config.APICertificates{Viewer: []string{}, Operator: []string{}},
			Bearer:       config.APIBearer{Claim: []string{"roles"}, Viewer: []string{}, Operator: []string{}},
		}},
		Telemetry: config.Telemetry{LogLevel: slog.LevelInfo, LogFormat: config.LogJSON, Audit: config.Audit{Webhook: config.Webhook{
			Timeout: 10 * time.Second, Queue: 10_000, RetryFor: 24 * time.Hour, Events: []string{},
		}}},
	}
	if diff := cmp.Diff(want, parse(t, minimal)); diff != "" {
		t.Error(diff)
	}
}

func TestListenIsWhereTheFirstHostsBrowsersGo(t *testing.T) {
	const files = ", tls: {mode: files, certificates: [{cert_file: a.crt, key_file: a.key}]}"
	for server, want := range map[string]string{
		`hosts: [{url: "http://127.0.0.1:28080"}]`:                            "127.0.0.1:28080",
		`hosts: [{url: "http://localhost"}]`:                                  "localhost:80",
		`hosts: [{url: "http://[::1]:8080"}, {url: "http://localhost:9000"}]`: "[::1]:8080",
		`hosts: [{url: "http://127.0.0.1:28080"}], listen: ":8080"`:           ":8080",
		`hosts: [{url: "http://127.0.0.1:28080"}], listen: ":443"`:            ":443",
		`hosts: [{url: "http://127.0.0.1:28080"}], tls_in_front: true`:        ":443",
		`hosts: [{url: "https://app.example.com"}], tls_in_front: true`:       ":443",
		`hosts: [{url: "https://127.0.0.1:8443"}]` + files:                    ":443",
	} {
		c := parse(t, "server: {"+server+"}\nupstreams: {app: {addresses: [http://10.0.0.5]}}\n"+
			"routes: [{path: /, upstream: app, public: true}]\n")
		if c.Server.Listen != want {
			t.Errorf("%s: listen = %q, want %q", server, c.Server.Listen, want)
		}
	}
}

func TestTLSBringsTheRedirectUnlessItIsTurnedOff(t *testing.T) {
	const tls = `
server:
  hosts: [{url: "https://app.example.com"}]
  tls: {mode: files, certificates: [{cert_file: a.crt, key_file: /keys/a.key}]}
  data_dir: state
`
	const rest = `
upstreams: {app: {addresses: ["http://10.0.0.5"]}}
routes: [{path: /, upstream: app, public: true}]
`
	c := parse(t, tls+rest)
	if c.Server.HTTPListen != ":80" {
		t.Errorf("http_listen = %q, want :80", c.Server.HTTPListen)
	}
	want := config.Certificate{CertFile: "/etc/edgeauth/a.crt", KeyFile: "/keys/a.key"}
	if diff := cmp.Diff(want, c.Server.TLS.Certificates[0]); diff != "" {
		t.Error(diff)
	}
	if got := c.Session.KeysFile; got != "/etc/edgeauth/state/keys.json" {
		t.Errorf("keys_file = %q", got)
	}
	if c := parse(t, tls+"  http_listen: \"\"\n"+rest); c.Server.HTTPListen != "" {
		t.Errorf("http_listen = %q, want none", c.Server.HTTPListen)
	}
}

// elevated is the shipped level with another bound.
func elevated(maxStaleness time.Duration) config.Level {
	return config.Level{Name: "elevated", Lifetime: time.Hour, Idle: 30 * time.Minute, ACR: []string{"mfa", "bio"}, AMR: []string{"otp", "hwk"},
		Blocks: []string{"sensitive"}, Hold: 8 * time.Hour, MaxStaleness: maxStaleness, Past: config.PastDeny}
}

func TestOneKeyOfALevelKeepsTheOthersDefaults(t *testing.T) {
	c := parse(t, minimal+"levels: {elevated: {max_staleness: 30s}}\n")
	if diff := cmp.Diff(elevated(30*time.Second), c.Levels.Elevated); diff != "" {
		t.Error(diff)
	}
}

func TestWhatNamesNoLevelFollowsTheNamesOfTheLevels(t *testing.T) {
	c := parse(t, minimal+`levels: {normal: {name: base}, elevated: {name: raised}, high: {name: locked}}
risk: {thresholds: {raised: 2}, time_zones: {count: 4}}
`)
	if diff := cmp.Diff([]string{"base", "raised", "locked"}, c.Levels.Names()); diff != "" {
		t.Error(diff)
	}
	if c.Risk.TimeZones.Level != "locked" || c.Risk.Travel.Level != "raised" {
		t.Errorf("the rules ask for %q and %q", c.Risk.TimeZones.Level, c.Risk.Travel.Level)
	}
	if c := parse(t, minimal+`risk: {travel: {level: ""}}`+"\n"); c.Risk.Travel.Level != "" {
		t.Errorf("a rule without a level asks for %q", c.Risk.Travel.Level)
	}
}

func TestOriginsAreKeptInTheFormThatBrowsersSend(t *testing.T) {
	for given, want := range map[string]string{
		"HTTP://LocalHost:80/":  "http://localhost",
		"http://127.0.0.1:8080": "http://127.0.0.1:8080",
		"http://[0:0::1]:8080":  "http://[::1]:8080",
	} {
		c := parse(t, "server: {hosts: [{url: \""+given+"\"}]}\nupstreams: {app: {addresses: [http://10.0.0.5]}}\n"+
			"routes: [{path: /, upstream: app, public: true}]\n")
		if got := c.Server.Hosts[0].Origin(); got != want {
			t.Errorf("%s is kept as %s, want %s", given, got, want)
		}
		if !c.Server.Hosts[0].PlainLoopback() {
			t.Errorf("%s is not taken for plain loopback", given)
		}
	}
}

func TestAddressesThatLookLikeLoopbackAreNot(t *testing.T) {
	for _, host := range []string{"localhost.example.com", "127.0.0.1.example.com", "0.0.0.0", "[::]", "128.0.0.1", "notlocalhost"} {
		_, err := fakeLoader().Parse("edge.yaml", []byte("server: {hosts: [{url: \"http://"+host+"\"}]}\n"+
			"upstreams: {app: {addresses: [http://10.0.0.5]}}\nroutes: [{path: /, upstream: app, public: true}]\n"))
		if err == nil {
			t.Errorf("plain http on %s is accepted", host)
		}
	}
}
