package login_test

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/audit"
	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/internal/idp"
	"github.com/edgeauth/edgeauth/login"
	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/session"
)

// pair are two edges of one origin with one store. The second can be kept from hearing what the log says.
type pair struct {
	*bed
	edges [2]login.Options
	deaf  atomic.Bool // the second
}

func openPair(t *testing.T, edits ...func(*setup)) *pair {
	t.Helper()
	b := open(t, edits...)
	p := &pair{bed: b, edges: [2]login.Options{b.opt, b.opt}}
	replica := revocation.NewReplica(time.Now)
	follower := revocation.NewFollower(revocation.FollowerOptions{Stream: muffled{&b.shop.log, &p.deaf}, Sink: &b.shop.log, Replica: replica,
		Log: quiet(), Notify: func(revocation.Happening, string) {}, Now: time.Now})
	b.run(follower.Run)
	second := &p.edges[1]
	second.Log, second.Staleness = replica, replica.Staleness
	second.Revoker = revocation.NewWriter(&b.shop.log, replica, "there", func(int) {})
	second.Roster = b.roster(func() *session.Ring { return b.ring.Load() }, replica)
	within(t, "the second edge is ready", replica.Ready)
	return p
}

// on sends what comes to one of the edges.
func (p *pair) on(i int) {
	p.opt = p.edges[i]
	p.restart()
}

// hear lets the second edge hear, and waits until it knows that a session has ended.
func (p *pair) hear(s *session.Session) {
	p.t.Helper()
	p.deaf.Store(false)
	names := s.Bearer().Names()
	within(p.t, "the second edge knows of it", func() bool { return p.edges[1].Log.Standing(&names).Revoked })
}

// muffled is a log that cannot be read while nobody is to hear.
type muffled struct {
	*memoryLog
	deaf *atomic.Bool
}

func (m muffled) Probe(ctx context.Context, shard int, mine revocation.Beat) (revocation.Head, error) {
	if m.deaf.Load() {
		return revocation.Head{}, errAway
	}
	return m.memoryLog.Probe(ctx, shard, mine)
}

func (m muffled) Read(ctx context.Context, shard int, after revocation.Cursor, wait time.Duration) (revocation.Batch, error) {
	batch, err := m.memoryLog.Read(ctx, shard, after, wait)
	if m.deaf.Load() {
		return revocation.Batch{}, errAway
	}
	return batch, err
}

// endings are all ways in which the session of one browser is ended on another edge, with another browser of the same person at hand.
func endings() map[string]func(p *pair, c, other *browser) {
	return map[string]func(p *pair, c, other *browser){
		"a logout":                    func(_ *pair, c, _ *browser) { c.logout() },
		"a logout everywhere":         func(_ *pair, _, other *browser) { other.end("all") },
		"a logout token with the sub": func(p *pair, _, _ *browser) { p.deliver(p.token()) },
		"a logout token with the sid": func(p *pair, c, _ *browser) { p.deliver(p.token(sidOf(c))) },
	}
}

func sidOf(c *browser) claims {
	sid := c.held().SID
	return func(_, claims map[string]any) { claims["sid"] = sid }
}

func noSID(b *bed) {
	b.idp.Lie(idp.Lies{IDToken: func(_, claims map[string]any) { delete(claims, "sid") }})
}

func TestLO_13_WhatEndsOnOneEdgeEndsTheLoginInFlightOnAnotherThatHasNotHeard(t *testing.T) {
	for name, end := range endings() {
		t.Run(name, func(t *testing.T) {
			p := openPair(t)
			c, other := p.browser(), p.browser()
			c.login("/x")
			other.login("/x")
			inFlight := c.callback("/.edgeauth/login?rd=/y")
			p.deaf.Store(true)
			end(p, c, other)
			p.on(1)
			if a := c.get(inFlight); !a.set("edgeauth") {
				t.Fatalf("the second edge has heard already, which shows nothing: %d", a.StatusCode)
			}
			p.hear(c.held())
			if c.alive() {
				t.Error("the session that was minted meanwhile lives")
			}
			c.login("/x")
		})
	}
}

func TestLO_13_ALogoutEndsALoginInFlightWhereTheProviderNamesNoSession(t *testing.T) {
	p := openPair(t)
	noSID(p.bed)
	c := p.browser()
	c.login("/x")
	inFlight := c.callback("/.edgeauth/login?rd=/y")
	p.deaf.Store(true)
	c.logout()
	p.on(1)
	if a := c.get(inFlight); !a.set("edgeauth") {
		t.Fatalf("the second edge has heard already: %d", a.StatusCode)
	}
	p.hear(c.held())
	if c.alive() {
		t.Error("the session that was minted meanwhile lives")
	}
}

func TestALoginAfterALogoutTakesOneRound(t *testing.T) {
	for name, prepare := range map[string]func(*bed){"sid": func(*bed) {}, "no sid": noSID} {
		t.Run(name, func(t *testing.T) {
			b := open(t)
			prepare(b)
			c := b.browser()
			c.login("/x")
			c.get(c.logout().to())
			before := b.idp.Count(idp.Token)
			c.login("/x")
			if n := b.idp.Count(idp.Token) - before; n != 1 {
				t.Errorf("it took %d rounds", n)
			}
		})
	}
}

func TestWhatEndsOnOneEdgeEndsTheStepUpOnAnotherThatHasNotHeard(t *testing.T) {
	for name, end := range endings() {
		t.Run(name, func(t *testing.T) {
			p := openPair(t, leveled)
			c, other := p.browser(), p.browser()
			c.login("/open")
			other.login("/open")
			copied := c.held()
			p.raise("alice", identity.High, p.now())
			names := copied.Bearer().Names()
			within(t, "the second edge knows of the level", func() bool { return len(p.edges[1].Log.Standing(&names).Floors) > 0 })
			answer := c.answered("/sensitive/a")
			p.deaf.Store(true)
			end(p, c, other)
			p.on(1)
			if a := answer(); !a.set("edgeauth") || p.events.of(audit.StepUpProven) != 1 {
				t.Fatalf("no step-up came of it, which shows nothing: %d", a.StatusCode)
			}
			p.hear(c.held())
			if a := c.get("/open"); a.StatusCode == http.StatusOK {
				t.Error("the session goes on")
			}
		})
	}
}

func TestASessionThatIsEndedFromTheListWhileItStepsUpOnAnotherEdgeEnds(t *testing.T) {
	p := openPair(t, leveled)
	c, other := p.browser(), p.browser()
	c.login("/open")
	other.login("/open")
	p.raise("alice", identity.High, p.now())
	names := c.held().Bearer().Names()
	within(t, "the second edge knows of the level", func() bool { return len(p.edges[1].Log.Standing(&names).Floors) > 0 })
	answer := c.answered("/sensitive/a")
	p.deaf.Store(true)
	other.end(c.family())
	p.on(1)
	if a := answer(); !a.set("edgeauth") {
		t.Fatalf("no step-up came of it: %d", a.StatusCode)
	}
	p.hear(c.held())
	if a := c.get("/open"); a.StatusCode == http.StatusOK {
		t.Error("the session goes on")
	}
	p.on(0)
	if got := other.names(); len(got) != 1 {
		t.Errorf("it is still listed: %v", got)
	}
}

func TestCK_17_ACopyOfACookieDiesOnEveryEdgeWithTheSession(t *testing.T) {
	for name, end := range endings() {
		t.Run(name, func(t *testing.T) {
			p := openPair(t)
			c, other := p.browser(), p.browser()
			c.login("/x")
			other.login("/x")
			copied, held := c.cookie("edgeauth"), c.held()
			end(p, c, other)
			p.hear(held)
			c.put("edgeauth", copied)
			for i := range p.edges {
				p.on(i)
				if c.alive() {
					t.Errorf("the copy lives on edge %d", i)
				}
			}
		})
	}
}

// A login gets an epoch behind the not-befores that it knows, which lie ahead. What is ended afterwards by another of its names, at an
// edge whose clock is slower by less than clocks may differ, must not miss it.
func TestLO_02_ASessionThatWasPutBehindOneNotBeforeIsEndedByAnotherOfASlowerClock(t *testing.T) {
	p := openPair(t)
	p.edges[1].Now = func() time.Time { return p.now().Add(-30 * time.Second) }
	c := p.browser()
	c.login("/x")
	p.on(0)
	sid := p.idp.Sessions()[0].SID
	if a := p.deliver(p.token(func(_, claims map[string]any) { claims["sid"] = sid })); a.StatusCode != http.StatusOK {
		t.Fatalf("by sid: %d", a.StatusCode)
	}
	c.login("/x")
	held := c.held()
	within(t, "the second edge knows the first not-before", func() bool {
		names := held.Bearer().Names()
		return p.edges[1].Log.NotBefore(&names) > 0
	})
	p.on(1)
	if a := p.deliver(p.token()); a.StatusCode != http.StatusOK {
		t.Fatalf("by sub: %d", a.StatusCode)
	}
	names := held.Bearer().Names()
	if !p.edges[1].Log.Standing(&names).Revoked {
		t.Error("the session lives on")
	}
}
