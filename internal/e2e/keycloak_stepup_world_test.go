package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/internal/browser"
	"github.com/edgeauth/edgeauth/internal/demo/places"
	"github.com/edgeauth/edgeauth/internal/edgetest"
	"github.com/edgeauth/edgeauth/internal/keycloak"
)

// stepping is what tests of step-ups configure besides the sample application.
type stepping struct {
	client   string // at Keycloak; its secret is the name and "-secret"
	provider string // further keys of the provider, with a comma before each
	routes   string // each line indented by two spaces and ended; the last route is / for everybody
	sections string // of the file, such as `levels:`
}

// config is the configuration from `providers:` on. Places are known.
func (s stepping) config(t *testing.T, kc *keycloak.Server) string {
	t.Helper()
	page, _ := startApps(t)
	if s.client == "" {
		s.client = "edgeauth"
	}
	city, err := places.Write(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf(`providers:
  corp: {issuer: %q, client_id: %s, client_secret: %s-secret%s}
upstreams:
  page: {addresses: [%q]}
routes:
%s  - {path: /, upstream: page}
risk:
  places: {city: [%q]}
%s`, kc.Issuer(), s.client, s.client, s.provider, page, s.routes, city, s.sections)
}

// startStepping runs an edge that believes what X-Forwarded-For says: tests are in many places.
func startStepping(t *testing.T, s stepping) realm {
	t.Helper()
	kc := keycloak.Shared(t)
	addr := edgetest.Addr(t)
	return runRealm(t, kc, edgetest.Setup{Listen: addr, Server: believing, Rest: s.config(t, kc)}, "http://"+addr)
}

const believing = "  trusted_proxies: [127.0.0.1]\n"

// in is an address in a city.
func in(t *testing.T, city string) string {
	t.Helper()
	c, known := places.Find(city)
	if !known {
		t.Fatalf("there is no city %q", city)
	}
	return c.Addr().String()
}

// tabIn is a tab of a browser that is in a city.
func tabIn(t *testing.T, b *browser.Browser, city string) *browser.Tab {
	t.Helper()
	tab := b.NewTab()
	tab.AnswerDialogs("of a test") // Keycloak asks what a new passkey should be called
	tab.Send(map[string]string{"X-Forwarded-For": in(t, city)})
	return tab
}

// clientIn is a client that is in a city.
func clientIn(t *testing.T, city string) *keycloak.Client {
	t.Helper()
	c := keycloak.NewClient()
	c.Send("X-Forwarded-For", in(t, city))
	return c
}

// myself is what /.edgeauth/me says.
type myself struct {
	Sub       string
	Level     string
	Proven    bool `json:"level_proven"`
	Reasons   []string
	ACR       string
	AMR       []string
	IssuedAt  time.Time `json:"issued_at"`
	IdleUntil time.Time `json:"idle_until"`
	Expires   time.Time `json:"expires_at"`
	AuthTime  time.Time `json:"auth_time"`
	Session   string
}

// is checks the parts of a session that a step-up changes.
func (m myself) is(t *testing.T, when, level string, proven bool, acr string, amr ...string) {
	t.Helper()
	slices.Sort(m.AMR)
	slices.Sort(amr)
	// Keycloak names a method once for each step of its flow that used it.
	if m.Level != level || m.Proven != proven || m.ACR != acr || !slices.Equal(slices.Compact(m.AMR), amr) {
		t.Errorf("%s: level %s, proven %v, acr %s, amr %v; want %s, %v, %s, %v", when, m.Level, m.Proven, m.ACR, m.AMR, level, proven, acr, amr)
	}
}

// meIn asks from within a tab that shows a page of the edge.
func meIn(t *testing.T, tab *browser.Tab) (m myself) {
	t.Helper()
	tab.Eval("void (window.me = null, fetch('/.edgeauth/me').then(r => r.json()).then(j => window.me = j)) || true", new(bool))
	var body json.RawMessage
	for end := time.Now().Add(edgetest.Patience); ; time.Sleep(20 * time.Millisecond) {
		if tab.Eval("window.me", &body); string(body) != "null" {
			break
		}
		if time.Now().After(end) {
			t.Fatal("/.edgeauth/me never answered in the tab")
		}
	}
	if err := json.Unmarshal(body, &m); err != nil {
		t.Fatalf("/.edgeauth/me: %v in %s", err, body)
	}
	return m
}

// me asks with a client's session.
func (r realm) me(client *keycloak.Client) (m myself) {
	r.t.Helper()
	p := r.get(client, "/.edgeauth/me")
	if err := json.Unmarshal([]byte(p.Body), &m); err != nil {
		r.t.Fatalf("/.edgeauth/me: %v in %d %s", err, p.Status, p.Body)
	}
	return m
}

// raise logs someone in from Tokyo and from São Paulo, which are two time zones more.
func (r realm) raise(name string) {
	r.t.Helper()
	for _, city := range []string{"tokyo", "sao-paulo"} {
		if p := r.login(clientIn(r.t, city), "/", name); p.Status != http.StatusOK {
			r.t.Fatalf("%s from %s: %d at %s", name, city, p.Status, p.URL)
		}
	}
}

// confirm goes through Keycloak's pages of a step-up by passkey: the password, which is the name, if it is asked for, then
// the passkey, which is registered if there is none. It returns when the browser is back at a page of the edge.
func confirm(t *testing.T, tab *browser.Tab, r realm, name string) (pages []string) {
	t.Helper()
	for range 6 {
		switch at := waitFor(t, tab, "#password", "#authenticateWebAuthnButton", "#registerWebAuthn", "html"); at {
		case "#password":
			pages = append(pages, "password")
			tab.Screenshot(fmt.Sprintf("keycloak-%d-password", len(pages)))
			var unknown bool // after Keycloak's own session ended it asks who is there
			if tab.Eval(`!!document.querySelector("input#username:not([type=hidden])")?.offsetParent`, &unknown); unknown {
				tab.Fill("#username", name)
			}
			tab.Fill("#password", name)
			tab.Click("#kc-login")
		case "#authenticateWebAuthnButton":
			pages = append(pages, "passkey")
			tab.Screenshot(fmt.Sprintf("keycloak-%d-passkey", len(pages)))
			tab.Click(at)
		case "#registerWebAuthn":
			pages = append(pages, "enrol")
			tab.Screenshot(fmt.Sprintf("keycloak-%d-enrol", len(pages)))
			tab.Click(at)
		default:
			if strings.HasPrefix(tab.URL(), r.URL) {
				return pages
			}
			t.Fatalf("a page of Keycloak that nobody expects: %s\n%s", tab.URL(), tab.Text("body"))
		}
	}
	t.Fatalf("Keycloak never ends: %v", pages)
	return nil
}

// waitFor returns the first of selectors that the page has; the last must be there for sure.
func waitFor(t *testing.T, tab *browser.Tab, selectors ...string) string {
	t.Helper()
	tab.WaitURL(".")
	for _, s := range selectors {
		var there bool
		if tab.Eval(fmt.Sprintf("!!document.querySelector(%q)", s), &there); there {
			return s
		}
	}
	t.Fatalf("none of %v at %s", selectors, tab.URL())
	return ""
}

// trail is the audit trail of an edge: the events about one person's sessions, or about nobody in particular.
func trail(t *testing.T, e *edgetest.Edge, names ...string) (events []map[string]any) {
	t.Helper()
	for line := range strings.Lines(e.Log()) {
		var event map[string]any
		if json.Unmarshal([]byte(line), &event) == nil && event["msg"] == "audit" && slices.Contains(names, fmt.Sprint(event["event"])) {
			events = append(events, event)
		}
	}
	return events
}

// stepEvents are the events of step-ups.
func stepEvents() []string {
	return []string{"step_up_asked", "step_up_proven", "step_up_refused", "authenticator_enrolled"}
}

// told is what a test expects of one event. Each of holds stands somewhere in it; empty fields are not looked at.
type told struct {
	event, sub, session, reason, level string
	holds                              []string
}

// wantTrail fails unless the events are these and no others, in this order.
func wantTrail(t *testing.T, where string, events []map[string]any, want ...told) {
	t.Helper()
	for i, w := range want {
		if i >= len(events) {
			t.Errorf("%s: the trail ends before %+v", where, w)
			continue
		}
		e := events[i]
		whole, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		for key, value := range map[string]string{"event": w.event, "sub": w.sub, "session": w.session, "reason": w.reason, "security_level": w.level} {
			if value != "" && e[key] != value {
				t.Errorf("%s, event %d: %s is %v, want %s, in %s", where, i+1, key, e[key], value, whole)
			}
		}
		for _, part := range w.holds {
			if !strings.Contains(string(whole), part) {
				t.Errorf("%s, event %d: no %q in %s", where, i+1, part, whole)
			}
		}
	}
	if len(events) > len(want) {
		t.Errorf("%s: the trail goes on after %d events with %v", where, len(want), events[len(want):])
	}
}
