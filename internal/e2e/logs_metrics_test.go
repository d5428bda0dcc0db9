package e2e_test

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/internal/demo/places"
	"github.com/edgeauth/edgeauth/internal/edgetest"
	"github.com/edgeauth/edgeauth/internal/pebbletest"
	"github.com/edgeauth/edgeauth/session"
)

// documented are the names and labels in the tables of docs/metrics.md.
func documented(t *testing.T) map[string][]string {
	t.Helper()
	page, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	names := map[string][]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(edgeauth_[a-z_]+)` \\|([^|]*)\\|").FindAllStringSubmatch(string(page), -1) {
		for _, label := range regexp.MustCompile("`([a-z]+)`").FindAllStringSubmatch(row[2], -1) {
			names[row[1]] = append(names[row[1]], label[1])
		}
		if names[row[1]] == nil {
			names[row[1]] = []string{}
		}
	}
	if len(names) < 10 {
		t.Fatalf("only %d metrics were found in docs/metrics.md", len(names))
	}
	return names
}

func Test_every_documented_metric_is_exported_and_every_exported_one_is_documented(t *testing.T) {
	t.Parallel()
	e := startMeasured(t)
	_, text := e.Get(e.Admin + "/metrics")
	docs := documented(t)
	for name, labels := range docs {
		series := regexp.MustCompile(`(?m)^` + name + `(_bucket)?(\{[^}]*\})? `).FindString(text)
		if series == "" {
			t.Errorf("%s is documented, but a running edge does not export it", name)
		}
		for _, label := range labels {
			if series != "" && !strings.Contains(series, label+`="`) {
				t.Errorf("%s is documented with label %s, but is exported as %s", name, label, series)
			}
		}
	}
	for _, kind := range regexp.MustCompile(`(?m)^# TYPE (edgeauth_\w+) `).FindAllStringSubmatch(text, -1) {
		if _, ok := docs[kind[1]]; !ok {
			t.Errorf("%s is exported, but docs/metrics.md does not know it", kind[1])
		}
	}
	if n, _ := e.Metric(`edgeauth_logins_total{outcome="succeeded",provider="corp"}`); n != 1 {
		t.Errorf("%v logins were counted, want 1", n)
	}
	if n, _ := e.Metric(`edgeauth_revocations_total{delivery="delivered",reason="logout",scope="family"}`); n != 1 {
		t.Errorf("%v logouts were counted, want 1", n)
	}
}

// startMeasured runs an edge that has something to show in every metric: a certificate, a key that is to retire, a
// database of places, a candidate policy, a login and a logout.
func startMeasured(t *testing.T) *edgetest.Edge {
	t.Helper()
	w := newWorld(t)
	listen := edgetest.Addr(t)
	origin := "https://" + acmeHost
	pair := pebbletest.WritePair(t, t.TempDir(), "edge", acmeHost)
	w.idp.SetClient(clientAt(origin))
	database, err := places.Write(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	risk := fmt.Sprintf("risk: {places: {city: [%q]}}\ndry_run: {file: candidate.yaml}\n", database)
	e := edgetest.Prepare(t, edgetest.Setup{URL: origin, Listen: listen, Rest: w.config("") + risk, Server: fmt.Sprintf(
		"  tls: {mode: files, certificates: [{cert_file: %q, key_file: %q}]}\n", pair.CertFile, pair.KeyFile)})
	writeRetiring(t, filepath.Join(e.Dir, "keys.json"))
	candidate := strings.Replace(e.Config(), "{path: /, upstream: page}", "{path: /, upstream: page, public: true}", 1)
	if err := os.WriteFile(filepath.Join(e.Dir, "candidate.yaml"), []byte(candidate), 0o600); err != nil {
		t.Fatal(err)
	}
	e.Run()
	e.WaitReady()
	c := edgetest.NewClient(t, insecurely(listen, listen), func(tr *http.Transport) {
		tr.TLSClientConfig = &tls.Config{RootCAs: pebbletest.PoolOf(t, pair.CertFile)}
	})
	wantPage(t, c.Open(e.URL+"/"))
	c.Post(e.URL+"/.edgeauth/logout", url.Values{})
	return e
}

// writeRetiring makes a ring of which one key is retiring.
func writeRetiring(t *testing.T, file string) {
	t.Helper()
	k, err := session.GenerateKey(time.Now().Add(-time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	keys, err := session.Rotate([]session.Key{k}, time.Now().Add(-time.Minute), 24*time.Hour)
	if err == nil {
		err = session.WriteKeys(file, keys)
	}
	if err != nil {
		t.Fatal(err)
	}
}
