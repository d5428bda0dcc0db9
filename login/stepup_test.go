package login_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/audit"
	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/internal/idp"
	"github.com/edgeauth/edgeauth/internal/idp/factor"
	"github.com/edgeauth/edgeauth/internal/idp/idptest"
	"github.com/edgeauth/edgeauth/login"
	"github.com/edgeauth/edgeauth/policy"
)

func TestAStepUpOpensWhatAFloorHasClosed(t *testing.T) {
	for name, mode := range map[string]func(*setup){"query": func(*setup) {}, "form_post": formPost} {
		t.Run(name, func(t *testing.T) {
			b := open(t, leveled, mode)
			c := b.browser()
			before := c.login("/sensitive/a")
			b.raise("alice", identity.High, b.now())
			me := c.me()
			if me["level_proven"] != false || me["step_up_url"] != "/.edgeauth/login?level=high" {
				t.Errorf("the profile of a session with something to prove: %v", me)
			}
			if q := c.asked("/sensitive/a"); q.Get("acr_values") != "bio" || q.Get("claims") != `{"id_token":{"acr":{"values":["bio"]}}}` || q.Get("max_age") == "" || q.Get("login_hint") != "alice" {
				t.Errorf("the provider is asked for %v", q)
			}
			after := c.follow(c.get("/sensitive/a?b=c"))
			if after.StatusCode != http.StatusOK || !strings.HasPrefix(after.body, "/sensitive/a?b=c alice") || field(after, "family") != field(before, "family") {
				t.Fatalf("the step-up ends at %s with %d:\n%s", after.Request.URL, after.StatusCode, after.body)
			}
			if b.events.of(audit.StepUpProven) != 1 || b.events.of(audit.SessionReplaced) != 0 {
				t.Errorf("%d proven, %d sessions replaced", b.events.of(audit.StepUpProven), b.events.of(audit.SessionReplaced))
			}
			if me := c.me(); me["level"] != "high" || me["level_proven"] != true || me["step_up_url"] != nil {
				t.Errorf("the profile of a session that has proven it: %v", me)
			}
		})
	}
}

func TestSU_05_ACookieFromBeforeTheStepUpIsWorthless(t *testing.T) {
	b := open(t, leveled)
	c := b.browser()
	c.login("/sensitive/a")
	b.raise("alice", identity.High, b.now())
	old := c.cookie("edgeauth")
	c.follow(c.get("/sensitive/a"))
	if c.cookie("edgeauth") == old {
		t.Fatal("the step-up kept the cookie")
	}
	thief := b.browser()
	thief.put("edgeauth", old)
	for _, path := range []string{"/sensitive/a", "/open"} {
		if p := thief.get(path); p.StatusCode != http.StatusSeeOther || strings.Contains(p.to(), "level=") {
			t.Errorf("the cookie from before shows %s: %d, to %s", path, p.StatusCode, p.to())
		}
	}
}

func TestSU_05_AnElevatedSessionIsElevatedForSoLongAlone(t *testing.T) {
	b := open(t, leveled)
	c := b.browser()
	b.idp.Lie(idp.Lies{IDToken: idptest.AuthTime(-4 * time.Minute)})
	c.login("/fresh/a")
	b.idp.Lie(idp.Lies{})
	b.offset.Add(int64(time.Minute + 2*time.Second))
	if q := c.asked("/fresh/a"); q.Get("max_age") != "300" || q.Has("acr_values") || q.Has("prompt") {
		t.Errorf("the provider is asked for %v", q)
	}
	if p := c.get("/open"); p.StatusCode != http.StatusOK {
		t.Errorf("another page: %d", p.StatusCode)
	}
	if p := c.follow(c.get("/fresh/a")); p.StatusCode != http.StatusOK || field(p, "level") != "normal" {
		t.Errorf("the step-up ends with %d:\n%s", p.StatusCode, p.body)
	}
}

func TestARaisedSessionEndsFifteenMinutesAfterItsStepUp(t *testing.T) {
	b := open(t, leveled)
	c := b.browser()
	c.login("/open")
	b.raise("alice", identity.High, b.now())
	if p := c.follow(c.get("/sensitive/a")); p.StatusCode != http.StatusOK {
		t.Fatalf("the step-up ends with %d:\n%s", p.StatusCode, p.body)
	}
	for passed, want := range []int{http.StatusOK, http.StatusSeeOther} {
		if p := c.get("/open"); p.StatusCode != want || strings.Contains(p.to(), "level=") {
			t.Errorf("%d quarters of an hour after it: %d, to %s", passed, p.StatusCode, p.to())
		}
		b.offset.Add(int64(15 * time.Minute))
	}
}

// The lies of idptest are those of SU-01, SU-02 and SU-04. None of them elevates, ends the session or goes round in circles.
func TestSU_01_SU_02_SU_04_WhatComesBackDecides(t *testing.T) {
	for name, lies := range idptest.StepUpLies("bio") {
		for mode, edit := range map[string]func(*setup){"query": func(*setup) {}, "form_post": formPost} {
			t.Run(name+", "+mode, func(t *testing.T) {
				b := open(t, leveled, edit)
				c := b.browser()
				before := c.login("/open")
				b.raise("alice", identity.High, b.now())
				b.idp.Lie(lies)
				p := c.follow(c.get("/sensitive/a"))
				if p.StatusCode != http.StatusForbidden && p.StatusCode != http.StatusBadRequest || b.events.of(audit.StepUpProven) > 0 {
					t.Fatalf("it ends at %s with %d:\n%s", p.Request.URL, p.StatusCode, p.body)
				}
				if n := b.idp.Count(idp.Authorize); n > 3 || b.events.of(audit.StepUpAsked) > 2 || b.events.of(audit.StepUpRefused) != 1 {
					t.Errorf("the provider was asked %d times, %d step-ups, %d refused: at most two rounds", n, b.events.of(audit.StepUpAsked), b.events.of(audit.StepUpRefused))
				}
				if again := c.get("/open"); field(again, "family") != field(before, "family") {
					t.Errorf("the session is another: %s, was %s", again.body, before.body)
				}
				if p := c.get("/sensitive/a"); p.StatusCode != http.StatusSeeOther {
					t.Errorf("the page is open: %d", p.StatusCode)
				}
			})
		}
	}
}

func TestTheSecondRoundAsksForALoginOnTheSpot(t *testing.T) {
	b := open(t, leveled)
	c := b.browser()
	c.login("/open")
	b.raise("alice", identity.High, b.now())
	b.idp.Lie(idp.Lies{Request: idptest.Indifferent})
	p := c.get(c.callback("/sensitive/a"))
	to, err := url.Parse(p.to())
	if err != nil || to.Query().Get("prompt") != "login" || to.Query().Get("max_age") != "0" || to.Query().Get("acr_values") != "bio" {
		t.Fatalf("the second round asks %s", p.to())
	}
	b.idp.Lie(idp.Lies{})
	if p := c.follow(p); p.StatusCode != http.StatusOK || !strings.HasPrefix(p.body, "/sensitive/a ") {
		t.Errorf("it ends at %s with %d:\n%s", p.Request.URL, p.StatusCode, p.body)
	}
}

func TestSU_04_TheAnswerOfAnotherLoginDoesNotElevate(t *testing.T) {
	b := open(t, leveled)
	c := b.browser()
	c.login("/open")
	b.raise("alice", identity.High, b.now())
	stepUp, plain := c.callback("/sensitive/a"), c.callback("/.edgeauth/login?rd=/other")
	code := func(address string) string { u, _ := url.Parse(address); return u.Query().Get("code") }
	c.refused(c.get(edited(t, stepUp, "code", code(plain))), http.StatusBadRequest, "code_refused")
	if b.events.of(audit.StepUpProven) > 0 {
		t.Error("a code of a plain login elevated")
	}
}

func TestSU_04_SomebodyElseAnswersTheStepUp(t *testing.T) {
	b := open(t, leveled)
	c := b.browser()
	c.login("/open")
	b.raise("alice", identity.High, b.now())
	b.idp.AutoLogin("bob")
	p := c.follow(c.get("/sensitive/a"))
	if p.StatusCode != http.StatusForbidden || !strings.Contains(p.body, "other_subject") || p.set("edgeauth") {
		t.Errorf("it ends at %s with %d:\n%s", p.Request.URL, p.StatusCode, p.body)
	}
	// The provider has ended alice's session there, and may have told the edge.
	if open := c.get("/open"); open.StatusCode == http.StatusOK && !strings.Contains(open.body, " alice ") {
		t.Errorf("the session is %s", open.body)
	}
}

func TestSU_07_CancellingLeadsToAPageAndChangesNothing(t *testing.T) {
	for name, mode := range map[string]func(*setup){"query": func(*setup) {}, "form_post": formPost} {
		t.Run(name, func(t *testing.T) {
			b := open(t, leveled, mode)
			c := b.browser()
			c.login("/open")
			b.raise("alice", identity.High, b.now())
			b.idp.AutoLogin("")
			p := c.walk(c.follow(c.get("/sensitive/a")), idptest.Cancel())
			c.refused(p, http.StatusForbidden, "login_cancelled")
			if !strings.Contains(p.body, "You did not confirm") || !strings.Contains(p.body, `href="/"`) || strings.Contains(p.body, "You are not logged in") {
				t.Errorf("the page says\n%s", p.body)
			}
			if b.events.of(audit.StepUpRefused) != 1 || b.events.of(audit.LoginRefused) != 0 {
				t.Errorf("events: %s", b.events)
			}
		})
	}
}

func TestAProviderThatCannotDoItLeadsToThePageThatExplains(t *testing.T) {
	for name, mode := range map[string]func(*setup){"query": func(*setup) {}, "form_post": formPost} {
		t.Run(name, func(t *testing.T) {
			b := open(t, leveled, mode)
			c := b.browser()
			c.login("/open")
			b.raise("alice", identity.High, b.now())
			b.idp.SetClient(idp.Client{ID: "edge", Secret: "edge-secret", RedirectURIs: []string{b.edge.URL + "/.edgeauth/callback"},
				Contexts: factor.Ladder{{ACR: "pwd", Factor: factor.Password}}})
			p := c.follow(c.get("/sensitive/a"))
			c.refused(p, http.StatusForbidden, "not_proven")
			if !strings.Contains(p.body, "That was not enough") || b.events.of(audit.StepUpRefused) != 1 {
				t.Errorf("the page says\n%s", p.body)
			}
		})
	}
}

func TestLoginLinksThatNameNoLevelOrProofAreRefused(t *testing.T) {
	b := open(t, leveled)
	c := b.browser()
	c.login("/open")
	for _, q := range []string{"level=nope", "level=HIGH", "level=high%20", "proof=zz", "proof=00", "proof=00000000", "proof=0000000000", "level=high&proof=00000000",
		"level=high&level=high", "level=" + strings.Repeat("a", 300)} {
		c.refused(c.get("/.edgeauth/login?rd=/open&"+q), http.StatusBadRequest, "bad_login_link")
	}
}

func TestAStepUpOfNobodyIsALogin(t *testing.T) {
	b := open(t, leveled)
	c := b.browser()
	if q := c.asked("/.edgeauth/login?level=high&rd=/open"); q.Has("acr_values") || q.Has("max_age") || q.Has("claims") {
		t.Errorf("the provider is asked for %v", q)
	}
	if p := c.follow(c.get("/.edgeauth/login?level=high&rd=/bio/a")); p.StatusCode != http.StatusOK || !strings.HasPrefix(p.body, "/bio/a ") {
		t.Errorf("it ends at %s with %d:\n%s", p.Request.URL, p.StatusCode, p.body)
	}
	if b.events.of(audit.StepUpProven) != 1 {
		t.Errorf("%d step-ups", b.events.of(audit.StepUpProven))
	}
}

func TestAStepUpGoesToTheSessionsProviderWithoutAsking(t *testing.T) {
	b := open(t, leveled, func(s *setup) { s.idps = 2 })
	b.idps[1].AutoLogin("alice")
	c := b.browser()
	c.follow(c.get("/.edgeauth/login?provider=two&rd=/open"))
	for _, link := range []string{"/.edgeauth/login?level=high&rd=/open", "/.edgeauth/login?level=high&rd=/open&provider=one", "/.edgeauth/login?level=high&rd=/open&again=1"} {
		if p := c.get(link); !strings.HasPrefix(p.to(), b.idps[1].Issuer()) {
			t.Errorf("%s: %d, to %s", link, p.StatusCode, p.to())
		}
	}
	if p := b.browser().get("/.edgeauth/login?level=high&rd=/open"); p.StatusCode != http.StatusOK || strings.Contains(p.body, "level=") {
		t.Errorf("nobody is shown %d:\n%s", p.StatusCode, p.body)
	}
}

func TestTheStrictestUnprovenLevelIsAskedForWhateverALinkNames(t *testing.T) {
	b := open(t, leveled)
	c := b.browser()
	c.login("/open")
	b.raise("alice", identity.High, b.now())
	for _, level := range []string{"normal", "elevated", "high"} {
		if q := c.asked("/.edgeauth/login?rd=/open&level=" + level); q.Get("acr_values") != "bio" {
			t.Errorf("level=%s asks for %v", level, q)
		}
	}
}

func TestAStepUpNeverOutlivesItsFamily(t *testing.T) {
	b := open(t, leveled)
	c := b.browser()
	first := c.login("/open")
	b.offset.Add(int64(50 * time.Minute))
	p := c.follow(c.get("/bio/a"))
	if p.StatusCode != http.StatusOK || field(p, "until") != field(first, "until") {
		t.Errorf("it ends with %d, until %s; the login lasts until %s:\n%s", p.StatusCode, field(p, "until"), field(first, "until"), p.body)
	}
}

// A raise must not make logins impossible once it is older than its level lets sessions live: a login is what gives time to
// prove more.
func TestALoginDuringTheHoldIsNotALoop(t *testing.T) {
	b := open(t, leveled)
	b.raise("alice", identity.High, b.now().Add(-time.Hour))
	c := b.browser()
	if p := c.login("/open"); field(p, "level") != "high" {
		t.Errorf("the level is %s", p.body)
	}
	if p := c.follow(c.get("/sensitive/a")); p.StatusCode != http.StatusOK {
		t.Errorf("the step-up ends with %d:\n%s", p.StatusCode, p.body)
	}
}

func TestTheLongestReturnAddressFitsIntoAStepUp(t *testing.T) {
	b := open(t, leveled, func(s *setup) {
		edit := s.edit
		s.edit = func(o *login.Options) {
			edit(o)
			long := identity.Level(strings.Repeat("x", 32))
			o.Levels[long] = policy.LevelRule{Rank: 3, MaxStaleness: time.Minute, Proof: policy.Proof{ACR: []string{"bio"}, AMR: []string{"hwk"}}}
		}
	})
	c := b.browser()
	c.login("/open")
	rd := "/" + strings.Repeat("a", 1199)
	if p := c.follow(c.get("/.edgeauth/login?level=" + strings.Repeat("x", 32) + "&rd=" + rd)); p.StatusCode != http.StatusOK || p.Request.URL.Path != rd {
		t.Errorf("it ends with %d:\n%.300s", p.StatusCode, p.body)
	}
}
