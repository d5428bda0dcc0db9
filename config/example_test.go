package config_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"github.com/edgeauth/edgeauth/config"
	"github.com/edgeauth/edgeauth/config/internal/reference"
	"github.com/edgeauth/edgeauth/config/internal/strict"
)

const examplePath = "../config.example.yaml"

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func loadExample(t *testing.T) *config.Config {
	t.Helper()
	c, err := fakeLoader().Parse("config.example.yaml", readFile(t, examplePath))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// fakeLoader has every file and one environment variable.
func fakeLoader() config.Loader {
	return config.Loader{
		Env: func(name string) (string, bool) { return "from-the-environment", name == "EDGEAUTH_CLIENT_SECRET" },
		ReadFile: func(path string) ([]byte, error) {
			if strings.Contains(path, "missing") {
				return nil, fmt.Errorf("opening: %w", os.ErrNotExist)
			}
			switch filepath.Ext(path) {
			case ".crt":
				return pair().cert, nil
			case ".key":
				return pair().key, nil
			}
			return []byte("from " + path + "\n"), nil
		},
	}
}

// keyPair is a certificate that signed itself, and its key, in PEM.
type keyPair struct{ cert, key []byte }

var pair = sync.OnceValue(func() keyPair {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		panic(err)
	}
	return keyPair{
		cert: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}),
		key:  pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}),
	}
})

// Its balancer asks for /readyz, so admin.listen cannot be loopback; the warning says what that means.
func TestTheEdgeOfAFleetLoads(t *testing.T) {
	c, err := fakeLoader().Parse("edgeauth.yaml", readFile(t, "../deploy/fleet/edgeauth.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Warnings) != 1 || !strings.HasPrefix(c.Warnings[0].Message, "admin.listen: is not loopback") {
		t.Errorf("warnings: %v", c.Warnings)
	}
}

func TestTheExampleLoadsWithoutWarnings(t *testing.T) {
	c := loadExample(t)
	for _, w := range c.Warnings {
		t.Error(w.Pretty())
	}
	corp, _ := c.Provider("corp")
	if got := corp.ClientSecret.Reveal(); got != "from-the-environment" {
		t.Errorf("client secret = %q", got)
	}
	partners, _ := c.Provider("partners")
	if got := partners.ClientSecret.Reveal(); got != "from /run/secrets/partners-client-secret" {
		t.Errorf("client secret = %q", got)
	}
	want := []string{"/run/secrets/redis-password", "/run/secrets/partners-client-secret", "/run/secrets/webhook-secret"}
	if diff := cmp.Diff(want, c.Files); diff != "" {
		t.Error(diff)
	}
}

func TestTheExampleShowsEveryKey(t *testing.T) {
	var doc map[string]any
	if err := yaml.Unmarshal(readFile(t, examplePath), &doc); err != nil {
		t.Fatal(err)
	}
	shown := map[string]bool{}
	collectKeys(doc, reflect.TypeFor[config.Config](), "", shown)
	for _, key := range allKeys(reflect.TypeFor[config.Config](), "") {
		if !shown[key] {
			t.Errorf("config.example.yaml does not show %s", key)
		}
	}
}

// sectionOf is the section within a type, and whether the type is a list or mapping of it.
func sectionOf(t reflect.Type) (reflect.Type, bool) {
	if t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	return t, t.Kind() == reflect.Struct && strict.IsSection(t)
}

func allKeys(t reflect.Type, path string) []string {
	var out []string
	for _, f := range strict.FieldsOf(t) {
		out = append(out, path+f.Key)
		if s, ok := sectionOf(f.Type); ok {
			out = append(out, allKeys(s, path+f.Key+".")...)
		}
	}
	return out
}

func collectKeys(doc map[string]any, t reflect.Type, path string, into map[string]bool) {
	for _, f := range strict.FieldsOf(t) {
		v, ok := doc[f.Key]
		if !ok {
			continue
		}
		into[path+f.Key] = true
		s, isSection := sectionOf(f.Type)
		if !isSection {
			continue
		}
		for _, m := range sectionsIn(v, f.Type) {
			collectKeys(m, s, path+f.Key+".", into)
		}
	}
}

func sectionsIn(v any, t reflect.Type) []map[string]any {
	var out []map[string]any
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			out = append(out, e.(map[string]any))
		}
	case map[string]any:
		if t.Kind() != reflect.Slice {
			return []map[string]any{v}
		}
		for _, e := range v {
			out = append(out, e.(map[string]any))
		}
	}
	return out
}

func TestTheExampleIsValidByTheSchema(t *testing.T) {
	schema := compileSchema(t)
	var doc any
	if err := yaml.Unmarshal(readFile(t, examplePath), &doc); err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(doc); err != nil {
		t.Error(err)
	}
}

func TestTheSchemaRefusesWhatTheDecoderRefuses(t *testing.T) {
	schema := compileSchema(t)
	for name, text := range map[string]string{
		"an unknown key":     "server: {hosts: [{url: https://a.example}], colour: red}\nupstreams: {a: {addresses: [http://a]}}\nroutes: [{path: /, upstream: a}]",
		"a missing key":      "upstreams: {a: {addresses: [http://a]}}\nroutes: [{path: /, upstream: a}]",
		"a foreign value":    "server: {hosts: [{url: https://a.example}], tls: {mode: sometimes}}\nupstreams: {a: {addresses: [http://a]}}\nroutes: [{path: /, upstream: a}]",
		"a number as a text": "server: {hosts: [{url: https://a.example}], data_dir: 5}\nupstreams: {a: {addresses: [http://a]}}\nroutes: [{path: /, upstream: a}]",
	} {
		var doc any
		if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
			t.Fatal(err)
		}
		if schema.Validate(doc) == nil {
			t.Errorf("the schema accepts %s", name)
		}
	}
}

func compileSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(readFile(t, "../config.schema.json")))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestGeneratedFilesAreFresh(t *testing.T) {
	typ := reflect.TypeFor[config.Config]()
	schema, err := reference.Schema(typ)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string][]byte{"../config.schema.json": schema, "../docs/configuration.md": reference.Page(typ)} {
		if diff := cmp.Diff(string(want), string(readFile(t, path))); diff != "" {
			t.Errorf("%s is stale: run go generate ./config\n%s", path, diff)
		}
	}
}

func TestEveryKeyHasAMeaning(t *testing.T) {
	seen := []reflect.Type{}
	var walk func(reflect.Type)
	walk = func(typ reflect.Type) {
		if slices.Contains(seen, typ) {
			return
		}
		seen = append(seen, typ)
		for _, f := range strict.FieldsOf(typ) {
			if f.Doc == "" {
				t.Errorf("%s.%s has no doc tag", typ.Name(), f.Key)
			}
			if s, ok := sectionOf(f.Type); ok {
				walk(s)
			}
		}
	}
	walk(reflect.TypeFor[config.Config]())
}
