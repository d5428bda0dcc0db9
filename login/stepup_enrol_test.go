package login_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/audit"
	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/internal/idp"
	"github.com/edgeauth/edgeauth/internal/idp/idptest"
	"github.com/edgeauth/edgeauth/login"
	"github.com/edgeauth/edgeauth/policy"
)

// carol has no fingerprint: whoever knows her password registers one when it is asked for.
func (b *bed) carol() *browser {
	b.idp.AutoLogin("carol")
	c := b.browser()
	c.login("/open")
	return c
}

func TestAnAuthenticatorThatIsEnrolledOnTheSpotDoesNotMeetTheFloor(t *testing.T) {
	for name, mode := range map[string]func(*setup){"query": func(*setup) {}, "form_post": formPost} {
		t.Run(name, func(t *testing.T) {
			b := open(t, leveled, mode)
			c := b.carol()
			b.raise("carol", identity.High, b.now())
			p := c.follow(c.get("/sensitive/a"))
			c.refused(p, http.StatusForbidden, "new_authenticator")
			if b.events.of(audit.AuthenticatorEnrolled) != 1 || b.events.of(audit.StepUpAsked) != 2 || !strings.Contains(b.events.String(), "acr bio, amr pwd") {
				t.Errorf("%d enrolments in %d rounds: %s", b.events.of(audit.AuthenticatorEnrolled), b.events.of(audit.StepUpAsked), b.events)
			}
			c.refused(c.follow(c.get("/sensitive/a")), http.StatusForbidden, "new_authenticator")

			other := b.browser() // a login from the start does not make it any older
			other.login("/open")
			other.refused(other.follow(other.get("/sensitive/a")), http.StatusForbidden, "new_authenticator")
		})
	}
}

// Somebody who has two passkeys and enrolled the second while a level was raised still has the first.
func TestADeviceThatGaveTheProofBeforeMeetsTheFloorAllTheSame(t *testing.T) {
	b := open(t, leveled)
	c := b.carol()
	b.raise("carol", identity.High, b.now())
	c.refused(c.follow(c.get("/sensitive/a")), http.StatusForbidden, "new_authenticator")
	b.shop.proved.Store(true)
	if p := c.follow(c.get("/sensitive/a")); p.StatusCode != http.StatusOK {
		t.Fatalf("on the device of before: %d\n%s", p.StatusCode, p.body)
	}
	if p := c.get("/sensitive/a"); p.StatusCode != http.StatusOK {
		t.Errorf("the session does not keep it: %d\n%s", p.StatusCode, p.body)
	}
}

// A route that asks for the same acr and amr by itself takes the new authenticator, because nothing was raised for it. What
// the session then carries must not meet the floor.
func TestAProofOfANewAuthenticatorForARouteDoesNotMeetTheFloor(t *testing.T) {
	b := open(t, leveled)
	c := b.carol()
	b.raise("carol", identity.High, b.now())
	c.refused(c.follow(c.get("/sensitive/a")), http.StatusForbidden, "new_authenticator")
	if p := c.follow(c.get("/touch/a")); p.StatusCode != http.StatusOK {
		t.Fatalf("the route's own proof ends with %d:\n%s", p.StatusCode, p.body)
	}
	if p := c.get("/sensitive/a"); p.StatusCode != http.StatusSeeOther {
		t.Errorf("the floor is met: %d\n%s", p.StatusCode, p.body)
	}
	if p := c.get("/bio/a"); p.StatusCode != http.StatusSeeOther {
		t.Errorf("a route that asks for the level: %d\n%s", p.StatusCode, p.body)
	}
}

func TestAnAuthenticatorMeetsAFloorThatIsRaisedAfterItWasEnrolledWhileNoneWas(t *testing.T) {
	b := open(t, leveled)
	c := b.carol()
	if p := c.follow(c.get("/touch/a")); p.StatusCode != http.StatusOK || b.events.of(audit.AuthenticatorEnrolled) != 1 {
		t.Fatalf("the route's own proof ends with %d, %d enrolments:\n%s", p.StatusCode, b.events.of(audit.AuthenticatorEnrolled), p.body)
	}
	b.raise("carol", identity.High, b.now().Add(time.Second))
	if p := c.follow(c.get("/sensitive/a")); p.StatusCode != http.StatusOK {
		t.Errorf("the step-up ends with %d:\n%s", p.StatusCode, p.body)
	}
}

// Who holds a stolen password could enrol a key, be refused, and wait until another odd login raises the level anew: its key
// would then be older than that.
func TestAnAuthenticatorThatWasEnrolledWhileALevelWasRaisedMeetsNoLaterFloorEither(t *testing.T) {
	b := open(t, leveled)
	c := b.carol()
	b.raise("carol", identity.High, b.now())
	c.refused(c.follow(c.get("/sensitive/a")), http.StatusForbidden, "new_authenticator")
	b.raise("carol", identity.High, b.now().Add(time.Second))
	c.refused(c.follow(c.get("/sensitive/a")), http.StatusForbidden, "new_authenticator")
}

func TestALevelThatTakesNewAuthenticatorsIsProvenInTwoRounds(t *testing.T) {
	b := open(t, leveled, func(s *setup) {
		edit := s.edit
		s.edit = func(o *login.Options) {
			edit(o)
			rule := o.Levels[identity.High]
			rule.Proof.NewAuthenticator = true
			o.Levels[identity.High] = rule
		}
	})
	c := b.carol()
	b.raise("carol", identity.High, b.now())
	p := c.follow(c.get("/sensitive/a"))
	if p.StatusCode != http.StatusOK || b.events.of(audit.StepUpAsked) != 2 || b.events.of(audit.AuthenticatorEnrolled) != 1 {
		t.Errorf("it ends with %d after %d rounds, %d enrolments:\n%s", p.StatusCode, b.events.of(audit.StepUpAsked), b.events.of(audit.AuthenticatorEnrolled), p.body)
	}
}

// A route that names an acr alone is opened by the enrolment itself. That must not keep the edge from noticing it.
func TestAnEnrolmentForARouteThatNamesAnAcrAloneIsNoticed(t *testing.T) {
	naive := policy.Proof{ACR: []string{"bio"}}
	b := open(t, leveled, func(s *setup) {
		edit := s.edit
		s.routes["/naive/"] = policy.Route{Proof: naive}
		s.edit = func(o *login.Options) { edit(o); o.Proofs = append(o.Proofs, naive) }
	})
	c := b.carol()
	b.raise("carol", identity.High, b.now())
	c.follow(c.get("/naive/a"))
	if b.events.of(audit.AuthenticatorEnrolled) != 1 {
		t.Errorf("%d enrolments: %s", b.events.of(audit.AuthenticatorEnrolled), b.events)
	}
	c.refused(c.follow(c.get("/sensitive/a")), http.StatusForbidden, "new_authenticator")
}

// An answer that does not elevate the session which asked for it tells of an enrolment all the same.
func TestAnEnrolmentIsNoticedWhateverBecomesOfItsStepUp(t *testing.T) {
	for name, enrol := range map[string]func(*bed, *browser){
		"in the step-up of somebody else's session": func(b *bed, _ *browser) {
			b.idp.AutoLogin("alice")
			other := b.browser()
			other.login("/open")
			b.raise("alice", identity.High, b.now())
			b.idp.AutoLogin("carol")
			if p := other.follow(other.get("/bio/a")); p.StatusCode != http.StatusForbidden || !strings.Contains(p.body, "other_subject") {
				b.t.Errorf("%d:\n%s", p.StatusCode, p.body)
			}
		},
		"while another tab logs in anew": func(b *bed, c *browser) {
			answer := c.callback("/bio/a")
			c.follow(c.get("/.edgeauth/login?rd=/open"))
			c.get(answer)
		},
		"while another tab logs out": func(b *bed, c *browser) {
			answer := c.callback("/bio/a")
			c.logout()
			c.get(answer)
			c.login("/open")
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := open(t, leveled)
			c := b.carol()
			b.raise("carol", identity.High, b.now())
			enrol(b, c)
			if b.events.of(audit.AuthenticatorEnrolled) != 1 {
				t.Errorf("%d enrolments: %s", b.events.of(audit.AuthenticatorEnrolled), b.events)
			}
			c.refused(c.follow(c.get("/sensitive/a")), http.StatusForbidden, "new_authenticator")
		})
	}
}

// Keycloak gives an acr that was proven at another application by something else.
func TestAContextThatLeakedFromElsewhereIsNoEnrolment(t *testing.T) {
	b := open(t, leveled)
	c := b.browser()
	c.login("/open")
	b.raise("alice", identity.High, b.now())
	var told atomic.Bool
	b.idp.Lie(idp.Lies{
		Request: func(q url.Values) {
			if q.Get("prompt") != "login" {
				idptest.Indifferent(q)
			}
		},
		IDToken: func(_, claims map[string]any) {
			if told.CompareAndSwap(false, true) {
				claims["acr"], claims["amr"] = "bio", []string{"pwd", "otp"}
				claims["auth_time"] = claims["auth_time"].(int64) - 3600
			}
		},
	})
	p := c.follow(c.get("/sensitive/a"))
	if p.StatusCode != http.StatusOK || b.events.of(audit.AuthenticatorEnrolled) != 0 || b.events.of(audit.StepUpAsked) != 2 {
		t.Errorf("it ends with %d after %d rounds, %d enrolments:\n%s", p.StatusCode, b.events.of(audit.StepUpAsked), b.events.of(audit.AuthenticatorEnrolled), p.body)
	}
}

func TestWhatIsNotKnownOfEnrolmentsProvesNothing(t *testing.T) {
	faulty := &forgetful{}
	b := open(t, leveled, func(s *setup) {
		edit := s.edit
		s.edit = func(o *login.Options) { edit(o); faulty.shop, o.Enrolled = o.Enrolled.(*shop), faulty }
	})
	c := b.browser()
	c.login("/open")
	b.raise("alice", identity.High, b.now())

	faulty.asking.Store(true)
	p := c.follow(c.get("/sensitive/a"))
	c.refused(p, http.StatusServiceUnavailable, "store_unavailable")
	if !strings.Contains(p.refresh(), "level=high") {
		t.Errorf("the page goes on to %q by itself", p.refresh())
	}
	other := b.browser() // a login works, and its fingerprint does not count
	b.idp.Lie(idp.Lies{IDToken: func(_, claims map[string]any) { claims["acr"], claims["amr"] = "bio", []string{"hwk"} }})
	other.login("/open")
	if p := other.get("/sensitive/a"); p.StatusCode != http.StatusSeeOther {
		t.Errorf("a login of which it is not known: %d", p.StatusCode)
	}
	b.idp.Lie(idp.Lies{})
	faulty.asking.Store(false)
	if p := c.follow(c.get(p.refresh())); p.StatusCode != http.StatusOK {
		t.Errorf("once it can be asked: %d:\n%s", p.StatusCode, p.body)
	}
}

func TestAnEnrolmentThatCannotBeRememberedElevatesNobody(t *testing.T) {
	faulty := &forgetful{}
	b := open(t, leveled, func(s *setup) {
		edit := s.edit
		s.edit = func(o *login.Options) { edit(o); faulty.shop, o.Enrolled = o.Enrolled.(*shop), faulty }
	})
	c := b.carol()
	b.raise("carol", identity.High, b.now())
	faulty.telling.Store(true)
	c.refused(c.follow(c.get("/sensitive/a")), http.StatusServiceUnavailable, "store_unavailable")
}
