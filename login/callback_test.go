package login_test

import (
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/audit"
	"github.com/edgeauth/edgeauth/internal/idp"
	"github.com/edgeauth/edgeauth/oidc"
	"github.com/edgeauth/edgeauth/session"
)

// noSession fails unless the answer is 4xx and sets no session, and the code went nowhere since tokens were counted.
func (c *browser) noSession(what string, p page, tokens int) {
	c.t.Helper()
	if p.StatusCode < 400 || p.StatusCode > 499 || p.set("edgeauth") {
		c.t.Errorf("%s: answered %d with cookies %v", what, p.StatusCode, p.Cookies())
	}
	if got := c.idp.Count(idp.Token); got != tokens {
		c.t.Errorf("%s: %d token requests, want %d", what, got, tokens)
	}
	if p.Header.Get("Cache-Control") != "no-store" {
		c.t.Errorf("%s: Cache-Control is %q", what, p.Header.Get("Cache-Control"))
	}
}

func TestCB_01_LoginCSRF(t *testing.T) {
	b := open(t)
	attack := b.browser().callback("/attacker")
	bare, busy := b.browser(), b.browser()
	mine := busy.callback("/mine")
	for name, victim := range map[string]*browser{"a browser without a binding": bare, "a browser with its own": busy} {
		victim.noSession(name, victim.get(attack), 0)
	}
	if p := busy.follow(busy.get(mine)); !strings.HasPrefix(p.body, "/mine ") {
		t.Errorf("the victim's own login ended at %s", p.Request.URL)
	}
	if b.events.of(audit.LoginRefused) != 2 {
		t.Errorf("%d refusals in the audit log, want 2", b.events.of(audit.LoginRefused))
	}
}

var requestID = regexp.MustCompile(`[A-Z2-7]{16}`)

func TestCB_02_AllFormsOfABadStateLookTheSame(t *testing.T) {
	b := open(t)
	c := b.browser()
	good := c.callback("/x")
	u, err := url.Parse(good)
	if err != nil {
		t.Fatal(err)
	}
	state := u.Query().Get("state")
	flipped := state[:40] + string(state[40]^1) + state[41:]
	want := ""
	for name, address := range map[string]string{
		"no state": edited(t, good, "state", ""), "empty state": edited(t, good, "state", "") + "&state=", "no code": edited(t, good, "code", ""),
		"empty code": edited(t, good, "code", "") + "&code=", "no query": c.edge.URL + "/.edgeauth/callback", "flipped bit": edited(t, good, "state", flipped),
		"64 KiB": edited(t, good, "state", strings.Repeat("A", 60<<10)), "more than 64 KiB": edited(t, good, "state", strings.Repeat("A", 70<<10)),
		"cut": edited(t, good, "state", state[:len(state)-1]), "junk": edited(t, good, "state", "x"), "broken query": c.edge.URL + "/.edgeauth/callback?state=%zz",
		"session as state": edited(t, good, "state", c.cookie("edgeauth-login")),
	} {
		p := c.get(address)
		c.noSession(name, p, 0)
		body := requestID.ReplaceAllString(p.body, "ID")
		if want == "" {
			want = body
		}
		if body != want || p.StatusCode != http.StatusBadRequest || p.Header.Get("Refresh") != "" {
			t.Errorf("%s: %d\n%s\nwant\n%s", name, p.StatusCode, body, want)
		}
	}
}

func TestCB_04_StatesOfOtherBrowsersOtherTabsAndOtherTimes(t *testing.T) {
	b := open(t)
	c, other := b.browser(), b.browser()
	first, second := c.callback("/first"), c.callback("/second")
	other.noSession("another browser", other.get(first), 0)
	for path, callback := range map[string]string{"/second": second, "/first": first} {
		if p := c.follow(c.get(callback)); !strings.HasPrefix(p.body, path+" ") {
			t.Errorf("tab %s ended at %s: %s", path, p.Request.URL, p.body)
		}
	}

	late := b.browser()
	callback := late.callback("/late")
	spent := b.idp.Count(idp.Token)
	b.offset.Add(int64(session.BindingLifetime))
	p := late.get(callback)
	if p.set("edgeauth") || !strings.HasPrefix(p.to(), b.idp.Issuer()+"/authorize?") {
		t.Fatalf("an expired login does not start again: %d to %q", p.StatusCode, p.to())
	}
	p = late.get(p.to())
	b.offset.Add(int64(session.BindingLifetime))
	p = late.get(p.to())
	late.noSession("expired twice", p, spent)
	if p.refresh() != "" || !strings.Contains(p.body, "Start again") {
		t.Errorf("the second time there is no page that asks: refresh %q\n%s", p.refresh(), p.body)
	}
	late.login("/late")
}

func TestAnExpiredLoginThatIsTriedOnceMoreWorks(t *testing.T) {
	b := open(t)
	c := b.browser()
	callback := c.callback("/late?x=1")
	b.offset.Add(int64(time.Hour))
	if p := c.follow(c.get(callback)); !strings.HasPrefix(p.body, "/late?x=1 ") {
		t.Errorf("it ended at %s with %d", p.Request.URL, p.StatusCode)
	}
}

func TestCB_05_DuplicatedParameters(t *testing.T) {
	b := open(t)
	c := b.browser()
	good := c.callback("/x")
	for _, more := range []string{"&code=other", "&state=other", "&iss=https://evil.test", "&error=access_denied", "&iss=" + url.QueryEscape(b.idp.Issuer())} {
		c.noSession(more, c.get(good+more), 0)
	}
	if p := c.follow(c.get(good)); !strings.HasPrefix(p.body, "/x ") {
		t.Errorf("the login itself ended at %s", p.Request.URL)
	}
}

func formPost(s *setup) { s.formPost, s.cookies = true, true }

func TestCB_05_DuplicatedParametersByFormPost(t *testing.T) {
	b := open(t, formPost)
	c := b.browser()
	p := c.get(c.get("/x").to())
	p = c.get(p.to())
	form := url.Values{}
	for _, m := range hidden.FindAllStringSubmatch(p.body, -1) {
		form.Add(m[1], m[2])
	}
	at := c.edge.URL + "/.edgeauth/callback"
	for name, answer := range map[string]page{
		"body and query": c.post(at+"?"+form.Encode(), form), "a code in the query": c.post(at+"?code=x", form),
		"query alone": c.get(at + "?" + form.Encode()), "twice": c.post(at, url.Values{"code": {"a", "b"}, "state": form["state"], "iss": form["iss"]}),
		"JSON": c.post(at, form, "Content-Type", "application/json"),
	} {
		c.noSession(name, answer, 0)
	}
	if p := c.follow(c.postBack(p)); !strings.HasPrefix(p.body, "/x ") {
		t.Errorf("the login itself ended at %s with %d: %s", p.Request.URL, p.StatusCode, p.body)
	}
}

func TestAFormToAProviderThatAnswersByQueryIsRefused(t *testing.T) {
	b := open(t)
	c := b.browser()
	u, err := url.Parse(c.callback("/x"))
	if err != nil {
		t.Fatal(err)
	}
	c.noSession("form", c.post("/.edgeauth/callback", u.Query()), 0)
	if p := c.send(http.MethodHead, u.String(), nil); p.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("a HEAD is answered %d", p.StatusCode)
	}
}

func TestLoginByFormPostKeepsThePreviousSessionInMind(t *testing.T) {
	b := open(t, formPost)
	c := b.browser()
	first := c.login("/a")
	old := c.cookie("edgeauth")
	second := c.follow(c.get("/.edgeauth/login?rd=/b"))
	if !strings.HasPrefix(second.body, "/b ") || family(first) == family(second) {
		t.Fatalf("the second login ended with %s", second.body)
	}
	if c.cookie("edgeauth-device") == "" || b.events.of(audit.SessionReplaced) != 1 {
		t.Errorf("%d sessions were replaced, want 1", b.events.of(audit.SessionReplaced))
	}
	c.put("__Host-edgeauth", old)
	if p := c.get("/a"); p.StatusCode == http.StatusOK {
		t.Error("the session of before lives on")
	}
}

// family is the session's name on the test application's page.
func family(p page) string {
	_, name, _ := strings.Cut(p.body, "family=")
	return name
}

func TestCB_07_EachFlowHasAFreshS256Challenge(t *testing.T) {
	b := open(t)
	c := b.browser()
	seen := map[string]bool{}
	for range 5 {
		c.follow(c.get("/.edgeauth/login?rd=/x"))
	}
	for _, r := range b.idp.Requests() {
		if r.Endpoint != idp.Token {
			continue
		}
		verifier := r.Form.Get("code_verifier")
		if len(verifier) != 43 || seen[verifier] {
			t.Errorf("verifier %q has %d characters, or came twice", verifier, len(verifier))
		}
		seen[verifier] = true
		sum := sha256.Sum256([]byte(verifier))
		if !challenged(b.idp, base64.RawURLEncoding.EncodeToString(sum[:])) {
			t.Errorf("no request had the challenge of %q", verifier)
		}
	}
	if len(seen) != 4 { // the fourth try met the loop breaker
		t.Errorf("%d logins", len(seen))
	}
}

func challenged(s *idp.Server, challenge string) bool {
	for _, r := range s.Requests() {
		if r.Query.Get("code_challenge") == challenge && r.Query.Get("code_challenge_method") == "S256" {
			return true
		}
	}
	return false
}

func TestCB_08_AnotherProviderAnswers(t *testing.T) {
	b := open(t, func(s *setup) { s.idps = 2; s.edit = nil })
	two := b.opt.Providers[1]
	c := b.browser()
	good := c.callback("/.edgeauth/login?rd=/x&provider=one")
	c.noSession("iss of the other provider", c.get(edited(t, good, "iss", two.Issuer())), 0)
	c.noSession("no iss", c.get(edited(t, good, "iss", "")), 0)
	c.noSession("iss twice", c.get(good+"&iss="+url.QueryEscape(two.Issuer())), 0)
	if n := b.idps[1].Count(idp.Token); n != 0 {
		t.Errorf("the code was sent to the other provider %d times", n)
	}
	if p := c.follow(c.get(good)); !strings.HasPrefix(p.body, "/x ") {
		t.Errorf("the login itself ended at %s", p.Request.URL)
	}
}

func TestCB_10_ParametersOfALoginLinkDoNotReachTheProvider(t *testing.T) {
	b := open(t)
	c := b.browser()
	p := c.get("/.edgeauth/login?scope=admin&prompt=none&acr_values=0&max_age=999999&redirect_uri=https://evil.test&client_id=x&response_type=token&nonce=n&state=s")
	u, err := url.Parse(p.to())
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range u.Query() {
		if len(values) != 1 {
			t.Errorf("%s stands %d times", name, len(values))
		}
	}
	for name, want := range map[string]string{"scope": "openid profile email", "prompt": "", "acr_values": "", "max_age": "", "client_id": "edge",
		"redirect_uri": b.edge.URL + "/.edgeauth/callback", "response_type": "code"} {
		if got := u.Query().Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

func TestCB_13_AnotherPersonInTheSameBrowser(t *testing.T) {
	b := open(t)
	c := b.browser()
	alice := c.login("/a")
	old := c.cookie("edgeauth")
	b.idp.AutoLogin("bob")
	c.drop("demo_idp")
	bob := c.follow(c.get("/.edgeauth/login?rd=/b"))
	if !strings.Contains(bob.body, "bob") || strings.Contains(bob.body, "alice") || family(alice) == family(bob) {
		t.Errorf("after bob's login: %s", bob.body)
	}
	c.put("edgeauth", old)
	if p := c.get("/a"); p.StatusCode == http.StatusOK {
		t.Error("alice's session lives on")
	}
}

func TestCB_13_AnotherPersonInAnotherTabOfTheSameBrowser(t *testing.T) {
	b := open(t)
	c := b.browser()
	alice := c.callback("/a")
	b.idp.AutoLogin("bob")
	c.drop("demo_idp")
	bob := c.callback("/b")
	c.follow(c.get(alice))
	old := c.cookie("edgeauth")
	if p := c.follow(c.get(bob)); !strings.Contains(p.body, "/b bob") {
		t.Errorf("bob's tab shows %s", p.body)
	}
	c.put("edgeauth", old)
	if p := c.get("/a"); p.StatusCode == http.StatusOK {
		t.Error("alice's session lives on")
	}
}

func TestCB_13_AnotherSubjectOfTheSameSessionAtTheProvider(t *testing.T) {
	b := open(t)
	c := b.browser()
	alice, other := c.callback("/a"), c.callback("/b")
	first := c.follow(c.get(alice))
	b.idp.Lie(idp.Lies{IDToken: func(_, claims map[string]any) { claims["sub"] = "another" }})
	second := c.follow(c.get(other))
	if family(first) == family(second) || b.open(c.cookie("edgeauth")).Subject.Sub != "another" {
		t.Errorf("the browser keeps the session of %v", b.open(c.cookie("edgeauth")).Subject)
	}
}

func TestASessionThatWasThereBeforeIsReplacedThoughItsClockIsAhead(t *testing.T) {
	b := open(t)
	c := b.browser()
	b.offset.Store(int64(30 * time.Second))
	first := c.login("/x")
	b.offset.Store(0)
	second := c.follow(c.get("/.edgeauth/login?rd=/y"))
	if family(first) == family(second) || b.events.of(audit.SessionReplaced) != 1 {
		t.Errorf("it is kept: %s", second.body)
	}
}

func TestCB_14_NothingOfACallbackLeaks(t *testing.T) {
	b := open(t)
	c := b.browser()
	p := c.get(c.callback("/x?y=1"))
	if p.StatusCode != http.StatusSeeOther || p.Header.Get("Location") != b.edge.URL+"/x?y=1" || p.Header.Get("Referrer-Policy") != "no-referrer" ||
		p.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("answered %d with %v", p.StatusCode, p.Header)
	}
	for _, path := range []string{"/.edgeauth/logout", "/.edgeauth/logged-out", "/.edgeauth/callback", "/.edgeauth/login?rd=//x"} {
		p := c.get(path)
		if policy := p.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "frame-ancestors 'none'") || !strings.Contains(policy, "default-src 'none'") {
			t.Errorf("%s: the policy is %q", path, policy)
		}
	}
}

func TestTheCodeOfAReplayedFlowIsNotSpentNorThatOfARepeatedOne(t *testing.T) {
	b := open(t)
	c := b.browser()
	callback := c.callback("/x")
	c.follow(c.get(callback))
	if p := c.get(callback); p.to() != b.edge.URL+"/x" {
		t.Errorf("a reload is answered %d to %q", p.StatusCode, p.to())
	}
	another := edited(t, callback, "code", "stolen")
	if p := c.get(another); p.to() != b.edge.URL+"/x" || p.set("edgeauth") {
		t.Errorf("another code in a browser that is logged in is answered %d to %q", p.StatusCode, p.to())
	}
	c.drop("edgeauth")
	if p := c.get(another); !strings.HasPrefix(p.to(), b.idp.Issuer()) || p.set("edgeauth") {
		t.Errorf("another code in one that is not is answered %d to %q", p.StatusCode, p.to())
	}
	if b.events.of(audit.ReplayRefused) != 2 || b.idp.Count(idp.Token) != 1 {
		t.Errorf("%d replays in the audit log, %d token requests", b.events.of(audit.ReplayRefused), b.idp.Count(idp.Token))
	}
	p := c.get(callback)
	if !strings.HasPrefix(p.to(), b.idp.Issuer()) || b.idp.Count(idp.Token) != 1 {
		t.Fatalf("a reload without a session is answered %d to %q", p.StatusCode, p.to())
	}
	if p = c.follow(p); !strings.HasPrefix(p.body, "/x ") || b.idp.Count(idp.Token) != 2 {
		t.Errorf("it ended with %d: %s", p.StatusCode, p.body)
	}
}

func TestTheMarkOfAFlowLivesAsLongAsItsState(t *testing.T) {
	b := open(t)
	c := b.browser()
	callback := c.callback("/x")
	binding := c.cookie("edgeauth-login")
	c.follow(c.get(callback))
	b.offset.Add(int64(session.BindingLifetime - time.Minute))
	c.drop("edgeauth")
	c.put("edgeauth-login", binding)
	if spent, err := url.Parse(callback); err != nil || b.shop.holds(spent.Query().Get("code")) {
		t.Errorf("the mark can be made by whoever knows the code, or shows it: %v", err)
	}
	p := c.get(edited(t, callback, "code", "stolen"))
	if p.set("edgeauth") || b.idp.Count(idp.Token) != 1 || b.events.of(audit.ReplayRefused) != 1 {
		t.Errorf("late in the life of the state another code is answered %d, with %d token requests and %d replays in the audit log",
			p.StatusCode, b.idp.Count(idp.Token), b.events.of(audit.ReplayRefused))
	}
}

func TestARepeatedCallbackDoesNotTakeAnOlderSessionForItsOwn(t *testing.T) {
	b := open(t)
	c := b.browser()
	c.login("/x")
	callback := c.callback("/.edgeauth/login?rd=/y")
	b.idp.Lie(idp.Lies{TokenRaw: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }})
	if p := c.get(callback); p.StatusCode != http.StatusServiceUnavailable {
		t.Fatalf("answered %d", p.StatusCode)
	}
	b.idp.Lie(idp.Lies{})
	p := c.get(callback)
	if !strings.HasPrefix(p.to(), b.idp.Issuer()) {
		t.Errorf("the reload is answered %d to %q", p.StatusCode, p.to())
	}
	if p := c.follow(p); !strings.HasPrefix(p.body, "/y ") {
		t.Errorf("it ended at %s with %d", p.Request.URL, p.StatusCode)
	}
}

func TestWhatTheProviderRefusesBecomesAPage(t *testing.T) {
	b := open(t)
	for code, want := range map[string]int{"access_denied": 403, "login_required": 403, "interaction_required": 403, "consent_required": 403,
		"invalid_scope": 502, "unauthorized_client": 502, "weird_thing": 403, "<script>": 403} {
		b.idp.Lie(idp.Lies{Authorize: func(_, answer url.Values) {
			answer.Del("code")
			answer.Set("error", code)
			answer.Set("error_description", "<script>alert(1)</script>")
		}})
		c := b.browser()
		p := c.follow(c.get("/x"))
		if p.StatusCode != want || p.set("edgeauth") || strings.Contains(p.body, "script") || !strings.Contains(p.body, "/.edgeauth/login?") {
			t.Errorf("%s: %d\n%s", code, p.StatusCode, p.body)
		}
	}
}

func TestALoginPageThatStoodOpenTooLongStartsAgainOnce(t *testing.T) {
	b := open(t)
	c := b.browser()
	b.idp.Lie(idp.Lies{Authorize: func(_, answer url.Values) { // as Keycloak does
		answer.Del("code")
		answer.Set("error", "temporarily_unavailable")
		answer.Set("error_description", "authentication_expired")
	}})
	callback := c.callback("/x")
	b.idp.Lie(idp.Lies{})
	if p := c.follow(c.get(callback)); !strings.HasPrefix(p.body, "/x ") {
		t.Errorf("it ended at %s with %d", p.Request.URL, p.StatusCode)
	}
}

func TestFailuresOfTheTokenEndpoint(t *testing.T) {
	answer := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}
	}
	for name, c := range map[string]struct {
		lies idp.Lies
		want int
	}{
		"away":            {idp.Lies{TokenRaw: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }}, 503},
		"500":             {idp.Lies{TokenRaw: answer(500, "")}, 503},
		"invalid_grant":   {idp.Lies{TokenRaw: answer(400, `{"error":"invalid_grant","error_description":"secret words"}`)}, 400},
		"unknown client":  {idp.Lies{TokenRaw: answer(401, `{"error":"invalid_client"}`)}, 502},
		"a forged answer": {idp.Lies{IDToken: func(_, claims map[string]any) { claims["nonce"] = "another" }}, 400},
	} {
		t.Run(name, func(t *testing.T) {
			b := open(t)
			person := b.browser()
			b.idp.Lie(c.lies)
			p := person.follow(person.get("/x"))
			if p.StatusCode != c.want || p.set("edgeauth") || strings.Contains(p.body, "secret words") {
				t.Errorf("answered %d, want %d:\n%s", p.StatusCode, c.want, p.body)
			}
			if (p.refresh() != "") != (c.want == 503) || c.want == 503 && p.Header.Get("Retry-After") == "" {
				t.Errorf("refresh %q, Retry-After %q", p.refresh(), p.Header.Get("Retry-After"))
			}
			b.idp.Lie(idp.Lies{})
			person.login("/x")
		})
	}
}

func TestAProviderThatWasNeverThereIsASiteThatRetries(t *testing.T) {
	b := open(t)
	gone, err := oidc.New(oidc.Config{Name: "gone", Issuer: "http://127.0.0.1:1", ClientID: "x", ClientSecret: "y"})
	if err != nil {
		t.Fatal(err)
	}
	b.opt.Providers = append(b.opt.Providers, gone)
	b.restart()
	p := b.browser().get("/.edgeauth/login?rd=/x&provider=gone")
	if p.StatusCode != 503 || p.refresh() != "/.edgeauth/login?provider=gone&rd=%2Fx" || p.Header.Get("Retry-After") == "" {
		t.Errorf("answered %d, refresh %q", p.StatusCode, p.refresh())
	}
}
