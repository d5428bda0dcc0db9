package edgeauth_test

import (
	"strings"
	"testing"

	"github.com/edgeauth/edgeauth/internal/arch"
)

// Each row is a small file that breaks one rule, or keeps it by a hair: a rule that cannot fail would be no rule.
func TestTheRulesFlagWhatBreaksThem(t *testing.T) {
	rows := []struct{ name, path, source, want string }{
		{"identity stays a leaf", "identity/a.go", `import _ "github.com/edgeauth/edgeauth/web"`, "imports"},
		{"identity may use the standard library", "identity/a.go", `import _ "crypto/rand"`, ""},
		{"policy takes no third party", "policy/a.go", `import _ "github.com/google/uuid"`, "imports"},
		{"policy may use cel-go", "policy/expression_cel.go", `import _ "cel.dev/cel-go/cel"`, ""},
		{"one file of policy may use cel-go", "policy/route.go", `import _ "cel.dev/cel-go/cel"`, "imports"},
		{"the configuration does not know cel-go", "config/a.go", `import _ "cel.dev/cel-go/cel"`, "imports"},
		{"policy knows no HTTP", "policy/a.go", `import _ "net/http"`, "imports net/http"},
		{"policy knows no context", "policy/a.go", `import _ "context"`, "imports context"},
		{"policy does not log", "policy/a.go", `import _ "log/slog"`, "imports log/slog"},
		{"policy reads no clock", "policy/a.go", "import \"time\"\nvar _ = time.Now()", "uses time.Now"},
		{"policy reads no clock by another name", "policy/a.go", "import t \"time\"\nvar _ = t.Since(t.Time{})", "uses time.Since"},
		{"policy may add durations", "policy/a.go", "import \"time\"\nvar _ = time.Time{}.Add(time.Hour)", ""},
		{"a test of policy may read the clock", "policy/a_test.go", "import \"time\"\nvar _ = time.Now()", ""},
		{"a local variable called time is no clock", "policy/a.go",
			"import _ \"time\"\nfunc f(time struct{ Now int }) int { return time.Now }", ""},
		{"revocation knows no store", "revocation/a.go", `import _ "github.com/edgeauth/edgeauth/store"`, "imports"},
		{"audit knows no session", "audit/a.go", `import _ "github.com/edgeauth/edgeauth/session"`, "imports"},
		{"go-oidc stays in oidc", "login/a.go", `import _ "github.com/coreos/go-oidc/v3/oidc"`, "imports"},
		{"go-oidc is at home in oidc", "oidc/internal/x/a.go", `import _ "github.com/coreos/go-oidc/v3/oidc"`, ""},
		{"oauth2 stays in oidc", "login/a.go", `import _ "golang.org/x/oauth2"`, "imports"},
		{"go-jose stays in oidc", "session/a.go", `import _ "github.com/go-jose/go-jose/v4"`, "imports"},
		{"go-redis stays in store/redis", "store/file/a.go", `import _ "github.com/redis/go-redis/v9"`, "imports"},
		{"bbolt stays in store/file", "store/redis/a.go", `import _ "go.etcd.io/bbolt"`, "imports"},
		{"certmagic stays in certs", "cmd/edgeauth/a.go", `import _ "github.com/caddyserver/certmagic"`, "imports"},
		{"zap stays in certs", "admin/a.go", `import _ "go.uber.org/zap"`, "imports"},
		{"cobra stays in the binary", "config/a.go", `import _ "github.com/spf13/cobra"`, "imports"},
		{"prometheus stays in admin", "proxy/a.go", `import _ "github.com/prometheus/client_golang/prometheus"`, "imports"},
		{"MMDB files are read in geo", "login/a.go", `import _ "github.com/oschwald/maxminddb-golang/v2"`, "imports"},
		{"geo may read MMDB files", "geo/a.go", `import _ "github.com/oschwald/maxminddb-golang/v2/mmdbdata"`, ""},
		{"geo may use its own rooms", "geo/a.go", `import _ "github.com/edgeauth/edgeauth/geo/internal/list"`, ""},
		{"geo knows no policy", "geo/a.go", `import _ "github.com/edgeauth/edgeauth/policy"`, "imports"},
		{"fingerprint may use its own rooms", "fingerprint/a.go", `import _ "github.com/edgeauth/edgeauth/fingerprint/internal/agent"`, ""},
		{"fingerprint knows no policy", "fingerprint/a.go", `import _ "github.com/edgeauth/edgeauth/policy"`, "imports"},
		{"fingerprint takes no third party", "fingerprint/a.go", `import _ "github.com/mileusna/useragent"`, "imports"},
		{"MMDB files are not written by the product", "geo/a.go", `import _ "github.com/maxmind/mmdbwriter"`, "imports"},
		{"YAML stays in config", "proxy/a.go", `import _ "go.yaml.in/yaml/v3"`, "imports"},
		{"login does not know proxy", "login/a.go", `import _ "github.com/edgeauth/edgeauth/proxy"`, "imports"},
		{"proxy does not know login", "proxy/a.go", `import _ "github.com/edgeauth/edgeauth/login"`, "imports"},
		{"proxy does not know a store", "proxy/a.go", `import _ "github.com/edgeauth/edgeauth/store/redis"`, "imports"},
		{"login does not know the configuration", "login/a.go", `import _ "github.com/edgeauth/edgeauth/config"`, "imports"},
		{"not even its tests know it", "login/a_test.go", `import _ "github.com/edgeauth/edgeauth/config"`, "imports"},
		{"a similar name is another package", "login/a.go", `import _ "github.com/edgeauth/edgeauth/storefront"`, ""},
		{"the binary knows the configuration", "cmd/edgeauth/a.go", `import _ "github.com/edgeauth/edgeauth/config"`, ""},
		{"a store knows no HTTP", "store/redis/a.go", `import _ "net/http"`, "imports net/http"},
		{"no init", "web/a.go", `func init() {}`, "init function"},
		{"a method called init is none", "web/a.go", "type T struct{}\nfunc (T) init() {}", ""},
		{"no global mutex", "web/a.go", "import \"sync\"\nvar mu sync.Mutex", "sync.Mutex"},
		{"no global map", "web/a.go", `var m = map[string]int{}`, "holds a map"},
		{"no global map that is made", "web/a.go", `var m = make(map[string]int)`, "holds a map"},
		{"no global slice", "web/a.go", `var s []string`, "holds a slice"},
		{"no global pointer", "web/a.go", "type T struct{}\nvar p = &T{}", "holds a pointer"},
		{"no global atomic", "web/a.go", "import \"sync/atomic\"\nvar p atomic.Pointer[int]", "atomic.Pointer"},
		{"no global function that can be swapped", "web/a.go", `var now = func() int { return 0 }`, "holds a function"},
		{"a constant table is excused", "web/a.go", "// Constant table: read only.\nvar m = map[string]int{}", ""},
		{"an error is no state", "web/a.go", "import \"errors\"\nvar ErrX = errors.New(\"x\")", ""},
		{"a regular expression is no state", "web/a.go", "import \"regexp\"\nvar r = regexp.MustCompile(`x`)", ""},
		{"embedded files are no state", "web/a.go", "import _ \"embed\"\n//go:embed x\nvar x []byte", ""},
		{"no write to a package's variable", "web/a.go", "var n = 1\nfunc f() { n++ }", "writes to"},
		{"no write to a field of one", "web/a.go", "var v struct{ n int }\nfunc f() { v.n = 2 }", "writes to"},
		{"a local variable of that name may be written", "web/a.go", "var n = 1\nfunc f() { n := 2; n++ }", ""},
		{"no goroutine of one's own", "proxy/a.go", `func f() { go f() }`, "starts a goroutine"},
		{"no global logger", "web/a.go", "import \"log/slog\"\nfunc f() { slog.Info(\"x\") }", "uses log/slog.Info"},
		{"no default logger", "web/a.go", "import \"log/slog\"\nvar l = slog.Default()", "uses log/slog.Default"},
		{"no log package", "web/a.go", "import \"log\"\nfunc f() { log.Print(1) }", "uses log.Print"},
		{"no default client", "oidc/a.go", "import \"net/http\"\nvar c = http.DefaultClient", "uses net/http.DefaultClient"},
		{"no default mux", "web/a.go", "import \"net/http\"\nfunc f() { http.HandleFunc(\"/\", nil) }", "uses net/http.HandleFunc"},
		{"no default registry", "admin/a.go", "import \"github.com/prometheus/client_golang/prometheus\"\n" +
			"func f() { prometheus.MustRegister() }", "MustRegister"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) { prove(t, row.path, "package p\n"+row.source, row.want) })
	}
}

// prove checks one file against all rules: nothing may be found where want is empty, else something that says want.
func prove(t *testing.T, path, source, want string) {
	t.Helper()
	file, err := arch.Parse(path, []byte(source))
	if err != nil {
		t.Fatal(err)
	}
	findings := arch.Check([]arch.File{file}, rules())
	if want == "" && len(findings) > 0 {
		t.Errorf("flagged: %v", findings)
	}
	for _, finding := range findings {
		if strings.Contains(finding.What, want) && finding.Reason != "" {
			return
		}
	}
	if want != "" {
		t.Errorf("%q was not found: %v", want, findings)
	}
}
