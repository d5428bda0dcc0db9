package e2e_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/edgeauth/edgeauth/internal/edgetest"
)

const (
	hookSecret = "webhook-secret-that-nobody-may-see"
	hookToken  = "webhook-token-that-nobody-may-see"
)

// collector is the operator's receiver of audit events.
type collector struct {
	*httptest.Server
	down atomic.Bool // answers 500

	t      *testing.T
	mu     sync.Mutex // guards what follows
	events map[string][]map[string]any
	raw    [][]byte
	failed int
}

func startCollector(t *testing.T) *collector {
	t.Helper()
	c := &collector{t: t, events: map[string][]map[string]any{}}
	c.Server = httptest.NewServer(c)
	t.Cleanup(c.Close)
	return c
}

// all returns what has arrived, as it was written.
func (c *collector) all() [][]byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.raw)
}

// ServeHTTP checks and keeps events.
func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.down.Load() {
		c.failed++
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	body, err := io.ReadAll(r.Body)
	at, signature, _ := strings.Cut(strings.TrimPrefix(r.Header.Get("Edgeauth-Signature"), "t="), ",v1=")
	mac := hmac.New(sha256.New, []byte(hookSecret))
	mac.Write([]byte(at + "." + string(body)))
	if err != nil || signature != hex.EncodeToString(mac.Sum(nil)) || r.URL.Query().Get("token") != hookToken {
		c.t.Errorf("a request that is not to be trusted: %v, %s", err, signature)
	}
	var all []json.RawMessage
	if err := json.Unmarshal(body, &all); err != nil {
		c.t.Error(err)
	}
	for _, one := range all {
		var event map[string]any
		if err := json.Unmarshal(one, &event); err != nil {
			c.t.Error(err)
		}
		name, _ := event["event"].(string)
		c.events[name] = append(c.events[name], event)
		c.raw = append(c.raw, one)
	}
}

func (c *collector) of(name string) []map[string]any {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.events[name]
}

func (c *collector) failures() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.failed
}

// config comes before the rest of an edge's configuration: it goes on with the section telemetry that is open there.
func (c *collector) config(further string) string {
	return fmt.Sprintf("  audit:\n    webhook: {url: %q, secret: %s%s}\n", c.URL+"/in?token="+hookToken, hookSecret, further)
}

// startHooked runs an edge that sends its events to a collector.
func startHooked(t *testing.T, w *world, c *collector, further string) *edgetest.Edge {
	t.Helper()
	addr := edgetest.Addr(t)
	w.client(addr)
	return edgetest.Start(t, addr, c.config(further)+w.config(""))
}

func Test_a_webhook_is_told_of_a_login_as_the_audit_log_is(t *testing.T) {
	t.Parallel()
	w, c := newWorld(t), startCollector(t)
	e := startHooked(t, w, c, "")
	browser := edgetest.NewClient(t)
	wantPage(t, browser.Open(e.URL+"/"))
	browser.Post(e.URL+"/.edgeauth/logout", url.Values{})
	names := []string{"login_started", "login_assessed", "login_succeeded", "logout"}
	for _, name := range names {
		e.Until(name+" arrives", func() bool { return len(c.of(name)) == 1 })
		logged := e.Events(name)
		if len(logged) != 1 {
			t.Fatalf("%s stands in the log %d times", name, len(logged))
		}
		for key, value := range c.of(name)[0] {
			if fmt.Sprint(value) != fmt.Sprint(logged[0][key]) {
				t.Errorf("%s: %s is %v, in the log %v", name, key, value, logged[0][key])
			}
		}
	}
	schema := eventSchema(t)
	for _, raw := range c.all() {
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
		if err == nil {
			err = schema.Validate(doc)
		}
		if err != nil {
			t.Errorf("%s: %v", raw, err)
		}
	}
	e.Until("deliveries are counted", func() bool {
		n, _ := e.Metric(`edgeauth_webhook_events_total{outcome="delivered"}`)
		return int(n) == len(c.all())
	})
	if n, _ := e.Metric(`edgeauth_assessments_total{level="normal",mode="enforce"}`); n != 1 {
		t.Errorf("%v assessments were counted, want 1", n)
	}
	for _, hidden := range []string{hookSecret, hookToken} {
		if strings.Contains(e.Log(), hidden) {
			t.Errorf("the log holds %s", hidden)
		}
	}
}

func eventSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	file, err := os.Open("../../docs/audit.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	doc, err := jsonschema.UnmarshalJSON(file)
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func Test_a_webhook_that_is_down_harms_no_login_and_a_reload_sends_what_waits_to_another(t *testing.T) {
	t.Parallel()
	w, broken, c := newWorld(t), startCollector(t), startCollector(t)
	broken.down.Store(true)
	e := startHooked(t, w, broken, "")
	browser := edgetest.NewClient(t)
	wantPage(t, browser.Open(e.URL+"/"))
	e.Until("the webhook was tried", func() bool { return broken.failures() > 0 })
	e.Configure(c.config(", events: [logout]") + w.config(""))
	e.Until("what waited arrives elsewhere", func() bool { return len(c.of("login_succeeded")) == 1 })
	browser.Post(e.URL+"/.edgeauth/logout", url.Values{})
	e.Until("what is still wanted arrives", func() bool { return len(c.of("logout")) == 1 })
	wantPage(t, edgetest.NewClient(t).Open(e.URL+"/"))
	e.Until("another login", func() bool { return len(e.Events("login_succeeded")) == 2 })
	e.Configure(strings.Replace(c.config(""), hookSecret, "short", 1) + w.config(""))
	e.Until("a broken change is refused", func() bool { return len(e.Events("config_refused")) == 1 })
	wantPage(t, edgetest.NewClient(t).Open(e.URL+"/"))
	if n := len(c.of("login_succeeded")); n != 1 {
		t.Errorf("%d logins arrived, though only logouts are wanted", n)
	}
}

func Test_what_waits_for_the_webhook_is_sent_before_the_edge_ends(t *testing.T) {
	t.Parallel()
	w, c := newWorld(t), startCollector(t)
	c.down.Store(true)
	e := startHooked(t, w, c, "")
	wantPage(t, edgetest.NewClient(t).Open(e.URL+"/"))
	e.Until("the webhook was tried", func() bool { return c.failures() > 2 }) // the next attempt comes after two seconds or more
	c.down.Store(false)
	e.Terminate()
	if code := e.Exit(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if len(c.of("login_succeeded")) != 1 {
		t.Errorf("what arrived: %s", c.all())
	}
}
