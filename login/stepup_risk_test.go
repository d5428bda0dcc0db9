package login_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/audit"
	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/internal/idp"
	"github.com/edgeauth/edgeauth/login"
	"github.com/edgeauth/edgeauth/revocation"
)

// watched is a bed whose logins are looked at.
func watched() (func(*setup), *suspicion) {
	found := &suspicion{}
	return func(s *setup) {
		leveled(s)
		edit := s.edit
		s.edit = func(o *login.Options) { edit(o); o.Risk = found }
	}, found
}

// floors are what the log holds of them.
func (b *bed) floors() (out []revocation.Entry) {
	for _, e := range b.shop.log.all() {
		if e.Kind == revocation.KindFloor {
			out = append(out, e)
		}
	}
	return out
}

func TestALoginThatLooksWrongRaisesTheSessionsThatWereThere(t *testing.T) {
	mode, found := watched()
	b := open(t, mode)
	found.say(identity.Normal, true)
	old, fresh := b.browser(), b.browser()
	old.login("/sensitive/a")
	found.say(identity.High, true)
	if p := fresh.login("/open"); field(p, "level") != "high" {
		t.Errorf("the login got %s", p.body)
	}
	if n := b.events.of(audit.LevelRaised); n != 1 || len(b.floors()) != 1 || b.floors()[0].Level != identity.High || b.floors()[0].Reason != "zones" {
		t.Errorf("%d times raised: %+v", n, b.floors())
	}
	if p := old.get("/sensitive/a"); p.StatusCode != http.StatusSeeOther || old.get("/open").StatusCode != http.StatusOK {
		t.Errorf("the older session sees the sensitive page with %d", p.StatusCode)
	}
	if p := old.follow(old.get("/sensitive/a")); p.StatusCode != http.StatusOK {
		t.Errorf("the step-up ends with %d:\n%s", p.StatusCode, p.body)
	}
	// Another login like it changes nothing for who has proven it: the floor covers it.
	b.browser().login("/open")
	if p := old.get("/sensitive/a"); p.StatusCode != http.StatusOK || len(b.floors()) != 1 {
		t.Errorf("after another login %d, floors %+v", p.StatusCode, b.floors())
	}
}

func TestWhatIsOnlyObservedRaisesNobody(t *testing.T) {
	mode, found := watched()
	b := open(t, mode)
	found.say(identity.High, false)
	if p := b.browser().login("/sensitive/a"); field(p, "level") != "normal" || len(b.floors()) != 0 {
		t.Errorf("the login got %s, floors %+v", p.body, b.floors())
	}
}

func TestALevelThatNobodyKnowsRaisesToTheStrictest(t *testing.T) {
	mode, found := watched()
	b := open(t, mode)
	for _, level := range []identity.Level{"paranoid", ""} {
		found.say(level, true)
		if p := b.browser().login("/open"); field(p, "level") != "high" {
			t.Errorf("%q: the login got %s", level, p.body)
		}
	}
	for _, f := range b.floors() {
		if f.Level != identity.High {
			t.Errorf("floor %+v", f)
		}
	}
}

func TestAFindingThatIsWeakerThanTheFloorLeavesTheFloor(t *testing.T) {
	mode, found := watched()
	b := open(t, mode)
	b.raise("alice", identity.High, b.now().Add(-time.Minute))
	found.say(identity.Elevated, true)
	if p := b.browser().login("/open"); field(p, "level") != "high" || len(b.floors()) != 1 {
		t.Errorf("the login got %s, floors %+v", p.body, b.floors())
	}
}

// A step-up is looked at too, and must come to an end however wrong it looks.
func TestAStepUpThatLooksWrongEnds(t *testing.T) {
	mode, found := watched()
	b := open(t, mode)
	found.say(identity.Normal, true)
	c := b.browser()
	c.login("/open")
	found.say(identity.High, true)
	if p := c.follow(c.get("/bio/a")); p.StatusCode != http.StatusOK || field(p, "level") != "high" {
		t.Errorf("it ends at %s with %d:\n%s", p.Request.URL, p.StatusCode, p.body)
	}
	if p := c.follow(c.get("/sensitive/a")); p.StatusCode != http.StatusOK {
		t.Errorf("it ends at %s with %d:\n%s", p.Request.URL, p.StatusCode, p.body)
	}
}

// Any page on the web can make its readers' browsers send such callbacks, from the network whose logins it wants to look wrong.
func TestOnlyWhatFailsInTheBrowserThatBeganItCountsAsAFailedLogin(t *testing.T) {
	mode, found := watched()
	b := open(t, mode)
	found.say(identity.Normal, true)
	foreign := b.browser().callback("/open")
	c := b.browser()
	for _, address := range []string{"/.edgeauth/callback", "/.edgeauth/callback?x", "/.edgeauth/callback?code=a&state=b", "/.edgeauth/callback?error=access_denied&state=b", foreign} {
		if p := c.get(address); p.StatusCode < 400 || found.count() != 0 {
			t.Errorf("%s: answered %d, and %d failed logins are counted", address, p.StatusCode, found.count())
		}
	}
	mine, err := url.Parse(c.callback("/open"))
	if err != nil {
		t.Fatal(err)
	}
	q := mine.Query()
	q.Del("code")
	q.Set("error", "access_denied")
	mine.RawQuery = q.Encode()
	if p := c.get(mine.String()); p.StatusCode != http.StatusForbidden || found.count() != 1 {
		t.Errorf("a login that was cancelled: answered %d, and %d failed logins are counted", p.StatusCode, found.count())
	}
}

// A thief who enrolled an authenticator with a stolen password can log in with it. That must not make the thief's place usual.
func TestALoginUnderAFloorThatItDoesNotMeetIsNobodysHabit(t *testing.T) {
	mode, found := watched()
	b := open(t, mode)
	found.say(identity.Normal, true)
	c := b.browser()
	if c.login("/open"); found.unmet() {
		t.Error("a login without any floor has something left to prove")
	}
	b.raise("alice", identity.High, b.now().Add(-time.Minute))
	who := identity.Subject{Issuer: b.idp.Issuer(), Sub: "demo-alice"}
	if err := b.opt.Enrolled.MarkEnrolled(t.Context(), who, b.now()); err != nil {
		t.Fatal(err)
	}
	b.idp.Lie(idp.Lies{IDToken: func(_, claims map[string]any) { claims["acr"], claims["amr"] = "bio", []string{"pwd", "hwk"} }})
	if b.browser().login("/open"); !found.unmet() {
		t.Error("a login with an authenticator that was enrolled after the floor counts as its owner's")
	}
}
