package tokens_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/oidc"
	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/session"
	"github.com/edgeauth/edgeauth/tokens"
)

// inBubble runs a test in virtual time.
func inBubble(t *testing.T, n int, revalidate time.Duration, test func(t *testing.T, f *fleet, s *session.Session)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, n, revalidate)
		test(t, f, f.login())
	})
}

func TestRS_04_ParallelRequestsOnThreeEdgesRedeemAnExpiredTokenOnce(t *testing.T) {
	inBubble(t, 3, 0, func(t *testing.T, f *fleet, s *session.Session) {
		f.idp.set(func(r *rotator) { r.took = 3 * time.Second })
		time.Sleep(life + time.Second)
		f.shop.set(func() { f.shop.gets = 0 })
		got, failed := f.access(s, 70)
		if f.shop.gets > 3*50 { // each edge looks, and looks again ten times a second
			t.Errorf("the vault was read %d times for 210 requests: an edge makes more than one flight", f.shop.gets)
		}
		if len(got) != 1 || got[0] != "access-2" || len(failed) != 0 || f.idp.count() != 1 || f.shop.endedWhy(s) != "" {
			t.Errorf("tokens %v, errors %v, asked %d times, ended: %q", got, failed, f.idp.count(), f.shop.endedWhy(s))
		}
		time.Sleep(life + time.Second)
		if got, failed = f.access(s, 70); len(got) != 1 || got[0] != "access-3" || len(failed) != 0 || f.idp.count() != 2 {
			t.Errorf("once more: tokens %v, errors %v, asked %d times", got, failed, f.idp.count())
		}
	})
}

func TestARedemptionThatTakesLongerThanTheLeaseIsNotMadeTwice(t *testing.T) {
	inBubble(t, 3, 0, func(t *testing.T, f *fleet, s *session.Session) {
		f.idp.set(func(r *rotator) { r.took = 9500 * time.Millisecond }) // the lease would end after six seconds
		time.Sleep(life)
		if got, failed := f.access(s, 3); len(got) != 1 || len(failed) != 0 || f.idp.count() != 1 {
			t.Errorf("tokens %v, errors %v, asked %d times", got, failed, f.idp.count())
		}
	})
}

func TestAFreshTokenComesFromMemoryAlone(t *testing.T) {
	inBubble(t, 1, 0, func(t *testing.T, f *fleet, s *session.Session) {
		f.one(0, s)
		f.shop.set(func() { f.shop.away = true })
		for range 20 {
			time.Sleep(2 * time.Second)
			if got := f.one(0, s); got != "access-1" {
				t.Fatalf("got %s", got)
			}
		}
	})
}

func TestATokenIsRefreshedInTheBackgroundBeforeItEnds(t *testing.T) {
	inBubble(t, 2, 0, func(t *testing.T, f *fleet, s *session.Session) {
		f.one(0, s)
		time.Sleep(life * 86 / 100)
		if got := f.one(0, s); got != "access-1" {
			t.Errorf("the request that began the refresh waited for %s", got)
		}
		synctest.Wait()
		for i := range f.edges {
			if got := f.one(i, s); got != "access-2" {
				t.Errorf("edge %d hands out %s", i, got)
			}
		}
		if f.idp.count() != 1 {
			t.Errorf("asked %d times", f.idp.count())
		}
	})
}

func TestWhoIsRefusedThoughAnotherEdgeWasFasterGoesOn(t *testing.T) {
	inBubble(t, 2, 0, func(t *testing.T, f *fleet, s *session.Session) {
		time.Sleep(life)
		f.idp.set(func(r *rotator) { // another edge, which slept through the end of its lease, writes while this one asks
			r.lie = func() (*oidc.Refreshed, error) {
				kept, _, err := f.vault.Get(t.Context(), s)
				must(t, err)
				got, err := r.locked(kept.Refresh)
				must(t, err)
				next := kept.Tokens
				next.Access, next.Refresh, next.Number = got.AccessToken.Reveal(), got.RefreshToken.Reveal(), kept.Number+1
				next.Validated, next.Expires = time.Now(), got.AccessExpires
				_, swapped, err := f.vault.Swap(t.Context(), s, kept, next)
				if err != nil || !swapped {
					t.Fatal(swapped, err)
				}
				return nil, refusal()
			}
		})
		if got := f.one(0, s); got != "access-2" || f.shop.endedWhy(s) != "" || f.idp.count() != 1 {
			t.Errorf("got %s, ended: %q, asked %d times", got, f.shop.endedWhy(s), f.idp.count())
		}
	})
}

func (r *rotator) locked(token string) (*oidc.Refreshed, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.spend(token)
}

func TestARefusalEndsTheSessionWithItsReason(t *testing.T) {
	inBubble(t, 3, 0, func(t *testing.T, f *fleet, s *session.Session) {
		f.idp.set(func(r *rotator) { r.dead = true })
		time.Sleep(life)
		got, failed := f.access(s, 5)
		for _, err := range failed {
			if !errors.Is(err, errNone) {
				t.Errorf("got %v", err)
			}
		}
		events := f.edges[0].events + f.edges[1].events + f.edges[2].events
		if len(got) != 0 || f.shop.endedWhy(s) != "refresh_refused" || f.idp.count() != 1 || events != 1 {
			t.Errorf("tokens %v, ended: %q, asked %d times, %d events", got, f.shop.endedWhy(s), f.idp.count(), events)
		}
		if _, found, _ := f.vault.Get(t.Context(), s); found {
			t.Error("the tokens are still there")
		}
		raised := *s // by a step-up at another edge, which had not heard
		if raised.ID = identity.NewSessionID(); f.shop.endedWhy(&raised) != "refresh_refused" {
			t.Error("the session lives on under the id of a step-up in flight")
		}
	})
}

func TestJW19_AnIDTokenOfAnotherLoginEndsTheSession(t *testing.T) {
	inBubble(t, 1, 0, func(t *testing.T, f *fleet, s *session.Session) {
		f.idp.set(func(r *rotator) {
			r.lie = func() (*oidc.Refreshed, error) {
				return nil, &oidc.Error{Kind: oidc.KindInvalid, Op: "verifying", Err: fmt.Errorf("%w: sub is another's", oidc.ErrOtherLogin)}
			}
		})
		time.Sleep(life)
		if got, _ := f.access(s, 1); len(got) != 0 || f.shop.endedWhy(s) != "refresh_other_login" {
			t.Errorf("tokens %v, ended: %q", got, f.shop.endedWhy(s))
		}
	})
}

func TestAnOutageOfTheProviderKeepsTheSessionUntilItIsBack(t *testing.T) {
	for name, lie := range map[string]func() (*oidc.Refreshed, error){
		"away": away,
		"config": func() (*oidc.Refreshed, error) {
			return nil, &oidc.Error{Kind: oidc.KindConfig, Code: "invalid_client"}
		},
		"other": func() (*oidc.Refreshed, error) {
			return nil, &oidc.Error{Kind: oidc.KindRefused, Code: "invalid_request"}
		},
		"broken": func() (*oidc.Refreshed, error) { return nil, &oidc.Error{Kind: oidc.KindInvalid} },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, 2, 0, func(t *testing.T, f *fleet, s *session.Session) {
				f.idp.set(func(r *rotator) { r.lie = lie })
				time.Sleep(life)
				for range 3600 {
					if got, failed := f.access(s, 2); len(got) != 0 || len(failed) != 4 || errors.Is(failed[0], errNone) {
						t.Fatalf("tokens %v, errors %v", got, failed)
					}
					time.Sleep(time.Second)
				}
				if n := f.idp.count(); n < 100 || n > 500 || f.shop.endedWhy(s) != "" {
					t.Errorf("asked %d times in an hour, ended: %q", n, f.shop.endedWhy(s))
				}
				f.idp.set(func(r *rotator) { r.lie = nil })
				time.Sleep(time.Minute)
				if got, failed := f.access(s, 2); len(got) != 1 || got[0] != "access-2" || len(failed) != 0 {
					t.Errorf("when it is back: %v, %v", got, failed)
				}
			})
		})
	}
}

func TestAnOutageOfTheStoreRedeemsNothingAndKeepsTheSession(t *testing.T) {
	inBubble(t, 2, 0, func(t *testing.T, f *fleet, s *session.Session) {
		f.one(0, s)
		f.shop.set(func() { f.shop.away = true })
		time.Sleep(life)
		for range 60 {
			if got, failed := f.access(s, 2); len(got) != 0 || errors.Is(failed[0], errNone) {
				t.Fatalf("tokens %v, errors %v", got, failed)
			}
			time.Sleep(time.Second)
		}
		if f.idp.count() != 0 || f.shop.endedWhy(s) != "" {
			t.Errorf("asked %d times, ended: %q", f.idp.count(), f.shop.endedWhy(s))
		}
		f.shop.set(func() { f.shop.away = false })
		time.Sleep(time.Minute)
		if got, failed := f.access(s, 2); len(got) != 1 || len(failed) != 0 || f.idp.count() != 1 {
			t.Errorf("when it is back: %v, %v, asked %d times", got, failed, f.idp.count())
		}
	})
}

func TestAStoreThatGoesAwayBetweenRedemptionAndRecordLosesNoSession(t *testing.T) {
	inBubble(t, 3, 0, func(t *testing.T, f *fleet, s *session.Session) {
		f.idp.set(func(r *rotator) {
			r.after = func(*oidc.Refreshed, error) error { f.shop.set(func() { f.shop.away = true }); return nil }
		})
		time.Sleep(life)
		if got := f.one(0, s); got != "access-2" {
			t.Errorf("who waited for it gets %s", got)
		}
		time.Sleep(20 * time.Second) // the lease has ended
		f.idp.set(func(r *rotator) { r.after = nil })
		f.shop.set(func() { f.shop.away = false })
		time.Sleep(2 * time.Second)
		if got, failed := f.access(s, 5); len(got) != 1 || got[0] != "access-2" || len(failed) != 0 || f.idp.count() != 1 {
			t.Errorf("when the store is back: %v, %v, asked %d times", got, failed, f.idp.count())
		}
	})
}

func TestWhatTheStoreIsOwedIsNotForgottenForOtherSessions(t *testing.T) {
	inBubble(t, 1, 0, func(t *testing.T, f *fleet, s *session.Session) {
		f.idp.set(func(r *rotator) {
			r.after = func(*oidc.Refreshed, error) error { f.shop.set(func() { f.shop.away = true }); return nil }
		})
		time.Sleep(life)
		f.one(0, s)
		time.Sleep(3 * time.Minute) // nobody tries to write it any more
		f.idp.set(func(r *rotator) { r.after = nil })
		f.shop.set(func() { f.shop.away = false })
		for range 4 * remembered {
			f.one(0, f.login())
		}
		time.Sleep(life)
		if got, failed := f.access(s, 1); len(failed) != 0 || f.shop.endedWhy(s) != "" {
			t.Errorf("the session whose tokens only this edge had: %v, %v, ended: %q", got, failed, f.shop.endedWhy(s))
		}
	})
}

func TestAStoreThatIsAwayForLongerThanTheNewTokenLivesSendsNobodyToTheLogin(t *testing.T) {
	for what, first := range map[string]func(f *fleet, s *session.Session){
		"refreshed for a request":                  func(f *fleet, s *session.Session) { f.one(0, s) },
		"refreshed to ask whether it still stands": func(f *fleet, s *session.Session) { f.edges[0].Touch(s); synctest.Wait() },
	} {
		t.Run(what, func(t *testing.T) {
			inBubble(t, 1, life, func(t *testing.T, f *fleet, s *session.Session) {
				f.idp.set(func(r *rotator) {
					r.after = func(*oidc.Refreshed, error) error { f.shop.set(func() { f.shop.away = true }); return nil }
				})
				time.Sleep(life)
				first(f, s)
				time.Sleep(life)
				got, failed := f.access(s, 3)
				for _, err := range failed {
					if errors.Is(err, errNone) {
						t.Error("a request is told that only another login brings a token")
					}
				}
				if len(got) != 0 || len(failed) != 3 || f.idp.count() != 1 {
					t.Errorf("tokens %v, errors %v, asked %d times", got, failed, f.idp.count())
				}
				f.idp.set(func(r *rotator) { r.after = nil })
				f.shop.set(func() { f.shop.away = false })
				time.Sleep(2 * time.Second)
				if got := f.one(0, s); got != "access-3" || f.shop.endedWhy(s) != "" {
					t.Errorf("when the store is back: %s, ended: %q", got, f.shop.endedWhy(s))
				}
			})
		})
	}
}

func TestARecordThatTheStoreLostIsWrittenAgainByTheEdgeThatMadeIt(t *testing.T) {
	inBubble(t, 2, 0, func(t *testing.T, f *fleet, s *session.Session) {
		before, _, _ := f.vault.Get(t.Context(), s)
		time.Sleep(life)
		f.one(0, s)
		synctest.Wait()                                     // until the vault has it too
		must(t, f.vault.Put(t.Context(), s, before.Tokens)) // a failover to a replica that had not heard of it
		time.Sleep(life)
		if got := f.one(0, s); got != "access-3" || f.shop.endedWhy(s) != "" {
			t.Errorf("got %s, ended: %q", got, f.shop.endedWhy(s))
		}
	})
}

func TestAStoreThatGoesBackWhileATokenIsRedeemedIsGivenTheNewRecord(t *testing.T) {
	inBubble(t, 2, 0, func(t *testing.T, f *fleet, s *session.Session) {
		before, _, _ := f.vault.Get(t.Context(), s)
		time.Sleep(life)
		f.one(0, s)
		time.Sleep(life)
		f.idp.set(func(r *rotator) {
			r.after = func(*oidc.Refreshed, error) error { return f.vault.Put(t.Context(), s, before.Tokens) }
		})
		if got := f.one(0, s); got != "access-3" {
			t.Errorf("who waited for it gets %s", got)
		}
		synctest.Wait()
		f.idp.set(func(r *rotator) { r.after = nil })
		time.Sleep(life)
		if got := f.one(1, s); got != "access-4" || f.shop.endedWhy(s) != "" {
			t.Errorf("another edge gets %s, ended: %q", got, f.shop.endedWhy(s))
		}
	})
}

func TestAnEdgeThatDiesInTheMiddleIsWaitedForAndThenReplaced(t *testing.T) {
	inBubble(t, 2, 0, func(t *testing.T, f *fleet, s *session.Session) {
		time.Sleep(life)
		held, err := f.shop.Acquire(t.Context(), session.VaultKey(s), []byte("one that died"), 6*time.Second)
		if err != nil || !held {
			t.Fatal(held, err)
		}
		if got, failed := f.access(s, 3); len(got) != 1 || got[0] != "access-2" || len(failed) != 0 || f.idp.count() != 1 {
			t.Errorf("tokens %v, errors %v, asked %d times", got, failed, f.idp.count())
		}
	})
}

func TestAnAnswerThatIsLostOnItsWayEndsTheSessionOnlyWhereTokensAreUsedUp(t *testing.T) {
	for _, again := range []bool{true, false} {
		inBubble(t, 2, 0, func(t *testing.T, f *fleet, s *session.Session) {
			f.idp.set(func(r *rotator) {
				r.again = again
				r.after = func(*oidc.Refreshed, error) error { _, err := away(); return err }
			})
			time.Sleep(life)
			if got, failed := f.access(s, 1); len(got) != 0 || errors.Is(failed[0], errNone) || f.shop.endedWhy(s) != "" {
				t.Errorf("reusable %v: tokens %v, errors %v, ended: %q", again, got, failed, f.shop.endedWhy(s))
			}
			f.idp.set(func(r *rotator) { r.after = nil })
			time.Sleep(time.Minute)
			got, _ := f.access(s, 1)
			if ended := f.shop.endedWhy(s) == "refresh_refused"; ended == again || (len(got) == 1) != again {
				t.Errorf("reusable %v: tokens %v, ended: %q", again, got, f.shop.endedWhy(s))
			}
		})
	}
}

func TestAnEdgeThatSleptThroughItsLeaseRedeemsNothing(t *testing.T) {
	inBubble(t, 1, 0, func(t *testing.T, f *fleet, s *session.Session) {
		time.Sleep(life)
		f.shop.onGet = func(n int) {
			if n == 2 { // the reading under the lease
				f.shop.set(func() { f.shop.leases[session.VaultKey(s)] = []byte("another") })
				time.Sleep(5 * time.Second)
			}
		}
		if got, failed := f.access(s, 1); len(got) != 0 || errors.Is(failed[0], errNone) || f.idp.count() != 0 || f.edges[0].count(tokens.Busy) != 1 {
			t.Errorf("tokens %v, errors %v, asked %d times", got, failed, f.idp.count())
		}
	})
}

func TestAnEdgeThatGetsTheLeaseAfterAnotherWasDoneRedeemsNothing(t *testing.T) {
	inBubble(t, 2, 0, func(t *testing.T, f *fleet, s *session.Session) {
		time.Sleep(life)
		f.shop.onGet = func(n int) {
			if n == 2 { // the first edge found the old record and has the lease: what it reads under it is another's work
				f.shop.onGet = nil
				f.shop.set(func() { delete(f.shop.leases, session.VaultKey(s)) })
				f.one(1, s)
				time.Sleep(time.Millisecond) // it has its token a little before the vault has
			}
		}
		if got := f.one(0, s); got != "access-2" || f.idp.count() != 1 || f.edges[0].count(tokens.Shared) != 1 {
			t.Errorf("got %s, asked %d times, %d shared", got, f.idp.count(), f.edges[0].count(tokens.Shared))
		}
	})
}

func TestWhatTheLogHasEndedIsNotRefreshed(t *testing.T) {
	inBubble(t, 1, time.Minute, func(t *testing.T, f *fleet, s *session.Session) {
		f.shop.end(revocation.Family(s.Family), "operator") // who ended it could not empty its vault
		time.Sleep(life)
		if _, ok, err := f.edges[0].Access(t.Context(), s); ok || err != nil {
			t.Errorf("a token: %v, %v", ok, err)
		}
		f.edges[0].Touch(s)
		synctest.Wait()
		if f.idp.count() != 0 || f.edges[0].count(tokens.Superseded) == 0 || f.shop.endedWhy(s) != "operator" {
			t.Errorf("asked %d times, ended: %q", f.idp.count(), f.shop.endedWhy(s))
		}
	})
}

func TestALogoutDuringARefreshRevokesWhatItBringsAndKeepsNothing(t *testing.T) {
	inBubble(t, 1, 0, func(t *testing.T, f *fleet, s *session.Session) {
		f.idp.set(func(r *rotator) { r.took = time.Second })
		time.Sleep(life)
		done := make(chan struct{})
		go func() { defer close(done); f.access(s, 3) }()
		time.Sleep(life / 100)
		f.shop.end(revocation.Family(s.Family), "logout")
		must(t, f.vault.Delete(t.Context(), s))
		<-done
		synctest.Wait()
		time.Sleep(2 * time.Second)
		if f.edges[0].count(tokens.Superseded) != 1 || len(f.shop.values) != 0 || fmt.Sprint(f.idp.revoked) != "[refresh-2]" || f.shop.endedWhy(s) != "logout" {
			t.Errorf("%d superseded, %d records, revoked %v, ended: %q", f.edges[0].count(tokens.Superseded), len(f.shop.values), f.idp.revoked, f.shop.endedWhy(s))
		}
	})
}

func TestALogoutThatDeletesTheNewRecordHavingReadTheOldOneLeavesNoGoodToken(t *testing.T) {
	inBubble(t, 1, 0, func(t *testing.T, f *fleet, s *session.Session) {
		time.Sleep(life)
		f.shop.onSwap = func() {
			f.shop.end(revocation.Family(s.Family), "logout")
			must(t, f.vault.Delete(t.Context(), s))
		}
		f.access(s, 1)
		synctest.Wait()
		if f.edges[0].count(tokens.Superseded) != 1 || fmt.Sprint(f.idp.revoked) != "[refresh-2]" || f.shop.endedWhy(s) != "logout" {
			t.Errorf("outcomes %v, revoked %v, ended: %q", f.edges[0].outcomes, f.idp.revoked, f.shop.endedWhy(s))
		}
	})
}

func TestAStepUpDuringARefreshNeitherRevokesNorEndsTheFamily(t *testing.T) {
	for name, refused := range map[string]bool{"the provider still takes the old token": false, "it takes the new ones alone": true} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, 1, 0, func(t *testing.T, f *fleet, s *session.Session) {
				f.idp.set(func(r *rotator) {
					r.took = time.Second
					r.after = func(*oidc.Refreshed, error) error {
						if refused {
							return refusal()
						}
						return nil
					}
				})
				time.Sleep(life)
				done := make(chan struct{})
				go func() { defer close(done); f.access(s, 3) }()
				time.Sleep(life / 100)
				must(t, f.vault.Delete(t.Context(), s))
				time.Sleep(life / 100) // the log's entry arrives when the answer is there already
				f.shop.end(revocation.Session(s.ID), "stepped_up")
				<-done
				time.Sleep(2 * time.Second)
				if len(f.idp.revoked) != 0 || f.shop.endedWhy(s) != "stepped_up" || f.edges[0].count(tokens.Superseded) != 1 {
					t.Errorf("revoked %v, ended: %q", f.idp.revoked, f.shop.endedWhy(s))
				}
				other := *s
				other.ID = [16]byte{1}
				if why := f.shop.endedWhy(&other); why != "" {
					t.Errorf("the session after the step-up has ended: %q", why)
				}
			})
		})
	}
}

func TestARefusalThatAStepUpOrAnotherEdgeExplainsAMomentLaterEndsNothing(t *testing.T) {
	for what, explain := range map[string]func(f *fleet, s *session.Session){
		"a step-up, for which the provider took new tokens alone": func(f *fleet, s *session.Session) {
			f.shop.end(revocation.Session(s.ID), "stepped_up")
			must(f.t, f.vault.Delete(f.t.Context(), s))
		},
		"an edge that lost its lease": func(f *fleet, s *session.Session) {
			kept, _, err := f.vault.Get(f.t.Context(), s)
			must(f.t, err)
			next := kept.Tokens
			next.Number, next.Validated, next.Expires = kept.Number+1, time.Now(), time.Now().Add(life)
			_, _, err = f.vault.Swap(f.t.Context(), s, kept, next)
			must(f.t, err)
		},
	} {
		t.Run(what, func(t *testing.T) {
			inBubble(t, 1, 0, func(t *testing.T, f *fleet, s *session.Session) {
				f.idp.set(func(r *rotator) { r.lie = func() (*oidc.Refreshed, error) { return nil, refusal() } })
				time.Sleep(life)
				done := make(chan struct{})
				go func() { defer close(done); f.access(s, 3) }()
				time.Sleep(500 * time.Millisecond)
				explain(f, s)
				<-done
				other := *s
				other.ID = identity.NewSessionID()
				if why := f.shop.endedWhy(&other); why != "" || f.edges[0].events != 0 || f.edges[0].count(tokens.Refused) != 0 {
					t.Errorf("the session has ended: %q; %v", why, f.edges[0].outcomes)
				}
			})
		})
	}
}

func TestTheProviderIsAskedFromTimeToTimeThoughNobodyNeedsAToken(t *testing.T) {
	const every = 5 * time.Minute
	inBubble(t, 3, every, func(t *testing.T, f *fleet, s *session.Session) {
		visit := func(d time.Duration) {
			next := make([]time.Time, len(f.edges))
			for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(time.Second) {
				for i, e := range f.edges {
					if !time.Now().Before(next[i]) {
						next[i] = e.Touch(s)
					}
				}
			}
		}
		visit(time.Hour)
		if n := f.idp.count(); n < 12 || n > 14 || f.shop.endedWhy(s) != "" {
			t.Errorf("asked %d times within an hour, ended: %q", n, f.shop.endedWhy(s))
		}
		f.shop.set(func() { f.shop.gets = 0 })
		visit(4 * time.Minute)
		if f.shop.gets > 12 {
			t.Errorf("%d readings of the vault in 4 minutes", f.shop.gets)
		}
		f.idp.set(func(r *rotator) { r.dead = true })
		visit(every + time.Minute)
		if f.shop.endedWhy(s) != "refresh_refused" {
			t.Errorf("the provider ended the session; here it has ended: %q", f.shop.endedWhy(s))
		}
	})
}

func TestHowOftenTheProviderIsAskedHangsOnTheClientThatTheSessionIsOf(t *testing.T) {
	for client, want := range map[string]bool{"often": true, "never": false, "of a release that did not keep it": true} {
		inBubble(t, 1, 0, func(t *testing.T, f *fleet, s *session.Session) {
			f.asked = map[string]time.Duration{"": time.Minute, "often": time.Minute, "never": 0}
			kept, _, _ := f.vault.Get(t.Context(), s)
			if kept.Client = client; strings.Contains(client, " ") {
				kept.Client = ""
			}
			must(t, f.vault.Put(t.Context(), s, kept.Tokens))
			f.shop.gets = 0
			for range 10 {
				time.Sleep(time.Minute)
				f.edges[0].Touch(s)
				synctest.Wait()
			}
			if asked := f.idp.count() > 0; asked != want || !want && f.shop.gets > 1 {
				t.Errorf("%s: asked %d times in ten minutes, the vault was read %d times", client, f.idp.count(), f.shop.gets)
			}
		})
	}
}

func TestASessionWithoutRefreshTokenGoesOnAndItsTokenEnds(t *testing.T) {
	inBubble(t, 1, time.Minute, func(t *testing.T, f *fleet, s *session.Session) {
		kept, _, _ := f.vault.Get(t.Context(), s)
		kept.Refresh = ""
		must(t, f.vault.Put(t.Context(), s, kept.Tokens))
		time.Sleep(life * 9 / 10)
		if got := f.one(0, s); got != "access-1" {
			t.Errorf("got %s", got)
		}
		time.Sleep(life)
		f.edges[0].Touch(s)
		synctest.Wait()
		if _, ok, err := f.edges[0].Access(t.Context(), s); ok || err != nil || f.shop.endedWhy(s) != "" || f.idp.count() != 0 || f.edges[0].count(tokens.None) == 0 {
			t.Errorf("%v, %v, ended: %q, asked %d times", ok, err, f.shop.endedWhy(s), f.idp.count())
		}
	})
}

func TestARecordThatIsGoneIsNoVerdict(t *testing.T) {
	inBubble(t, 1, time.Minute, func(t *testing.T, f *fleet, s *session.Session) {
		must(t, f.vault.Delete(t.Context(), s))
		if _, ok, err := f.edges[0].Access(t.Context(), s); ok || err != nil || f.shop.endedWhy(s) != "" || f.edges[0].count(tokens.Gone) != 1 || f.edges[0].count(tokens.None) != 0 {
			t.Errorf("%v, %v, ended: %q, outcomes %v", ok, err, f.shop.endedWhy(s), f.edges[0].outcomes)
		}
	})
}

func TestATokenThatNoHeaderCanHoldIsNone(t *testing.T) {
	for _, odd := range []string{"", "two words", "line\nend", "ü", "nul\x00"} {
		inBubble(t, 1, 0, func(t *testing.T, f *fleet, s *session.Session) {
			kept, _, _ := f.vault.Get(t.Context(), s)
			kept.Access, kept.Refresh = odd, ""
			must(t, f.vault.Put(t.Context(), s, kept.Tokens))
			if _, ok, err := f.edges[0].Access(t.Context(), s); ok || err != nil {
				t.Errorf("%q: %v, %v", odd, ok, err)
			}
		})
	}
}

func TestARefreshUnderWayAtTheEndOfTheProcessIsWrittenDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 1, 0)
		s := f.login()
		f.idp.set(func(r *rotator) { r.took = 3 * time.Second })
		time.Sleep(life)
		go f.access(s, 1)
		time.Sleep(time.Second)
		f.stop()
		kept, found, err := f.vault.Get(t.Context(), s)
		if !found || err != nil || kept.Number != 2 || !f.idp.valid[kept.Refresh] {
			t.Errorf("record %d, %v, %v", kept.Number, found, err)
		}
		if _, ok, err := f.edges[0].Access(t.Context(), f.login()); ok || err == nil {
			t.Error("a flight begins after the end")
		}
	})
}

func TestNoVerbPrintsAGrant(t *testing.T) {
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		fmt.Fprintf(&out, verb, tokens.Grant{Token: "s3cr3t"})
	}
	if strings.Contains(out.String(), "s3cr3t") || strings.Contains(out.String(), fmt.Sprintf("%x", "s3cr3t")) {
		t.Error(out.String())
	}
}
