package login_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/audit"
	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/internal/idp"
	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/session"
)

// answered begins something and stops before the provider's answer reaches the edge: the answer is sent by the function.
func (c *browser) answered(path string) func() page {
	c.t.Helper()
	if !c.setup.formPost {
		to := c.callback(path)
		return func() page { c.t.Helper(); return c.get(to) }
	}
	p := c.get(path)
	for range 5 {
		if strings.Contains(p.body, `name="state"`) {
			return func() page { c.t.Helper(); return c.postBack(p) }
		}
		p = c.get(p.to())
	}
	c.t.Fatalf("no answer for %s", path)
	return nil
}

// held is the session that the browser's cookie holds.
func (c *browser) held() *session.Session {
	c.t.Helper()
	s, err := c.opt.Cookies.Open(c.cookie("edgeauth"))
	if err != nil {
		c.t.Fatal(err)
	}
	return s
}

// bothModes runs a test with a provider that answers by redirect and with one that answers by a cross-site POST.
func bothModes(t *testing.T, f func(*testing.T, *bed)) {
	for name, mode := range map[string]func(*setup){"query": func(*setup) {}, "form_post": formPost} {
		t.Run(name, func(t *testing.T) { f(t, open(t, leveled, mode)) })
	}
}

func TestAStepUpDoesNotReviveWhatTheLogHasEndedMeanwhile(t *testing.T) {
	since := revocation.MillisOf(time.Now())
	value := revocation.Value{Since: since, Until: since + 720*3600*1000, Reason: "stolen", Actor: "operator"}
	for what, register := range map[string]func(*session.Session) revocation.Register{
		"its family":             func(s *session.Session) revocation.Register { return revocation.Family(s.Family) },
		"its person's":           func(s *session.Session) revocation.Register { return revocation.Subject(s.Subject) },
		"the provider's session": func(s *session.Session) revocation.Register { return revocation.IdPSession(s.IdPSession()) },
		"its device's":           func(s *session.Session) revocation.Register { return revocation.Device(s.Device) },
		"everybody's":            func(*session.Session) revocation.Register { return revocation.All() },
	} {
		t.Run(what, func(t *testing.T) {
			bothModes(t, func(t *testing.T, b *bed) {
				c := b.browser()
				c.login("/open")
				b.raise("alice", identity.High, b.now())
				answer, old := c.answered("/sensitive/a"), c.held()
				v := value
				v.Since = revocation.MillisOf(b.now().Add(identity.MaxClockSkew))
				if _, err := b.opt.Revoker.Write(context.Background(), revocation.Entry{Register: register(old), Value: v}); err != nil {
					t.Fatal(err)
				}
				p := answer()
				if p.set("edgeauth") || b.events.of(audit.StepUpProven) > 0 {
					t.Fatalf("a session came of it: %d, to %s", p.StatusCode, p.to())
				}
				if p = c.follow(p); p.StatusCode != http.StatusOK || c.held().Family == old.Family {
					t.Errorf("it goes on as %s (was %s) with %d:\n%s", c.held().Family, old.Family, p.StatusCode, p.body)
				}
			})
		})
	}
}

func TestAStepUpDoesNotReviveASessionThatLoggedOut(t *testing.T) {
	bothModes(t, func(t *testing.T, b *bed) {
		c := b.browser()
		c.login("/open")
		b.raise("alice", identity.High, b.now())
		answer, old := c.answered("/sensitive/a"), c.held()
		c.post("/.edgeauth/logout", url.Values{}, "Origin", b.edge.URL, "Sec-Fetch-Site", "same-origin")
		if c.cookie("edgeauth") != "" {
			t.Fatal("the logout left the cookie")
		}
		p := answer()
		if p.set("edgeauth") || b.events.of(audit.StepUpProven) > 0 {
			t.Fatalf("a session came of it: %d, to %s", p.StatusCode, p.to())
		}
		if p := c.follow(p); c.held().Family == old.Family { // whom the provider still knows is logged in anew
			t.Errorf("the family goes on: %d at %s", p.StatusCode, p.Request.URL)
		}
	})
}

func TestAStepUpLeavesTheSessionOfALoginThatCameAfterIt(t *testing.T) {
	bothModes(t, func(t *testing.T, b *bed) {
		c := b.browser()
		c.login("/open")
		b.raise("alice", identity.High, b.now())
		answer := c.answered("/sensitive/a")
		c.follow(c.get("/.edgeauth/login?rd=/open"))
		newer := c.held()
		if p := answer(); p.StatusCode != http.StatusSeeOther || p.set("edgeauth") {
			t.Errorf("the step-up of the session before it: %d, to %s", p.StatusCode, p.to())
		}
		if now := c.held(); now.ID != newer.ID || c.get("/open").StatusCode != http.StatusOK {
			t.Errorf("the browser holds %s, want %s", now.Family, newer.Family)
		}
	})
}

func TestTwoTabsStepUpAtOnce(t *testing.T) {
	bothModes(t, func(t *testing.T, b *bed) {
		c := b.browser()
		c.login("/open")
		b.raise("alice", identity.High, b.now())
		old := c.held()
		first, second := c.answered("/sensitive/a"), c.answered("/sensitive/b")
		if p := c.follow(first()); p.StatusCode != http.StatusOK || !strings.HasPrefix(p.body, "/sensitive/a ") {
			t.Errorf("the first ends with %d:\n%s", p.StatusCode, p.body)
		}
		between := c.held()
		if p := c.follow(second()); p.StatusCode != http.StatusOK || !strings.HasPrefix(p.body, "/sensitive/b ") {
			t.Errorf("the second ends with %d:\n%s", p.StatusCode, p.body)
		}
		last := c.held()
		if last.Family != old.Family || between.Family != old.Family {
			t.Errorf("families %s, %s, %s", old.Family, between.Family, last.Family)
		}
		for _, s := range []*session.Session{old, between} {
			names := s.Bearer().Names()
			if st := b.opt.Log.Standing(&names); s.ID != last.ID && !st.Revoked {
				t.Errorf("the id %s goes on beside %s", s.ID, last.ID)
			}
		}
	})
}

// The binding knows which session the browser's last callback made; without it, the flow does.
func TestTheIDBeforeAStepUpEndsThoughNoCookieNamesIt(t *testing.T) {
	b := open(t, leveled, formPost)
	c := b.browser()
	c.login("/open")
	b.raise("alice", identity.High, b.now())
	old := c.held()
	c.drop("__Host-edgeauth-login")
	if p := c.follow(c.get("/sensitive/a")); p.StatusCode != http.StatusOK {
		t.Fatalf("the step-up ends with %d:\n%s", p.StatusCode, p.body)
	}
	names := old.Bearer().Names()
	if st := b.opt.Log.Standing(&names); !st.Revoked || st.Scope != revocation.ScopeSession {
		t.Errorf("the id from before goes on: %+v", st)
	}
}

func TestTwoTabsStepUpInTheSameMoment(t *testing.T) {
	b := open(t, leveled)
	c := b.browser()
	c.login("/open")
	b.raise("alice", identity.High, b.now())
	old := c.held()
	callbacks := []string{c.callback("/sensitive/a"), c.callback("/sensitive/b")}
	var wg sync.WaitGroup
	for _, to := range callbacks {
		wg.Go(func() { c.get(to) })
	}
	wg.Wait()
	if p := c.get("/sensitive/a"); p.StatusCode != http.StatusOK || c.held().Family != old.Family {
		t.Errorf("afterwards %d:\n%s", p.StatusCode, p.body)
	}
}

func TestAStepUpInAnotherBrowserElevatesNobody(t *testing.T) {
	bothModes(t, func(t *testing.T, b *bed) {
		c, thief := b.browser(), b.browser()
		c.login("/open")
		thief.login("/open")
		b.raise("alice", identity.High, b.now())
		was := thief.held()
		p := c.get("/sensitive/a")
		for !strings.Contains(p.to(), "/.edgeauth/callback?") && !strings.Contains(p.body, `name="state"`) {
			p = c.get(p.to())
		}
		if b.setup.formPost {
			p = thief.postBack(p)
		} else {
			p = thief.get(p.to())
		}
		if p.StatusCode != http.StatusForbidden || p.set("edgeauth") || b.events.of(audit.StepUpProven) > 0 || thief.held().ID != was.ID {
			t.Errorf("the other browser gets %d, to %s", p.StatusCode, p.to())
		}
	})
}

func TestTheStateOfAStepUpIsUsedOnce(t *testing.T) {
	b := open(t, leveled)
	c := b.browser()
	c.login("/open")
	b.raise("alice", identity.High, b.now())
	callback := c.callback("/sensitive/a")
	c.follow(c.get(callback))
	once := c.held()
	for what, again := range map[string]string{"reloaded": callback, "with another code": edited(t, callback, "code", "another")} {
		if p := c.get(again); p.set("edgeauth") || p.to() != b.edge.URL+"/sensitive/a" {
			t.Errorf("%s: %d, to %s", what, p.StatusCode, p.to())
		}
	}
	if c.held().ID != once.ID || b.events.of(audit.StepUpProven) != 1 || b.events.of(audit.ReplayRefused) != 1 {
		t.Errorf("%d proven, %d replays", b.events.of(audit.StepUpProven), b.events.of(audit.ReplayRefused))
	}
}

func TestAReloadOfARefusedStepUpBeginsItAgain(t *testing.T) {
	bothModes(t, func(t *testing.T, b *bed) {
		c := b.carol()
		b.raise("carol", identity.High, b.now())
		c.follow(c.get("/sensitive/a")) // enrols, and is refused for it
		answer := c.answered("/sensitive/a")
		answer()
		p := answer()
		to, err := url.Parse(p.to())
		if err != nil || !strings.HasSuffix(to.Path, "/authorize") || to.Query().Get("acr_values") != "bio" || p.set("edgeauth") {
			t.Fatalf("loaded again: %d, to %s:\n%s", p.StatusCode, p.to(), p.body)
		}
		c.refused(c.follow(p), http.StatusForbidden, "new_authenticator")
	})
}

func TestAStepUpThatTookTooLongBeginsAgain(t *testing.T) {
	bothModes(t, func(t *testing.T, b *bed) {
		c := b.browser()
		c.login("/open")
		family := c.held().Family
		answer := c.answered("/bio/a")
		b.offset.Add(int64(session.BindingLifetime))
		if p := c.follow(answer()); p.StatusCode != http.StatusOK || !strings.HasPrefix(p.body, "/bio/a ") {
			t.Errorf("it ends at %s with %d:\n%s", p.Request.URL, p.StatusCode, p.body)
		}
		if !b.setup.formPost && c.held().Family != family {
			t.Error("the session is another")
		}
	})
}

func TestAProviderInTroubleEndsAStepUpWithAPage(t *testing.T) {
	bothModes(t, func(t *testing.T, b *bed) {
		c := b.browser()
		c.login("/open")
		b.raise("alice", identity.High, b.now())
		for _, code := range []string{"server_error", "temporarily_unavailable"} {
			b.idp.Lie(idp.Lies{Authorize: func(_, v url.Values) { v.Del("code"); v.Set("error", code) }})
			p := c.follow(c.get("/sensitive/a"))
			c.refused(p, http.StatusServiceUnavailable, "provider_unavailable")
			if !strings.Contains(p.refresh(), "level=high") {
				t.Errorf("the page goes on to %q", p.refresh())
			}
		}
		for _, code := range []string{"login_required", "interaction_required", "invalid_scope", "something_new", "<script>"} {
			b.idp.Lie(idp.Lies{Authorize: func(_, v url.Values) { v.Del("code"); v.Set("error", code) }})
			p := c.follow(c.get("/sensitive/a"))
			if p.StatusCode < 400 || strings.Contains(p.body, "You are not logged in") || strings.Contains(p.body, code) {
				t.Errorf("%s: %d\n%s", code, p.StatusCode, p.body)
			}
		}
	})
}

func TestTheStoreIsDownWhenAStepUpComesBack(t *testing.T) {
	bothModes(t, func(t *testing.T, b *bed) {
		c := b.browser()
		c.login("/open")
		b.raise("alice", identity.High, b.now())
		answer, was := c.answered("/sensitive/a"), c.cookie("edgeauth")
		b.shop.away.Store(true)
		p := answer()
		if p.StatusCode != http.StatusServiceUnavailable || p.Header.Get("Retry-After") == "" || c.cookie("edgeauth") != was {
			t.Errorf("status %d:\n%s", p.StatusCode, p.body)
		}
		b.shop.away.Store(false)
		if p := c.follow(c.get(p.refresh())); p.StatusCode != http.StatusOK || !strings.HasPrefix(p.body, "/sensitive/a ") {
			t.Errorf("once it is back: %d at %s\n%s", p.StatusCode, p.Request.URL, p.body)
		}
	})
}

// What ends a family, or an id of it, has to be known for as long as anything of the family can live: longer than the
// fifteen minutes that a raised session has.
func TestWhatEndsARaisedSessionIsRememberedAsLongAsItsFamilyCouldLive(t *testing.T) {
	b := open(t, leveled)
	c := b.browser()
	c.login("/open")
	first := c.held()
	b.raise("alice", identity.High, b.now())
	c.follow(c.get("/sensitive/a"))
	second := c.held()
	if !second.FamilyExpires.Equal(first.FamilyExpires) || !second.Expires.Before(first.Expires.Add(-30*time.Minute)) {
		t.Fatalf("the session ends at %v and its family at %v, it was %v and %v", second.Expires, second.FamilyExpires, first.Expires, first.FamilyExpires)
	}
	c.post("/.edgeauth/logout", url.Values{}, "Origin", b.edge.URL, "Sec-Fetch-Site", "same-origin")
	want := map[revocation.Register]bool{revocation.Session(first.ID): true, revocation.Family(first.Family): true}
	for _, e := range b.shop.log.all() {
		if want[e.Register] && e.Until < revocation.MillisOf(first.FamilyExpires) {
			t.Errorf("%v is forgotten at %v, the family could live until %v", e.Register, e.Until.Time(), first.FamilyExpires)
		}
		delete(want, e.Register)
	}
	if len(want) > 0 {
		t.Errorf("not in the log: %v", want)
	}
}
