package edgeauth_test

import (
	"testing"

	"github.com/edgeauth/edgeauth/internal/arch"
)

const module = "github.com/edgeauth/edgeauth"

// within returns the import paths of packages of this module.
func within(packages ...string) []string {
	paths := make([]string, len(packages))
	for i, p := range packages {
		paths[i] = module + "/" + p
	}
	return paths
}

// rules are the borders between the packages (docs/architecture.md). A change here is a change of the architecture: it needs a
// reason that convinces a reviewer.
func rules() []arch.Rule {
	var all []arch.Rule
	all = append(all, leaves()...)
	all = append(all, purity()...)
	all = append(all, doors()...)
	all = append(all, walls()...)
	return append(all, globals()...)
}

func leaves() []arch.Rule {
	return []arch.Rule{
		arch.Leaf{Packages: []string{"identity"}, Module: module,
			Reason: "every package speaks these nouns, so a dependency here would be everyone's"},
		arch.Leaf{Packages: []string{"policy"}, Module: module, Allowed: append(within("identity"), "cel.dev/cel-go"),
			Reason: "decisions are pure: they are tested as tables, fuzzed, replayed and explained, which I/O would spoil"},
		arch.Leaf{Packages: []string{"revocation"}, Module: module, Allowed: within("identity"),
			Reason: "merging must be the same wherever the log lives, so it must not know any store"},
		arch.Leaf{Packages: []string{"geo"}, Module: module, Allowed: append(within("geo"), "github.com/oschwald/maxminddb-golang"),
			Reason: "where an address is follows from files alone; whoever asks, and why, is nothing to it"},
		arch.Leaf{Packages: []string{"fingerprint"}, Module: module, Allowed: within("fingerprint"),
			Reason: "what program a client is follows from its hello and its header alone; whoever asks, and why, is nothing to it"},
		arch.Leaf{Packages: []string{"history"}, Module: module, Allowed: within("identity", "policy"),
			Reason: "what is remembered of people and how it is sealed is one small room, whatever the store and the key file look like"},
		arch.Leaf{Packages: []string{"sessions"}, Module: module, Allowed: within("identity", "revocation", "session"),
			Reason: "the index is advisory: who reads it, and what they do with it, must not reach into how it is kept"},
		arch.Leaf{Packages: []string{"audit"}, Module: module, Allowed: within("identity"),
			Reason: "the vocabulary of security events is closed and used by all, so it can depend on none of them"},
		arch.Leaf{Packages: []string{"webhook"}, Module: module, Allowed: []string{"golang.org/x/net/http/httpproxy"},
			Reason: "delivering is the same whatever is delivered: it must be possible to try it without an edge"},
	}
}

func purity() []arch.Rule {
	const reason = "a verdict follows from its inputs alone, which its caller gathers: no I/O, no clock, no log"
	return []arch.Rule{
		arch.Wall{Packages: []string{"policy"}, Reason: reason,
			Imports: []string{"net/http", "context", "log", "log/slog", "os", "database/sql", "math/rand", "crypto/rand"}},
		arch.Uses{Packages: []string{"policy"}, Import: "time", Reason: reason,
			Names: []string{"Now", "Since", "Until", "After", "AfterFunc", "NewTimer", "NewTicker", "Sleep", "Tick"}},
	}
}

// doors let each third-party module into one room. Test helpers below internal are no part of the product.
func doors() []arch.Rule {
	return []arch.Rule{
		door("protocol libraries hide causes and change; one package translates them into our errors",
			"oidc", "github.com/coreos/go-oidc", "golang.org/x/oauth2", "github.com/go-jose/go-jose"),
		door("what is kept in Redis and how it fails is one package's knowledge", "store/redis", "github.com/redis/go-redis"),
		door("the embedded store is one implementation among others", "store/file", "go.etcd.io/bbolt"),
		door("certmagic brings its own logger and storage, which must not spread", "certs",
			"github.com/caddyserver/certmagic", "github.com/mholt/acmez", "go.uber.org/zap"),
		door("only the binary has a command line", "cmd/edgeauth", "github.com/spf13/cobra", "github.com/spf13/pflag"),
		door("the governance API is one way in among others; nothing else depends on how it is spoken", "admin",
			"google.golang.org/grpc", "github.com/grpc-ecosystem/grpc-gateway", "google.golang.org/genproto", "google.golang.org/protobuf",
			"buf.build/go/protovalidate", "buf.build/gen"),
		door("metrics have one registry, which the governance API serves", "admin", "github.com/prometheus"),
		door("what a geo database holds, and in how many wrong ways, is one package's knowledge", "geo", "github.com/oschwald/maxminddb-golang"),
		door("MMDB files are written for tests and the demo only", "internal/mmdb", "github.com/maxmind/mmdbwriter"),
		door("only the configuration is YAML", "config", "go.yaml.in/yaml"),
		arch.Door{Imports: []string{"cel.dev/cel-go", "cel.dev/expr"}, Only: []string{"policy"}, File: "policy/expression_cel.go",
			Reason: "decisions are ours: one file knows the language that some of them are written in, so that it can be replaced or left out"},
	}
}

func door(reason, only string, imports ...string) arch.Rule {
	return arch.Door{Imports: imports, Only: []string{only, "internal"}, Reason: reason}
}

func walls() []arch.Rule {
	return []arch.Rule{
		arch.Wall{Packages: []string{"login"}, Imports: within("proxy", "store", "config", "cmd", "admin"),
			Reason: "login declares the small interfaces that it needs, so it can be tested and replaced without the rest"},
		arch.Wall{Packages: []string{"proxy"}, Imports: within("login", "store", "config", "cmd", "admin"),
			Reason: "the data plane declares the small interfaces that it needs; its engine is to be replaced behind them"},
		arch.Wall{Packages: []string{"session", "oidc", "web", "store"}, Imports: within("login", "proxy", "cmd", "admin"),
			Reason: "parts know nothing of the use cases built from them"},
		arch.Wall{Packages: []string{"history"}, Imports: []string{"net/http"},
			Reason: "an outage of the history is an unknown signal, never a page"},
		arch.Wall{Packages: []string{"sessions"}, Imports: []string{"net/http"},
			Reason: "an outage of the index fails nobody's login and no request"},
		arch.Wall{Packages: []string{"audit"}, Imports: []string{"net/http", "net"},
			Reason: "who writes an event must not wait for anybody: where events go beside the log is wired in cmd/edgeauth"},
		arch.Wall{Packages: []string{"store"}, Imports: append(within("web"), "net/http"),
			Reason: "a store that knows HTTP turns outages into pages and cookies (the lesson of other proxies)"},
		arch.Door{Imports: within("config"), Only: []string{"cmd/edgeauth", "config", "internal/image"}, Tests: true,
			Reason: "packages take resolved values; an options bag that everyone reads becomes everyone's global variable"},
	}
}

func globals() []arch.Rule {
	const reason = "loggers, clients and registries are handed in; a global one cannot be tested, bounded or redacted"
	return []arch.Rule{
		arch.Uses{Import: "log/slog", Reason: reason, Except: []string{"internal"}, Names: []string{
			"Default", "SetDefault", "Debug", "Info", "Warn", "Error", "Log", "LogAttrs",
			"DebugContext", "InfoContext", "WarnContext", "ErrorContext"}},
		arch.Uses{Import: "log", Reason: reason, Except: []string{"internal"}, Names: []string{
			"Default", "Print", "Printf", "Println", "Fatal", "Fatalf", "Fatalln", "Panic", "Panicf", "Panicln"}},
		arch.Uses{Import: "log", Reason: "what libraries print through the standard logger is caught once, by main", Except: []string{"internal", "cmd/edgeauth"},
			Names: []string{"SetOutput", "SetFlags", "SetPrefix"}},
		arch.Uses{Import: "net/http", Reason: reason, Except: []string{"internal"}, Names: []string{
			"DefaultClient", "DefaultTransport", "DefaultServeMux", "Get", "Head", "Post", "PostForm", "Handle", "HandleFunc",
			"ListenAndServe", "ListenAndServeTLS"}},
		arch.Uses{Import: "github.com/prometheus/client_golang/prometheus", Reason: reason, Names: []string{
			"DefaultRegisterer", "DefaultGatherer", "MustRegister", "Register"}},
		// What protoc-gen-go writes enters itself into protobuf's registry; nothing else may (docs/dependencies.md).
		arch.State{Except: []string{"internal", "scripts", "store/storetest", "admin/edgeauthv1"}, Goroutines: goroutines(),
			Reason: "what lives for the whole process is made, owned and ended in cmd/edgeauth, where a reader finds it"},
	}
}

// goroutines lists the files that may start goroutines, with the reason. Everything else exposes Run(ctx) error.
func goroutines() map[string]string {
	return map[string]string{
		"tokens/flight.go":              "one refresh outlives the request that began it, for all who wait for it and because what it redeems must be kept; Keeper.Run waits for it",
		"oidc/internal/jwks/reading.go": "one reading of the keys outlives the request that asked first, for all who wait for it",
	}
}

func TestTheRulesBetweenPackagesAreKept(t *testing.T) {
	files, err := arch.Load(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, finding := range arch.Check(files, rules()) {
		t.Error(finding)
	}
}

func TestEveryExceptionForGoroutinesIsStillUsed(t *testing.T) {
	files, err := arch.Load(".")
	if err != nil {
		t.Fatal(err)
	}
	for allowed := range goroutines() {
		strict := []arch.Rule{arch.State{Reason: "none"}}
		used := false
		for _, file := range files {
			if file.Path == allowed {
				used = len(arch.Check([]arch.File{file}, strict)) > 0
			}
		}
		if !used {
			t.Errorf("%s starts no goroutine any more; take it off the list", allowed)
		}
	}
}
