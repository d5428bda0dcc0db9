package login_test

import (
	"bytes"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/audit"
	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/internal/idp"
	"github.com/edgeauth/edgeauth/internal/idp/jose"
	"github.com/edgeauth/edgeauth/login"
	"github.com/edgeauth/edgeauth/revocation"
)

// claims edits a logout token of the provider.
type claims func(header, claims map[string]any)

// token is a logout token about alice's session, edited.
func (b *bed) token(edits ...claims) string {
	return b.idp.LogoutToken(func(header, c map[string]any) {
		c["aud"], c["sub"] = "edge", "demo-alice"
		for _, edit := range edits {
			edit(header, c)
		}
	})
}

// deliver posts a logout token as the provider does.
func (b *bed) deliver(token string) page {
	b.t.Helper()
	resp, err := b.idp.SendBackchannelLogout(b.t.Context(), "edge", token)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	if resp.Header.Get("Cache-Control") != "no-store" {
		b.t.Errorf("Cache-Control is %q", resp.Header.Get("Cache-Control"))
	}
	return page{resp, string(body)}
}

func (c *browser) alive() bool {
	c.t.Helper()
	return c.get("/x").StatusCode == http.StatusOK
}

func TestLO_01_BackchannelLogoutBySID(t *testing.T) {
	b := open(t)
	one, two := b.browser(), b.browser()
	one.login("/x")
	sid := b.idp.Sessions()[0].SID
	two.login("/x")
	p := b.deliver(b.token(func(_, c map[string]any) { c["sid"] = sid }))
	if p.StatusCode != http.StatusOK {
		t.Fatalf("answered %d: %s", p.StatusCode, p.body)
	}
	if one.alive() || !two.alive() {
		t.Errorf("the session lives: %v; that of the other browser: %v", one.alive(), two.alive())
	}
}

func TestLO_02_BackchannelLogoutBySubject(t *testing.T) {
	b := open(t)
	one, two, bob := b.browser(), b.browser(), b.browser()
	one.login("/x")
	two.login("/x")
	b.idp.AutoLogin("bob")
	bob.login("/x")
	if p := b.deliver(b.token()); p.StatusCode != http.StatusOK {
		t.Fatalf("answered %d: %s", p.StatusCode, p.body)
	}
	if one.alive() || two.alive() || !bob.alive() {
		t.Errorf("alice's sessions live: %v, %v; bob's: %v", one.alive(), two.alive(), bob.alive())
	}
	b.idp.AutoLogin("alice")
	one.login("/x")
}

func TestLO_04_to_LO_10_BadLogoutTokens(t *testing.T) {
	b := open(t)
	c := b.browser()
	c.login("/x")
	foreign, err := jose.NewRSA(b.idp.Key("RS256").ID)
	if err != nil {
		t.Fatal(err)
	}
	set := func(name string, value any) claims { return func(_, c map[string]any) { c[name] = value } }
	without := func(name string) claims { return func(_, c map[string]any) { delete(c, name) } }
	header := func(name string, value any) claims { return func(h, _ map[string]any) { h[name] = value } }
	hour := time.Hour
	header256, body, err := jose.Decode(b.token())
	if err != nil {
		t.Fatal(err)
	}
	issued := b.idp.Issued()[0]
	for name, token := range map[string]string{
		"LO-04 alg none": b.token(header("alg", "none")), "LO-04 ES256": b.token(header("alg", "ES256")), "LO-04 HS256": b.token(header("alg", "HS256")),
		"LO-04 unknown kid": b.token(header("kid", "unknown")), "LO-04 signature": jose.Compact(header256, body, foreign.Sign),
		"LO-05 iss": b.token(set("iss", "https://evil.test")), "LO-05 aud": b.token(set("aud", "other")), "LO-05 auds": b.token(set("aud", []string{"a", "b"})),
		"LO-07 nonce": b.token(set("nonce", "n")), "LO-07 null nonce": b.token(set("nonce", nil)), "LO-07 empty nonce": b.token(set("nonce", "")),
		"LO-08 nobody": b.token(without("sub")), "LO-08 no jti": b.token(without("jti")), "LO-08 no iat": b.token(without("iat")),
		"LO-08 old": b.token(set("iat", time.Now().Add(-hour).Unix())), "LO-08 ahead": b.token(set("iat", time.Now().Add(hour).Unix())),
		"LO-08 expired": b.token(set("exp", time.Now().Add(-hour).Unix())), "LO-08 no exp": b.token(without("exp")), "no event": b.token(without("events")),
		"LO-10 ID token": issued.IDToken, "LO-10 access token": issued.AccessToken, "LO-10 typ at+jwt": b.token(header("typ", "at+jwt")),
		"empty": "", "junk": "a.b.c", "no token": "x",
	} {
		if p := b.deliver(token); p.StatusCode != http.StatusBadRequest || strings.TrimSpace(p.body) != `{"error":"invalid_request"}` {
			t.Errorf("%s: answered %d: %s", name, p.StatusCode, p.body)
		}
	}
	if !c.alive() {
		t.Fatal("one of them logged out")
	}
	for name, token := range map[string]string{"LO-05 aud with another": b.token(set("aud", []string{"edge", "other"})), "LO-10 typ JWT": b.token(header("typ", "JWT"))} {
		if p := b.deliver(token); p.StatusCode != http.StatusOK {
			t.Errorf("%s: answered %d: %s", name, p.StatusCode, p.body)
		}
	}
}

func TestLO_11_FormsOfTheRequest(t *testing.T) {
	b := open(t)
	c := b.browser()
	c.login("/x")
	token := b.token()
	at := "/.edgeauth/backchannel-logout"
	var parts bytes.Buffer
	form := multipart.NewWriter(&parts)
	if err := form.WriteField("logout_token", token); err != nil {
		t.Fatal(err)
	}
	_ = form.Close() // writes to memory
	asJSON, err := json.Marshal(map[string]string{"logout_token": token})
	if err != nil {
		t.Fatal(err)
	}
	raw := func(kind string, body io.Reader, query ...string) int {
		resp, err := c.client.Post(b.edge.URL+at+strings.Join(query, ""), kind, body)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if resp.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: Cache-Control is %q", kind, resp.Header.Get("Cache-Control"))
		}
		return resp.StatusCode
	}
	const urlencoded = "application/x-www-form-urlencoded"
	for name, got := range map[string][2]int{
		"GET":       {c.get(at + "?logout_token=" + token).StatusCode, 405},
		"nothing":   {raw(urlencoded, strings.NewReader("")), 400},
		"JSON":      {raw("application/json", bytes.NewReader(asJSON)), 400},
		"multipart": {raw(form.FormDataContentType(), &parts), 400},
		"twice":     {raw(urlencoded, strings.NewReader("logout_token="+token+"&logout_token="+token)), 400},
		"10 MiB":    {raw(urlencoded, strings.NewReader("logout_token="+token+"&x="+strings.Repeat("a", 10<<20))), 413},
		"query":     {raw(urlencoded, strings.NewReader("x=1"), "?logout_token="+token), 400},
	} {
		if got[0] != got[1] {
			t.Errorf("%s: answered %d, want %d", name, got[0], got[1])
		}
	}
	if !c.alive() {
		t.Fatal("one of them logged out")
	}
	if p := c.post(at, url.Values{"logout_token": {token}, "extra": {"1"}}); p.StatusCode != http.StatusOK || c.alive() {
		t.Errorf("with a field more: answered %d; the session lives: %v", p.StatusCode, c.alive())
	}
}

func TestALogoutTokenThatComesAgainIsHarmless(t *testing.T) {
	b := open(t)
	c := b.browser()
	c.login("/x")
	token := b.token()
	if p := b.deliver(token); p.StatusCode != http.StatusOK || c.alive() {
		t.Fatalf("answered %d", p.StatusCode)
	}
	c.login("/x")
	if p := b.deliver(token); p.StatusCode != http.StatusOK {
		t.Errorf("the second time it is answered %d", p.StatusCode)
	}
	if !c.alive() {
		t.Error("the session that was made since is gone")
	}
	b.offset.Add(int64(110 * time.Second)) // the token lives for two minutes
	c.login("/x")
	if p := b.deliver(token); p.StatusCode != http.StatusOK || !c.alive() {
		t.Errorf("late in its life it is answered %d; the session lives: %v", p.StatusCode, c.alive())
	}
}

func TestLO_13_BackchannelLogoutWhileTheCodeIsSpent(t *testing.T) {
	bySub := func(*bed) claims { return func(_, _ map[string]any) {} }
	bySID := func(b *bed) claims { // of the very session at the provider that the login will come of
		return func(_, c map[string]any) { delete(c, "sub"); c["sid"] = b.idp.Sessions()[0].SID }
	}
	for name, c := range map[string]struct {
		ahead time.Duration
		edit  func(*bed) claims
	}{
		"by sub": {0, bySub}, "by sub, begun by an edge whose clock is ahead": {30 * time.Second, bySub},
		"by sid": {0, bySID}, "by sid, begun by an edge whose clock is ahead": {30 * time.Second, bySID},
	} {
		t.Run(name, func(t *testing.T) {
			ahead, edit := c.ahead, c.edit
			b := open(t)
			c := b.browser()
			b.offset.Store(int64(ahead))
			callback := c.callback("/x")
			b.offset.Store(0)
			b.idp.Lie(idp.Lies{TokenResponse: func(map[string]any) {
				if p := b.deliver(b.token(edit(b))); p.StatusCode != http.StatusOK {
					t.Errorf("the logout token is answered %d: %s", p.StatusCode, p.body)
				}
			}})
			p := c.get(callback)
			if p.set("edgeauth") {
				t.Errorf("a session is issued after the logout: %d", p.StatusCode)
			}
			b.idp.Lie(idp.Lies{})
			if p := c.follow(p); !strings.HasPrefix(p.body, "/x ") {
				t.Errorf("the next login ended at %s with %d", p.Request.URL, p.StatusCode)
			}
		})
	}
}

func TestASessionOfAnEdgeWhoseClockIsAheadIsEndedToo(t *testing.T) {
	for name, edit := range map[string]func(b *bed) claims{
		"by sub": func(*bed) claims { return func(_, _ map[string]any) {} },
		"by sid": func(b *bed) claims {
			return func(_, claims map[string]any) { claims["sid"] = b.idp.Sessions()[0].SID }
		},
	} {
		for ahead, lead := range map[time.Duration]time.Duration{50 * time.Second: time.Minute, 5 * time.Minute: 6 * time.Minute} {
			t.Run(name+", ahead by "+ahead.String(), func(t *testing.T) {
				b := open(t, func(s *setup) { s.edit = func(o *login.Options) { o.Lead = func() time.Duration { return lead } } })
				c := b.browser()
				b.offset.Store(int64(ahead))
				c.login("/x")
				b.offset.Store(0)
				if p := b.deliver(b.token(edit(b))); p.StatusCode != http.StatusOK || c.alive() {
					t.Errorf("answered %d; the session lives: %v", p.StatusCode, c.alive())
				}
			})
		}
	}
}

func TestARevocationByAClockThatIsAheadDoesNotKeepPeopleOut(t *testing.T) {
	b := open(t)
	c := b.browser()
	c.login("/x")
	b.offset.Store(int64(10 * time.Minute))
	if p := b.deliver(b.token()); p.StatusCode != http.StatusOK {
		t.Fatalf("answered %d", p.StatusCode)
	}
	b.offset.Store(0)
	c.login("/x")
	if p := b.deliver(b.token()); p.StatusCode != http.StatusOK || c.alive() {
		t.Errorf("answered %d; the session lives: %v", p.StatusCode, c.alive())
	}
	c.login("/x")
}

func TestANotBeforeInAnotherAgeLocksNobodyOutForEver(t *testing.T) {
	for _, since := range []revocation.Millis{253_370_764_799_999, 253_402_300_799_999, 1<<53 - 2} { // of the years 9998 and 9999, and the most that ever could be read
		b := open(t)
		entry := revocation.Entry{Register: revocation.All(), Value: revocation.Value{Since: since, Until: since + 1, Reason: "r"}}
		if e, err := revocation.Decode(entry.Encode()); err == nil { // else no edge would learn it
			if _, err := b.opt.Revoker.Write(t.Context(), e); err != nil {
				t.Fatal(err)
			}
		}
		if c := b.browser(); !strings.HasPrefix(c.follow(c.get("/.edgeauth/login?rd=/x")).body, "/x ") || !c.alive() {
			t.Errorf("behind a not-before of %d nobody can log in", since)
		}
	}
}

func TestLO_14_BackchannelLogoutWhileTheStoreIsAway(t *testing.T) {
	b := open(t)
	far := open(t, func(s *setup) { s.shop = b.shop })
	c := b.browser()
	c.login("/x")
	token := b.token()
	b.shop.away.Store(true)
	for range 2 {
		p := b.deliver(token)
		if p.StatusCode != http.StatusServiceUnavailable || p.Header.Get("Retry-After") == "" {
			t.Errorf("answered %d: %s", p.StatusCode, p.body)
		}
		if c.alive() {
			t.Error("the session lives on at this edge")
		}
	}
	b.shop.away.Store(false)
	if p := b.deliver(token); p.StatusCode != http.StatusOK {
		t.Errorf("with the store back it is answered %d", p.StatusCode)
	}
	entries := b.shop.log.all()
	if len(entries) == 0 {
		t.Fatal("nothing is in the log")
	}
	names := b.open(c.cookie("edgeauth")).Bearer().Names()
	within(t, "the other edge follows", func() bool { return far.opt.Log.Standing(&names).Revoked })
}

// The first edge marks the token as seen, and then it cannot tell the others. The provider's second attempt brings it to another.
func TestLO_14_ATokenThatOneEdgeCouldNotDeliverIsDeliveredByAnother(t *testing.T) {
	p := openPair(t)
	c := p.browser()
	c.login("/x")
	token := p.token()
	p.edges[0].Revoker = revocation.NewWriter(refusing{}, p.edges[0].Log.(*revocation.Replica), "here", func(int) {})
	p.on(0)
	if a := p.deliver(token); a.StatusCode != http.StatusServiceUnavailable || c.alive() {
		t.Fatalf("the first edge answers %d; the session lives there: %v", a.StatusCode, c.alive())
	}
	p.on(1)
	if !c.alive() {
		t.Fatal("the second edge has heard already, which shows nothing")
	}
	if a := p.deliver(token); a.StatusCode != http.StatusOK || c.alive() {
		t.Errorf("the second edge answers %d; the session lives there: %v", a.StatusCode, c.alive())
	}
}

func TestALogoutTokenIsHeardWhoeverLogsPeopleInAtThisHost(t *testing.T) {
	b := open(t, func(s *setup) {
		s.idps = 2
		s.edit = func(o *login.Options) { o.Heard, o.Providers = o.Providers, o.Providers[:1] }
	})
	b.opt.Heard = append(b.opt.Heard, b.secondClient())
	b.restart()
	for what, c := range map[string]struct {
		of  *idp.Server
		aud any
	}{
		"another host's provider":     {b.idps[1], "edge"},
		"another client of this one":  {b.idp, "second"},
		"the other client among some": {b.idp, []string{"app", "second"}},
		"the first client among some": {b.idp, []string{"app", "edge"}},
	} {
		token := c.of.LogoutToken(func(_, claims map[string]any) { claims["aud"], claims["sub"] = c.aud, what })
		names := revocation.Bearer{Subject: identity.Subject{Issuer: c.of.Issuer(), Sub: what}}.Names()
		if p := b.deliver(token); p.StatusCode != http.StatusOK || b.opt.Log.NotBefore(&names) == 0 {
			t.Errorf("%s: answered %d, not before %d", what, p.StatusCode, b.opt.Log.NotBefore(&names))
		}
	}
	if p := b.deliver(b.token(func(_, c map[string]any) { c["aud"] = "third" })); p.StatusCode != http.StatusBadRequest {
		t.Errorf("of a client that is none of ours: %d", p.StatusCode)
	}
}

func TestBackchannelLogoutWhileTheKeysCannotBeRead(t *testing.T) {
	b := open(t)
	b.idp.RotateKeys(false)
	b.idp.Lie(idp.Lies{JWKSRaw: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }})
	if p := b.deliver(b.token()); p.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("answered %d: %s", p.StatusCode, p.body)
	}
	b.idp.Lie(idp.Lies{})
	if b.events.of(audit.BackchannelBad) != 1 || !strings.Contains(b.events.String(), "provider_unavailable") {
		t.Errorf("it is not in the audit log with its reason:\n%s", b.events)
	}
}
