package proxy_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/policy"
	"github.com/edgeauth/edgeauth/proxy"
	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/session"
)

// promised is how soon an exchange is cut at the latest (docs/long-exchanges.md).
const promised = 5 * time.Second

// hall is an edge in virtual time whose exchanges go on until they are cut. All of a test stands in one bubble.
type hall struct {
	*bed
	open *proxy.Exchanges
	cuts atomic.Int64
	over context.Context // ends with the test, or once it has failed
	fail context.CancelFunc
}

// inHall runs a test in a bubble. Carry is what the upstream's engine does; nil: it waits until the exchange is cut.
func inHall(t *testing.T, o options, carry func(http.ResponseWriter, *http.Request), test func(*hall)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		h := &hall{}
		also := o.handler
		o.bubble = true
		o.handler = func(p *proxy.Options) {
			h.open = proxy.NewExchanges(proxy.ExchangesOptions{Replica: p.Replica, Now: p.Now,
				Cut: func(proxy.Kind, policy.Reason) { h.cuts.Add(1) }})
			if p.Exchanges = h.open; also != nil {
				also(p)
			}
		}
		h.bed = newBed(t, o)
		if carry == nil {
			carry = func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
		}
		proxy.Carried(h.up, carry)
		h.over, h.fail = context.WithCancel(t.Context())
		done := make(chan error, 1)
		ctx, cancel := context.WithCancel(t.Context())
		go func() { done <- h.open.Run(ctx) }()
		test(h)
		h.fail()
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
}

// request is one with a session, nil for nobody's.
func (b *bed) request(target string, s *session.Session) *http.Request {
	r := httptest.NewRequest(http.MethodGet, target, nil)
	if s != nil {
		r.Header.Set("Cookie", "__Host-edgeauth="+b.value(s))
	}
	return r
}

// begins opens an exchange, and returns what is closed when it has ended, and its answer.
func (h *hall) begins(r *http.Request) (ended chan struct{}, rec *httptest.ResponseRecorder) {
	h.t.Helper()
	before := h.open.Open(proxy.Other)
	ended, rec = make(chan struct{}), httptest.NewRecorder()
	go func() { defer close(ended); h.front.ServeHTTP(rec, r.WithContext(h.over)) }()
	if synctest.Wait(); h.open.Open(proxy.Other) != before+1 {
		h.t.Fatalf("the exchange was not admitted: %d %s", rec.Code, rec.Body)
	}
	return ended, rec
}

// holds fails the test if the exchange ends within d.
func (h *hall) holds(what string, ended chan struct{}, d time.Duration) {
	h.t.Helper()
	select {
	case <-ended:
		h.t.Errorf("%s: the exchange ended before its time\n%s", what, h.access.String())
	case <-time.After(d):
	}
}

// ends fails the test unless the exchange is cut for a reason in time.
func (h *hall) ends(what string, ended chan struct{}, reason policy.Reason) {
	h.t.Helper()
	select {
	case <-ended:
	case <-time.After(promised):
		h.t.Errorf("%s: still open after %v", what, promised)
		h.fail()
		<-ended
	}
	for of, log := range map[string]string{"access": h.access.String(), "audit": h.audit.String()} {
		want := `"cut":"` + string(reason) + `"`
		if of == "audit" {
			want = `"event":"exchange_cut"`
		}
		if !strings.Contains(log, want) || !strings.Contains(log, string(reason)) {
			t := h.t
			t.Errorf("%s: the %s record has no %s:\n%s", what, of, want, log)
		}
	}
}

// sensitive is one route for everybody's requests, of a class that the level high closes.
func sensitive(up *proxy.Upstream) []proxy.RouteConfig {
	levels := sheetLevels()
	high := levels[identity.High]
	high.Blocks = []string{"sensitive"}
	levels[identity.High] = high
	return []proxy.RouteConfig{{Name: "all", Path: "/", Upstream: up, Policy: policy.Route{Levels: levels, Classes: []string{"sensitive"}}}}
}

func TestAnExchangeIsCutWithinFiveSecondsOf(t *testing.T) {
	gone := revocation.Standing{Vouched: true, Revoked: true}
	for what, tt := range map[string]struct {
		routes func(*proxy.Upstream) []proxy.RouteConfig
		then   func(h *hall)
		reason policy.Reason
	}{
		"revocation":                           {then: func(h *hall) { h.log.set(gone) }, reason: policy.Revoked},
		"the end of life":                      {then: func(*hall) { time.Sleep(7 * time.Hour) }, reason: policy.Expired}, // an hour of its eight has passed
		"a raised level that closes the route": {routes: sensitive, then: func(h *hall) { h.log.set(raisedBy(h.clock.now())) }, reason: policy.Raised},
		"the longest that a raised session may live": {then: func(h *hall) {
			h.log.set(raisedBy(h.clock.now()))
			time.Sleep(15 * time.Minute)
		}, reason: policy.RaisedTooLong},
		"the age that the log may have":               {then: func(h *hall) { h.log.age.Store(int64(time.Hour + 1)) }, reason: policy.LogTooOld},
		"a log that nobody vouches for":               {then: func(h *hall) { h.log.set(revocation.Standing{}) }, reason: policy.Unvouched},
		"the loss of the key that sealed the session": {then: func(h *hall) { h.ring.Store(newRing(h.t, 2)) }, reason: policy.NoSession},
		"a configuration without the route": {then: func(h *hall) {
			h.open.Use(proxy.Limits{}, h.configured(sheetRoutes(h.up)[:4]))
		}, reason: policy.NoRoute},
		"a configuration without the origin": {then: func(h *hall) { h.open.Use(proxy.Limits{}) }, reason: policy.NoRoute},
		"a configuration that asks for another group": {then: func(h *hall) {
			routes := sheetRoutes(h.up)
			routes[4].Policy.Groups = []string{"admin"}
			h.open.Use(proxy.Limits{}, h.configured(routes))
		}, reason: policy.GroupMissing},
		"a configuration that leads elsewhere": {then: func(h *hall) {
			h.open.Use(proxy.Limits{}, h.configured(sheetRoutes(h.upstream(options{backend: "http://other.test", upstream: func(c *proxy.UpstreamConfig) { c.Name = "other" }}))))
		}, reason: policy.NoRoute},
	} {
		t.Run(what, func(t *testing.T) {
			inHall(t, options{routes: tt.routes}, nil, func(h *hall) {
				r := h.request("/x", h.alice())
				const apart = 9 * time.Second // else each of these would come at the very moment of a look, however rare those are
				time.Sleep(apart)
				ended, _ := h.begins(r)
				h.holds("before", ended, time.Hour-apart)
				tt.then(h)
				h.ends(what, ended, tt.reason)
				if h.cuts.Load() != 1 || h.open.Open(proxy.Other) != 0 {
					t.Errorf("%d cuts were counted, %d exchanges are open", h.cuts.Load(), h.open.Open(proxy.Other))
				}
			})
		})
	}
}

func TestAnExchangeGoesOnThrough(t *testing.T) {
	for what, then := range map[string]func(h *hall){
		"the session's idle end": func(*hall) { time.Sleep(2 * idle) },
		"news of others":         func(h *hall) { h.log.version.Add(1) },
		"a raise of a level that does not close the route": func(h *hall) { h.log.set(raisedBy(h.clock.now())) },
		"another address of its upstream": func(h *hall) {
			h.open.Use(proxy.Limits{}, h.configured(sheetRoutes(h.upstream(options{backend: "http://other.test"}))))
		},
		"a bound that is lowered": func(h *hall) { h.open.Use(proxy.Limits{PerSession: 1, Total: 1}, h.configured(nil)) },
		"another key ring that opens its session": func(h *hall) {
			keys := append(h.ring.Load().Usable(h.clock.now()), newRing(h.t, 2).Usable(h.clock.now())...)
			ring, err := session.NewRing(keys)
			if err != nil {
				h.t.Fatal(err)
			}
			h.ring.Store(ring)
		},
	} {
		t.Run(what, func(t *testing.T) {
			inHall(t, options{}, nil, func(h *hall) {
				ended, _ := h.begins(h.request("/x", h.alice()))
				then(h)
				h.holds(what, ended, 2*promised)
				h.log.set(revocation.Standing{Vouched: true, Revoked: true})
				h.ends("at last", ended, policy.Revoked)
			})
		})
	}
}

func TestWhatAPublicRouteWasToldOfSomebodyEndsWithTheirSession(t *testing.T) {
	inHall(t, options{}, nil, func(h *hall) {
		hers, _ := h.begins(h.request("/public/x", h.alice()))
		nobodys, _ := h.begins(h.request("/public/x", nil))
		h.log.set(revocation.Standing{Vouched: true, Revoked: true})
		h.ends("hers", hers, policy.Revoked)
		h.holds("nobody's", nobodys, promised)
		private := sheetRoutes(h.up)
		private[0].Policy.Public = false
		h.open.Use(proxy.Limits{}, h.configured(private))
		h.ends("nobody's, where the route is not public any more", nobodys, policy.NoSession)
	})
}

func TestTheConditionsOfTheRouteBelowHoldForAsLongAsTheExchangeLasts(t *testing.T) {
	routes := func(up *proxy.Upstream) []proxy.RouteConfig {
		open := sheetRoutes(up)[4]
		open.Name, open.Path, open.StripPrefix = "app", "/app", "/app"
		return append(sheetRoutes(up), open)
	}
	inHall(t, options{routes: routes}, nil, func(h *hall) {
		ended, _ := h.begins(h.request("/app/x", h.alice()))
		narrow := routes(h.up)
		narrow[4].Policy.Groups = []string{"admin"} // of what the upstream is asked for without the prefix
		h.open.Use(proxy.Limits{}, h.configured(narrow))
		h.ends("the route below asks for another group", ended, policy.GroupMissing)
	})
}

// deaf is a client that does not read: writing to it ends with its deadline.
type deaf struct {
	*httptest.ResponseRecorder
	deadline chan time.Time
}

func (d deaf) SetWriteDeadline(at time.Time) error {
	select {
	case d.deadline <- at:
	default:
	}
	return nil
}

func TestAnExchangeThatDoesNotEndByItselfIsBrokenOffInTime(t *testing.T) {
	client := deaf{httptest.NewRecorder(), nil}
	var over context.Context
	stuck := func(http.ResponseWriter, *http.Request) {
		select {
		case <-client.deadline:
		case <-over.Done():
		}
	}
	inHall(t, options{}, stuck, func(h *hall) {
		over = h.over
		client.deadline = make(chan time.Time, 1)
		ended := make(chan struct{})
		go func() { defer close(ended); h.front.ServeHTTP(client, h.request("/x", h.alice())) }()
		synctest.Wait()
		h.log.set(revocation.Standing{Vouched: true, Revoked: true})
		h.ends("a client that does not read", ended, policy.Revoked)
	})
}

func TestAnEdgeWithoutExchangesAsksNobody(t *testing.T) {
	inHall(t, options{}, nil, func(h *hall) {
		time.Sleep(time.Hour)
		if n := h.log.asked.Load(); n != 0 {
			t.Errorf("the log was asked %d times", n)
		}
		ended, _ := h.begins(h.request("/x", h.alice()))
		before := h.log.asked.Load()
		h.holds("nothing new", ended, time.Hour)
		if n := h.log.asked.Load() - before; n != 0 {
			t.Errorf("an unchanged log was asked %d times within an hour", n)
		}
		h.log.set(revocation.Standing{Vouched: true, Revoked: true})
		h.ends("at last", ended, policy.Revoked)
	})
}

func TestWS04_a_client_that_takes_nothing_for_two_minutes_is_taken_for_gone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		edge, client := net.Pipe()
		defer client.Close()
		defer edge.Close()
		out := proxy.ToClient(edge)
		go func() { // one that is slow
			time.Sleep(time.Minute)
			_, _ = client.Read(make([]byte, 7))
		}()
		if n, err := out.Write([]byte("\x82\x05hello")); n != 7 || err != nil {
			t.Errorf("to a slow client: %d, %v", n, err)
		}
		began := time.Now()
		if _, err := out.Write([]byte("\x82\x05hello")); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(began) != 2*time.Minute {
			t.Errorf("to one that is gone: %v after %v", err, time.Since(began))
		}
	})
}
