package login_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/internal/idp"
	"github.com/edgeauth/edgeauth/login"
	"github.com/edgeauth/edgeauth/oidc"
	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/session"
)

// logout presses the button of the confirmation page.
func (c *browser) logout() page {
	c.t.Helper()
	return c.post("/.edgeauth/logout", nil, "Sec-Fetch-Site", "same-origin", "Origin", c.edge.URL)
}

func TestLogoutEndsTheSessionHereAndAtTheProvider(t *testing.T) {
	b := open(t)
	c := b.browser()
	c.login("/x")
	copied := c.cookie("edgeauth")
	p := c.get("/.edgeauth/logout")
	policy := p.Header.Get("Content-Security-Policy")
	if p.StatusCode != http.StatusOK || !strings.Contains(p.body, `method="post"`) || !strings.Contains(p.body, "alice") ||
		!strings.Contains(p.body, "ends your session here and at the login service") ||
		!strings.Contains(policy, "form-action 'self' "+b.idp.Issuer()) || p.Header.Get("Referrer-Policy") != "same-origin" {
		t.Errorf("the confirmation page: %d, %v\n%s", p.StatusCode, p.Header, p.body)
	}
	p = c.logout()
	scopes := map[revocation.Scope]bool{}
	for _, e := range b.shop.log.all() { // before the provider sends a logout token of its own
		scopes[e.Scope] = true
	}
	if !scopes[revocation.ScopeFamily] || !scopes[revocation.ScopeIdPSession] {
		t.Errorf("the log has entries of scopes %v", scopes)
	}
	if got := p.Header.Values("Clear-Site-Data"); len(got) != 1 || got[0] != `"cache"` {
		t.Errorf("Clear-Site-Data is %q: what applications let the browser keep is to go, and no cookie of the device or of sibling hosts", got)
	}
	p = c.follow(p)
	if p.Request.URL.Path != "/.edgeauth/logged-out" || p.StatusCode != http.StatusOK {
		t.Errorf("it ended at %s with %d", p.Request.URL, p.StatusCode)
	}
	if c.cookie("edgeauth") != "" || c.cookie("edgeauth-device") == "" || len(b.idp.Sessions()) != 0 {
		t.Errorf("session cookie %q, device cookie %q, %d sessions at the provider", c.cookie("edgeauth"), c.cookie("edgeauth-device"), len(b.idp.Sessions()))
	}
	c.put("edgeauth", copied)
	if p := c.get("/x"); p.StatusCode == http.StatusOK {
		t.Error("CK-17: a copy of the cookie lives on")
	}
}

func TestThePageBeforeALogoutPromisesOnlyWhatWillEnd(t *testing.T) {
	b := open(t, func(s *setup) { s.provider = func(c *oidc.Config) { c.Logout = false } })
	c := b.browser()
	c.login("/x")
	if p := c.get("/.edgeauth/logout"); !strings.Contains(p.body, "At the login service you stay logged in.") || !strings.Contains(p.body, "alice") {
		t.Errorf("the page says\n%s", p.body)
	}
	if p := c.logout(); p.Header.Get("Location") != b.edge.URL+"/.edgeauth/logged-out" || len(b.idp.Sessions()) != 1 {
		t.Errorf("it leads to %q, and the provider has %d sessions", p.Header.Get("Location"), len(b.idp.Sessions()))
	}
}

func TestLO_16_LogoutCSRF(t *testing.T) {
	b := open(t)
	c := b.browser()
	c.login("/x")
	for name, headers := range map[string][]string{
		"image": {"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "image", "Accept", "image/*"},
		"link":  {"Sec-Fetch-Site", "cross-site"}, "prerender": {"Sec-Purpose", "prefetch;prerender", "Sec-Fetch-Site", "same-origin"}, "plain": nil,
	} {
		if p := c.get("/.edgeauth/logout", headers...); p.StatusCode != http.StatusOK || len(p.Cookies()) != 0 {
			t.Errorf("GET %s: %d with cookies %v", name, p.StatusCode, p.Cookies())
		}
	}
	for name, headers := range map[string][]string{
		"cross-site": {"Sec-Fetch-Site", "cross-site"}, "same-site": {"Sec-Fetch-Site", "same-site"}, "none": {"Sec-Fetch-Site", "none"},
		"foreign origin": {"Origin", "https://evil.test"}, "null origin": {"Origin", "null"}, "nothing": {"Sec-Fetch-Mode", ""},
		"foreign origin, lying metadata": {"Origin", "https://evil.test", "Sec-Fetch-Site", "same-origin"},
		"foreign referer":                {"Referer", "https://evil.test/" + b.edge.URL}, "referer of a host that begins like ours": {"Referer", b.edge.URL + ".evil.test/"},
	} {
		p := c.post("/.edgeauth/logout", nil, headers...)
		if p.StatusCode != http.StatusForbidden || len(p.Cookies()) != 0 {
			t.Errorf("POST %s: %d with cookies %v", name, p.StatusCode, p.Cookies())
		}
	}
	if p := c.get("/x"); p.StatusCode != http.StatusOK {
		t.Fatal("the session is gone")
	}
	for name, headers := range map[string][]string{"origin": {"Origin", b.edge.URL}, "metadata": {"Sec-Fetch-Site", "same-origin"}, "referer": {"Referer", b.edge.URL + "/.edgeauth/logout"}} {
		c := b.browser()
		c.login("/x")
		if p := c.post("/.edgeauth/logout", nil, headers...); p.StatusCode != http.StatusSeeOther || c.cookie("edgeauth") != "" {
			t.Errorf("POST with %s of our own: %d", name, p.StatusCode)
		}
	}
}

func TestLO_17_TheEndSessionRequestAndWhatComesBack(t *testing.T) {
	b := open(t)
	states := map[string]bool{}
	var first string
	for _, lie := range []func(q, back url.Values){nil, func(_, back url.Values) { back.Set("state", "other") }, func(_, back url.Values) { back.Del("state") }} {
		b.idp.Lie(idp.Lies{EndSession: lie})
		c := b.browser()
		c.login("/x")
		p := c.logout()
		u, err := url.Parse(p.to())
		if err != nil {
			t.Fatal(err)
		}
		q := u.Query()
		issued := b.idp.Issued()
		if q.Get("id_token_hint") != issued[len(issued)-1].IDToken || q.Get("client_id") != "edge" ||
			q.Get("post_logout_redirect_uri") != b.edge.URL+"/.edgeauth/logged-out" || len(q.Get("state")) < 16 || states[q.Get("state")] {
			t.Errorf("the request is %v", q)
		}
		states[q.Get("state")] = true
		p = c.follow(p)
		body := requestID.ReplaceAllString(p.body, "ID")
		if first == "" {
			first = body
		}
		if body != first || p.StatusCode != http.StatusOK || len(p.Cookies()) != 0 {
			t.Errorf("the page differs: %d, %v\n%s", p.StatusCode, p.Cookies(), p.body)
		}
	}
	c := b.browser()
	c.login("/x")
	p := c.get("/.edgeauth/logged-out?state=x&error=%3Cscript%3E")
	if requestID.ReplaceAllString(p.body, "ID") != first || len(p.Cookies()) != 0 {
		t.Errorf("a forged visit shows another page: %s", p.body)
	}
	if p := c.get("/x"); p.StatusCode != http.StatusOK {
		t.Error("a forged visit logs out")
	}
}

func TestLogoutWithoutAReadableTokenNamesTheUser(t *testing.T) {
	b := open(t)
	c := b.browser()
	c.login("/x")
	b.shop.mu.Lock()
	b.shop.values = map[string][]byte{}
	b.shop.mu.Unlock()
	u, err := url.Parse(c.logout().to())
	if err != nil {
		t.Fatal(err)
	}
	if q := u.Query(); q.Has("id_token_hint") || q.Get("logout_hint") != "alice" || q.Get("client_id") != "edge" {
		t.Errorf("the request is %v", q)
	}
}

func TestLogoutWithoutASessionSaysSoAndClearsNothing(t *testing.T) {
	b := open(t)
	c := b.browser()
	for _, p := range []page{c.get("/.edgeauth/logout"), c.logout()} {
		if p.StatusCode != http.StatusOK || !strings.Contains(p.body, "not logged in") || len(p.Header["Set-Cookie"]) != 0 {
			t.Errorf("answered %d with %v:\n%s", p.StatusCode, p.Header["Set-Cookie"], p.body)
		}
	}
}

func TestLogoutWhileTheStoreIsAwayIsHonest(t *testing.T) {
	b := open(t)
	c := b.browser()
	c.login("/x")
	copied := c.cookie("edgeauth")
	b.shop.away.Store(true)
	p := c.logout()
	if p.StatusCode != http.StatusAccepted || !strings.Contains(p.body, "not yet everywhere") || !strings.Contains(p.body, b.idp.Issuer()+"/end_session") {
		t.Errorf("answered %d:\n%s", p.StatusCode, p.body)
	}
	if c.cookie("edgeauth") != "" {
		t.Error("the cookie is still there")
	}
	c.put("edgeauth", copied)
	if p := c.get("/x"); p.StatusCode == http.StatusOK {
		t.Error("a copy of the cookie lives on at this edge")
	}
}

// saying is a log that says how far what it was given has come.
type saying struct {
	login.Revoker
	how revocation.Delivery
}

func (s saying) Write(ctx context.Context, entries ...revocation.Entry) (revocation.Delivery, error) {
	_, err := s.Revoker.Write(ctx, entries...)
	return s.how, err
}

func TestWhatARestartWouldLoseIsSaid(t *testing.T) {
	b := open(t)
	to := b.opt.Revoker
	const keeps, loses = "even if ", "If it is restarted before, it can"
	for how, want := range map[revocation.Delivery]struct{ page, list, not string }{
		revocation.Pending:  {keeps + "it is restarted before", keeps + "this server is restarted before", "can&#39;t"},
		revocation.InMemory: {"accept a copy of your session until that ends by itself", "then end the session again", keeps},
	} {
		b.opt.Revoker = to
		b.restart()
		one, two, three := b.browser(), b.browser(), b.browser()
		for _, c := range []*browser{one, two, three} {
			c.login("/x")
		}
		b.opt.Revoker = saying{to, how}
		b.restart()
		if p := one.end(two.family()); p.StatusCode != http.StatusAccepted || !strings.Contains(p.body, want.list) || strings.Contains(p.body, want.not) {
			t.Errorf("%v: the list says\n%s", how, p.body)
		}
		if p := one.logout(); p.StatusCode != http.StatusAccepted || !strings.Contains(p.body, want.page) || strings.Contains(p.body, want.not) ||
			!strings.Contains(p.body, "Go on to log out at the login service too.") || !strings.Contains(p.body, "/end_session") {
			t.Errorf("%v: the page says\n%s", how, p.body)
		}
		if p, got := three.fetch(http.MethodPost, url.Values{"end": {"all"}}); p.StatusCode != http.StatusAccepted || got.Delivery != how.String() ||
			strings.Contains(got.Detail, loses) == (how == revocation.Pending) || !strings.Contains(got.Detail, "does not answer right now") {
			t.Errorf("%v: a script is told %s", how, p.body)
		}
	}
}

func TestALogoutThatIsNotDeliveredPromisesNoLogoutAtAProviderThatHasNone(t *testing.T) {
	b := open(t, func(s *setup) { s.provider = func(c *oidc.Config) { c.Logout = false } })
	c := b.browser()
	c.login("/x")
	b.opt.Revoker = saying{b.opt.Revoker, revocation.Pending}
	b.restart()
	if p := c.logout(); p.StatusCode != http.StatusAccepted || strings.Contains(p.body, "log out at the login service") || !strings.Contains(p.body, "Log in again") {
		t.Errorf("answered %d:\n%s", p.StatusCode, p.body)
	}
}

func TestALogoutWhileTheProviderIsAwayIsHonest(t *testing.T) {
	t.Parallel() // until the edge has noticed that the provider is away it waits for some 15 seconds
	b := open(t)
	c, other := b.browser(), b.browser()
	c.login("/x")
	other.login("/x")
	const away = "does not answer right now"
	if p := c.get("/.edgeauth/logout"); strings.Contains(p.body, away) {
		t.Errorf("the page says of a provider that is there:\n%s", p.body)
	}
	b.idp.Lie(idp.Lies{Down: true})
	within(t, "the edge has noticed", func() bool { return !b.opt.Providers[0].Status().Ready })
	if p := c.get("/.edgeauth/logout"); !strings.Contains(p.body, away+": there you stay logged in") || strings.Contains(p.body, "here and at the login service") {
		t.Errorf("the page before it says:\n%s", p.body)
	}
	if p := c.get(mine); strings.Contains(p.body, "at the login service, too") {
		t.Errorf("the list promises what will not be:\n%s", p.body)
	}
	p := c.logout()
	if p.StatusCode != http.StatusOK || !strings.Contains(p.body, "Logged out here, not at the login service") || !strings.Contains(p.body, away) ||
		strings.Contains(p.body, "other servers") || !strings.Contains(p.body, `href="/.edgeauth/login"`) || strings.Contains(p.body, "/.edgeauth/logged-out") || c.cookie("edgeauth") != "" {
		t.Errorf("answered %d:\n%s", p.StatusCode, p.body)
	}
	b.shop.away.Store(true)
	p, got := other.fetch(http.MethodPost, url.Values{"end": {"all"}})
	if p.StatusCode != http.StatusAccepted || got.Next != b.edge.URL+"/.edgeauth/logged-out" || !strings.Contains(got.Detail, away) || !strings.Contains(got.Detail, "other servers") {
		t.Errorf("a script is answered %d: %s", p.StatusCode, p.body)
	}
}

// Whoever has a copy of a cookie that counts for nothing must not be able to end with it what its owner began since: the provider's
// session, and so its name, may be the same.
func TestCK_17_WithACopyOfACookieThatHasEndedNobodyIsLoggedOut(t *testing.T) {
	revoke := func(register func(*session.Session) revocation.Register) func(*bed, *browser) {
		return func(b *bed, c *browser) {
			now := revocation.MillisOf(b.now())
			if _, err := b.opt.Revoker.Write(t.Context(), revocation.Entry{Register: register(b.open(c.cookie("edgeauth"))), Value: revocation.Value{Since: now, Until: now + 36_000_000}}); err != nil {
				t.Fatal(err)
			}
		}
	}
	for what, end := range map[string]func(*bed, *browser){
		"ended from another browser":     revoke(func(s *session.Session) revocation.Register { return revocation.Family(s.Family) }),
		"stepped up to another id since": revoke(func(s *session.Session) revocation.Register { return revocation.Session(s.ID) }),
		"ended by the provider":          func(b *bed, _ *browser) { b.deliver(b.token()) },
		"replaced by another login":      func(_ *bed, c *browser) { c.follow(c.get(c.callback("/.edgeauth/login?rd=/x"))) },
		"at its end":                     func(b *bed, _ *browser) { b.offset.Add(int64(61 * time.Minute)) },
	} {
		b := open(t)
		c, thief := b.browser(), b.browser()
		c.login("/x")
		thief.put("edgeauth", c.cookie("edgeauth"))
		end(b, c)
		c.login("/x")
		if p := thief.get("/.edgeauth/logout"); strings.Contains(p.body, "alice") {
			t.Errorf("%s: the page before the logout says whose it was", what)
		}
		if p := thief.logout(); p.StatusCode != http.StatusOK || !strings.Contains(p.body, "You are not logged in") || len(b.idp.Sessions()) == 0 || !c.alive() {
			t.Errorf("%s: answered %d; the provider has %d sessions, the owner's session lives: %v", what, p.StatusCode, len(b.idp.Sessions()), c.alive())
		}
	}
}

func TestCK_17_TheCookieFromBeforeAStepUpEndsNothingWhenItIsReplaced(t *testing.T) {
	b := open(t)
	c, thief := b.browser(), b.browser()
	c.login("/x")
	thief.put("edgeauth", c.cookie("edgeauth"))
	stepped, now := *b.open(c.cookie("edgeauth")), revocation.MillisOf(b.now())
	if _, err := b.opt.Revoker.Write(t.Context(), revocation.Entry{Register: revocation.Session(stepped.ID), Value: revocation.Value{Since: now, Until: now + 36_000_000}}); err != nil {
		t.Fatal(err)
	}
	stepped.ID = identity.NewSessionID()
	answer := httptest.NewRecorder()
	if err := b.opt.Cookies.Set(answer, &stepped); err != nil {
		t.Fatal(err)
	}
	c.put("edgeauth", answer.Result().Cookies()[0].Value)
	b.idp.AutoLogin("bob") // in whose browser the copy lies
	if thief.login("/x"); !c.alive() {
		t.Error("a login in the browser that has the copy ends its owner's session")
	}
}

func TestALogoutInAnotherTabEndsALoginInFlight(t *testing.T) {
	b := open(t)
	c := b.browser()
	c.login("/x")
	inFlight := c.callback("/.edgeauth/login?rd=/y")
	c.follow(c.logout())
	p := c.get(inFlight)
	if p.set("edgeauth") {
		t.Errorf("a session comes of it: %d", p.StatusCode)
	}
}

func TestASessionThatIsRevokedEndsTheLoginThatWasToReplaceIt(t *testing.T) {
	b := open(t)
	c := b.browser()
	c.login("/x")
	inFlight := c.callback("/.edgeauth/login?rd=/y")
	now := revocation.MillisOf(b.now())
	if _, err := b.opt.Revoker.Write(t.Context(), revocation.Entry{Register: revocation.Family(b.open(c.cookie("edgeauth")).Family),
		Value: revocation.Value{Since: now, Until: now + 3600_000, Reason: "admin", Actor: "root"}}); err != nil {
		t.Fatal(err)
	}
	p := c.get(inFlight)
	if p.set("edgeauth") {
		t.Errorf("a session comes of it: %d", p.StatusCode)
	}
	if p := c.follow(p); !strings.HasPrefix(p.body, "/y ") {
		t.Errorf("the login that began after it ended at %s with %d", p.Request.URL, p.StatusCode)
	}
}

func TestTheStoreIsAwayWhenACallbackComes(t *testing.T) {
	b := open(t)
	c := b.browser()
	first := c.login("/x")
	callback := c.callback("/.edgeauth/login?rd=/y")
	b.shop.away.Store(true)
	p := c.get(callback)
	if p.StatusCode != http.StatusServiceUnavailable || p.Header.Get("Retry-After") == "" || !strings.HasPrefix(p.refresh(), "/.edgeauth/login?") ||
		b.idp.Count(idp.Token) != 1 {
		t.Errorf("answered %d, refresh %q, %d token requests:\n%s", p.StatusCode, p.refresh(), b.idp.Count(idp.Token), p.body)
	}
	for _, k := range p.Cookies() {
		if k.Name != "edgeauth-login" {
			t.Errorf("the answer touches cookie %s", k.Name)
		}
	}
	if again := c.get("/x"); family(again) != family(first) {
		t.Error("the session of before is gone")
	}
	b.shop.away.Store(false)
	if p := c.follow(c.get(p.refresh())); !strings.HasPrefix(p.body, "/y ") {
		t.Errorf("the retry ended at %s with %d", p.Request.URL, p.StatusCode)
	}
}
