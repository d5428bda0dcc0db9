package proxy_test

import (
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/policy"
	"github.com/edgeauth/edgeauth/proxy"
	"github.com/edgeauth/edgeauth/session"
)

// vault is what the attack sheet asks below /vault/.
var vault = policy.Proof{ACR: []string{"urn:edgeauth:mfa", `odd "acr" \`}, MaxAge: 300 * time.Second}

// vaultRoutes are the sheet's routes with /vault/, with /sensitive/, which levels close, and with /app/, below which the
// backend is asked for the same paths.
func vaultRoutes(up *proxy.Upstream) []proxy.RouteConfig {
	levels := sheetLevels()
	high := levels[identity.High]
	high.Blocks = []string{"sensitive"}
	levels[identity.High] = high
	routes := sheetRoutes(up)
	for i := range routes {
		routes[i].Policy.Levels = levels
	}
	return append(routes,
		proxy.RouteConfig{Name: "vault", Path: "/vault/", Upstream: up, Policy: policy.Route{Levels: levels, Proof: vault}},
		proxy.RouteConfig{Name: "sensitive", Path: "/sensitive/", Upstream: up, Policy: policy.Route{Levels: levels, Classes: []string{"sensitive"}}},
		proxy.RouteConfig{Name: "app", Path: "/app/", StripPrefix: "/app", Upstream: up, Policy: policy.Route{Levels: levels}},
		proxy.RouteConfig{Name: "open", Path: "/open/", StripPrefix: "/open", Upstream: up, Policy: policy.Route{Public: true, Levels: levels}},
	)
}

func vaultBed(t testing.TB) *bed {
	return newBed(t, options{routes: vaultRoutes, upstream: func(c *proxy.UpstreamConfig) { c.IIS = true }})
}

// elevated is alice who typed a code just now.
func (b *bed) elevated() *session.Session {
	s := b.alice()
	s.Assurance = identity.Assurance{ACR: "urn:edgeauth:mfa", AMR: []string{"otp"}, AuthTime: b.clock.now()}
	return s
}

// stepsUp holds that a navigation is sent to prove more and to come back, and that the backend hears nothing of it.
func (b *bed) stepsUp(a answer, q url.Values) {
	b.t.Helper()
	to, err := url.Parse(a.Header.Get("Location"))
	if err != nil || a.StatusCode != http.StatusSeeOther || to.Path != "/.edgeauth/login" || len(a.Header["Set-Cookie"]) > 0 || a.Header.Get("Cache-Control") != "no-store" {
		b.t.Errorf("got %d to %q with %v", a.StatusCode, a.Header.Get("Location"), a.Header)
	}
	if diff := cmp.Diff(q, to.Query()); diff != "" {
		b.t.Errorf("asked for (-want +got):\n%s", diff)
	}
	b.untouched()
}

func proofOf(p policy.Proof) string {
	id := p.ID()
	return hex.EncodeToString(id[:])
}

func TestA_navigation_that_proves_too_little_is_sent_to_prove_more_and_to_come_back(t *testing.T) {
	b := vaultBed(t)
	b.stepsUp(b.get("/vault/x?a=%20b&c", b.as(b.alice())), url.Values{"proof": {proofOf(vault)}, "rd": {"/vault/x?a=%20b&c"}})
	b.log.set(raisedBy(noon))
	b.stepsUp(b.get("/sensitive/x", b.as(b.alice())), url.Values{"level": {"high"}, "rd": {"/sensitive/x"}})
	if log := b.audit.String(); strings.Count(log, `"event":"access_blocked"`) != 2 ||
		!strings.Contains(log, `"reason":"raised","security_level":"high"`) || !strings.Contains(log, `"reason":"route_proof","detail"`) {
		t.Errorf("audit: %s", log)
	}
	if !strings.Contains(b.access.String(), `"verdict":"step_up"`) {
		t.Errorf("access: %s", b.access.String())
	}
}

func TestSU05_an_elevated_session_opens_the_vault_for_300_seconds(t *testing.T) {
	b := vaultBed(t)
	cookie := b.as(b.elevated())
	for _, passed := range []time.Duration{0, 300 * time.Second} {
		b.clock.advance(passed)
		if a := b.get("/vault/x", cookie); a.StatusCode != http.StatusOK {
			t.Fatalf("after %v: %d", passed, a.StatusCode)
		}
	}
	b.clock.advance(time.Millisecond)
	if a := b.get("/vault/x", cookie); a.StatusCode != http.StatusSeeOther || !strings.Contains(a.Header.Get("Location"), "proof=") {
		t.Errorf("after 300 s and a moment: %d", a.StatusCode)
	}
	if a := b.get("/x", cookie); a.StatusCode != http.StatusOK {
		t.Errorf("another page: %d", a.StatusCode)
	}
}

func TestSU05_no_spelling_of_a_path_leads_around_the_step_up(t *testing.T) {
	b := vaultBed(t)
	b.log.set(raisedBy(noon))
	for _, prefix := range []string{"", "/app", "/open"} { // the last two lead to the same paths of the same backend
		for _, path := range []string{"/vault/x", "/Vault/x", "/VAULT/X", "/public/../vault/x", "/public/%2e%2e/vault/x", "/vault%2fx", "/vault%2Fx", "/vault%5cx", "/%76ault/x",
			"//vault/x", "/vault;a=b/x", "/vault./x", "/vault/", "/vault", "/sensitive/x", "/Sensitive/x", "/sensitive%2fx", "/./sensitive/x", "/sensitive"} {
			switch a := b.get(prefix+path, b.as(b.alice())); a.StatusCode {
			case http.StatusBadRequest, http.StatusSeeOther:
			default:
				t.Errorf("%s: %d", prefix+path, a.StatusCode)
			}
		}
	}
	b.untouched()
}

func TestSU07_what_is_no_navigation_gets_the_challenge_of_RFC_9470(t *testing.T) {
	b := vaultBed(t)
	cookie := b.as(b.alice())
	const challenge = `Bearer realm="edgeauth", error="insufficient_user_authentication", error_description="A stronger or newer authentication is needed"`
	for what, raw := range map[string]string{
		"XHR":       "GET /vault/x HTTP/1.1\r\nHost: app.corp.test\r\nX-Requested-With: XMLHttpRequest\r\nAccept: text/html\r\n" + cookie + "\r\n",
		"fetch":     "GET /vault/x HTTP/1.1\r\nHost: app.corp.test\r\nSec-Fetch-Mode: cors\r\n" + cookie + "\r\n",
		"POST":      "POST /vault/transfer HTTP/1.1\r\nHost: app.corp.test\r\nOrigin: https://app.corp.test\r\nContent-Type: application/json\r\nContent-Length: 2\r\n" + cookie + "\r\n{}",
		"PUT":       "PUT /vault/x HTTP/1.1\r\nHost: app.corp.test\r\nOrigin: https://app.corp.test\r\nContent-Length: 0\r\n" + cookie + "\r\n",
		"WebSocket": strings.Replace(handshake, "/api/ws", "/vault/ws", 1) + "Origin: https://app.corp.test\r\n" + cookie + "\r\n",
		"events":    "GET /vault/events HTTP/1.1\r\nHost: app.corp.test\r\nAccept: text/event-stream\r\n" + cookie + "\r\n",
	} {
		a := b.send(raw)
		if got, want := a.Header["Www-Authenticate"], []string{challenge + `, acr_values="urn:edgeauth:mfa odd \"acr\" \\", max_age=300`}; a.StatusCode != http.StatusUnauthorized || !cmp.Equal(got, want) {
			t.Errorf("%s: %d with %q, want %q", what, a.StatusCode, got, want)
		}
		var doc map[string]any
		if err := json.Unmarshal([]byte(a.body), &doc); err != nil || a.Header.Get("Content-Type") != "application/problem+json" ||
			doc["error"] != "insufficient_user_authentication" || doc["step_up_url"] != "/.edgeauth/login?proof="+proofOf(vault) || doc["reason"] != "route_proof" {
			t.Errorf("%s: %v, %s", what, err, a.body)
		}
		if len(a.Header["Set-Cookie"]) > 0 || a.Header.Get("Location") != "" {
			t.Errorf("%s: %v", what, a.Header)
		}
	}
	b.untouched()
}

func TestSU07_a_gRPC_call_gets_its_own_status(t *testing.T) {
	b := vaultBed(t)
	a := b.send("POST /vault/pkg.Service/Call HTTP/1.1\r\nHost: app.corp.test\r\nContent-Type: application/grpc\r\nContent-Length: 0\r\n" + b.as(b.alice()) + "\r\n")
	if a.StatusCode != http.StatusOK || a.Header.Get("Grpc-Status") != "16" || a.body != "" || !strings.Contains(a.Header.Get("Www-Authenticate"), "insufficient_user_authentication") {
		t.Errorf("got %d with %v", a.StatusCode, a.Header)
	}
	b.untouched()
}

// What a form held is gone: the page says so, and leads back to the page that the form stood on.
func TestSU07_a_form_gets_a_page_that_leads_back_to_it(t *testing.T) {
	b := vaultBed(t)
	for referer, rd := range map[string]string{
		"https://app.corp.test/vault/form?a=b&c": "/vault/form?a=b&amp;c", "https://evil.test/form": "/", "https://app.corp.test.evil.test/": "/", "": "/", "http://app.corp.test/x": "/",
		"https://app.corp.test": "/", "javascript:alert(1)": "/", "https://app.corp.test/" + strings.Repeat("a", 1300): "/",
	} {
		a := b.send("POST /vault/transfer HTTP/1.1\r\nHost: app.corp.test\r\nAccept: text/html\r\nSec-Fetch-Mode: navigate\r\nOrigin: https://app.corp.test\r\nReferer: " + referer +
			"\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 10\r\n" + b.as(b.alice()) + "\r\namount=100")
		want := `href="/.edgeauth/login?proof=` + proofOf(vault) + `&amp;rd=` + strings.ReplaceAll(url.QueryEscape(strings.ReplaceAll(rd, "&amp;", "&")), "+", "&#43;") + `"`
		if a.StatusCode != http.StatusUnauthorized || !strings.Contains(a.body, want) || !strings.Contains(a.body, "Please confirm that it is you") || strings.Contains(a.body, "amount") {
			t.Errorf("from %.60q: %d, want a link with %s:\n%s", referer, a.StatusCode, want, a.body)
		}
	}
	b.untouched()
}

func TestA_floor_counts_from_the_next_request_on_and_is_met_by_another_cookie(t *testing.T) {
	b := vaultBed(t)
	s := b.alice()
	cookie := b.as(s)
	if a := b.get("/sensitive/x", cookie); a.StatusCode != http.StatusOK {
		t.Fatalf("before the floor: %d", a.StatusCode)
	}
	b.log.set(raisedBy(noon))
	if a := b.get("/sensitive/x", cookie); a.StatusCode != http.StatusSeeOther {
		t.Errorf("after it: %d", a.StatusCode)
	}
	s.ID, s.Assurance = identity.NewSessionID(), identity.Assurance{ACR: "bio", AMR: []string{"hwk"}, AuthTime: noon}
	if a := b.get("/sensitive/x", b.as(s)); a.StatusCode != http.StatusOK {
		t.Errorf("proven: %d", a.StatusCode)
	}
	if a := b.get("/sensitive/x", cookie); a.StatusCode != http.StatusSeeOther {
		t.Errorf("the cookie from before: %d", a.StatusCode)
	}
}

func TestA_providers_clock_may_be_off_by_as_much_as_is_configured(t *testing.T) {
	for skew, want := range map[time.Duration]int{0: http.StatusSeeOther, 4 * time.Second: http.StatusSeeOther, 5 * time.Second: http.StatusOK} {
		b := newBed(t, options{routes: vaultRoutes, handler: func(o *proxy.Options) {
			o.ClockSkew = func(issuer string) time.Duration { return map[string]time.Duration{"https://idp.test": skew}[issuer] }
		}})
		b.log.set(raisedBy(noon))
		s := b.alice()
		s.Assurance = identity.Assurance{ACR: "bio", AMR: []string{"hwk"}, AuthTime: noon.Add(-6 * time.Second)}
		if a := b.get("/sensitive/x", b.as(s)); a.StatusCode != want {
			t.Errorf("with %v: %d, want %d", skew, a.StatusCode, want)
		}
	}
}

func TestA_raised_session_ends_after_its_levels_lifetime_and_the_log_may_not_be_old(t *testing.T) {
	b := vaultBed(t)
	b.log.set(raisedBy(noon))
	cookie := b.as(b.alice())
	b.log.age.Store(int64(6 * time.Second))
	if a := b.get("/x", cookie); a.StatusCode != http.StatusServiceUnavailable || len(a.Header["Set-Cookie"]) > 0 {
		t.Errorf("under an old log: %d", a.StatusCode)
	}
	b.log.age.Store(0)
	b.clock.advance(15*time.Minute - time.Millisecond)
	if a := b.get("/x", cookie); a.StatusCode != http.StatusOK {
		t.Errorf("before 15 minutes: %d", a.StatusCode)
	}
	b.clock.advance(time.Millisecond)
	if a := b.get("/x", cookie); a.StatusCode != http.StatusSeeOther || strings.Contains(a.Header.Get("Location"), "level=") {
		t.Errorf("after 15 minutes: %d to %s", a.StatusCode, a.Header.Get("Location"))
	}
}

func TestTwo_routes_to_one_path_of_a_backend_ask_for_what_either_asks(t *testing.T) {
	b := vaultBed(t)
	b.stepsUp(b.get("/app/vault/x", b.as(b.alice())), url.Values{"proof": {proofOf(vault)}, "rd": {"/app/vault/x"}})
	b.stepsUp(b.get("/open/vault/x", b.as(b.alice())), url.Values{"proof": {proofOf(vault)}, "rd": {"/open/vault/x"}})
	if a := b.get("/app/vault/x", b.as(b.elevated())); a.StatusCode != http.StatusOK {
		t.Errorf("elevated: %d", a.StatusCode)
	}
	if got := b.hit(); got.Path() != "/vault/x" {
		t.Errorf("the backend was asked for %s", got.Path())
	}
}

func TestThe_idle_time_is_that_of_the_sessions_level(t *testing.T) {
	b := newBed(t, options{handler: func(o *proxy.Options) {
		high := o.Levels[identity.High]
		high.Idle = 10 * time.Minute
		o.Levels[identity.High] = high
	}})
	s := b.alice()
	s.Level, s.RaisedAt = identity.High, noon
	s.IdleUntil, s.Expires = noon.Add(10*time.Minute), noon.Add(15*time.Minute)
	cookie := b.as(s)
	b.clock.advance(5*time.Minute - time.Millisecond)
	if got := b.renewed(b.get("/x", cookie)); got != nil {
		t.Errorf("before half of it: %v", got.IdleUntil)
	}
	b.clock.advance(2 * time.Millisecond)
	got := b.renewed(b.get("/x", cookie))
	if got == nil || !got.IdleUntil.Equal(s.Expires) || !got.Expires.Equal(s.Expires) || got.Level != identity.High || !got.RaisedAt.Equal(noon) {
		t.Errorf("past it: %+v", got)
	}
}

func TestA_raised_session_has_the_idle_time_of_that_level_until_it_is_proven(t *testing.T) {
	quick := func(levels policy.Levels) {
		high := levels[identity.High]
		high.Idle = 4 * time.Minute
		levels[identity.High] = high
	}
	b := newBed(t, options{handler: func(o *proxy.Options) { quick(o.Levels) }, routes: func(up *proxy.Upstream) []proxy.RouteConfig {
		routes := vaultRoutes(up)
		quick(routes[0].Policy.Levels)
		return routes
	}})
	s := b.alice()
	cookie := b.as(s)
	b.clock.advance(10 * time.Minute) // renewed at 15
	b.log.set(raisedBy(b.clock.now()))
	b.clock.advance(time.Minute)
	if a := b.get("/x", cookie); a.StatusCode != http.StatusOK || b.renewed(a) != nil {
		t.Errorf("a minute after it was raised: %d, %v", a.StatusCode, b.renewed(a))
	}
	b.clock.advance(90 * time.Second)
	got := b.renewed(b.get("/x", cookie))
	if got == nil || !got.IdleUntil.Equal(b.clock.now().Add(4*time.Minute)) {
		t.Fatalf("past half of its idle time it is renewed to %+v", got)
	}
	b.clock.advance(90*time.Second - time.Millisecond)
	if a := b.get("/x", cookie); a.StatusCode != http.StatusOK {
		t.Errorf("just before the old cookie's end: %d", a.StatusCode)
	}
	b.clock.advance(time.Millisecond)
	if a := b.get("/x", cookie); a.StatusCode != http.StatusSeeOther || !strings.Contains(b.access.String(), `"reason":"idle"`) {
		t.Errorf("four minutes after it was raised: %d\n%s", a.StatusCode, b.access.String())
	}
	if a := b.get("/x", b.as(got)); a.StatusCode != http.StatusOK {
		t.Errorf("the renewed one: %d", a.StatusCode)
	}
	s.ID, s.Assurance = identity.NewSessionID(), identity.Assurance{ACR: "bio", AMR: []string{"hwk"}, AuthTime: b.clock.now()}
	if a := b.get("/x", b.as(s)); a.StatusCode != http.StatusOK {
		t.Errorf("one that has proven it: %d", a.StatusCode)
	}
}

// The steady state costs nothing more under a floor, met or not.
func TestAdmission_under_floors_allocates_nothing(t *testing.T) {
	for name, b := range map[string]*bed{"none": vaultBed(t), "met": vaultBed(t), "unmet": vaultBed(t)} {
		r := browser(b, "/reports/2026/11?page=2")
		switch name {
		case "met":
			s := b.alice()
			s.Assurance = identity.Assurance{ACR: "bio", AMR: []string{"hwk"}, AuthTime: noon}
			r.Header.Set("Cookie", "__Host-edgeauth="+b.value(s))
			fallthrough
		case "unmet":
			b.log.set(raisedBy(noon))
		}
		plain := testing.AllocsPerRun(100, func() {
			if err := proxy.Decide(b.handler, r); err != nil {
				t.Fatal(err)
			}
		})
		if plain > 0 {
			t.Errorf("%s: %v allocations", name, plain)
		}
	}
}
