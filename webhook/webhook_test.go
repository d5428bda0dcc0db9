package webhook_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/edgeauth/edgeauth/audit"
	"github.com/edgeauth/edgeauth/webhook"
)

func TestADocumentArrivesSignedInAnArray(t *testing.T) {
	e, b := listen(t, accepts, (*httptest.Server).Start), newBed(t)
	b.Use(target(t, e.url(t)))
	b.run()
	b.Offer(json.RawMessage(`{"event":"logout","detail":"<ü>"}`))
	r := e.next(t)
	if diff := cmp.Diff([]string{`{"event":"logout","detail":"<ü>"}`}, r.documents); diff != "" {
		t.Error(diff)
	}
	if !verify(secret, r.header.Get("Edgeauth-Signature"), r.body, time.Now()) {
		t.Errorf("signature %q of %q", r.header.Get("Edgeauth-Signature"), r.body)
	}
	if r.method != "POST" || r.path != "/in/"+token+"?key="+token || r.header.Get("Content-Type") != "application/json" ||
		len(r.header.Get("Edgeauth-Delivery")) != 22 || r.header.Get("Edgeauth-Missed") != "" {
		t.Errorf("%s %s %v", r.method, r.path, r.header)
	}
	b.until("the delivery is counted", func() bool { return b.count(webhook.Delivered) == 1 && b.Len() == 0 })
}

func TestDocumentsArriveInOrderInArraysOfBoundedSize(t *testing.T) {
	begin := make(chan struct{})
	e, b := listen(t, func(n int, w http.ResponseWriter, r *http.Request) { <-begin; accepts(n, w, r) }, (*httptest.Server).Start), newBed(t)
	b.Use(target(t, e.url(t), func(c *webhook.TargetConfig) { c.Queue = 5000 }))
	b.run()
	var want, got []string
	for i := range 1000 {
		d := name(i)
		if i%100 == 50 {
			d = fmt.Sprintf(`{"large":%q}`, strings.Repeat("x", 60<<10))
		}
		if i == 777 {
			d = fmt.Sprintf(`{"huge":%q}`, strings.Repeat("x", 300<<10))
		}
		want = append(want, d)
		b.Offer(json.RawMessage(d))
	}
	close(begin)
	for len(got) < len(want) {
		r := e.next(t)
		if got = append(got, r.documents...); len(r.documents) > 100 || len(r.body) > 256<<10+1 && len(r.documents) > 1 {
			t.Errorf("an array of %d documents and %d bytes", len(r.documents), len(r.body))
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error("out of order")
	}
}

func TestWhatAnAnswerMeans(t *testing.T) {
	for _, c := range []struct {
		status int
		cause  webhook.Cause // empty: delivered
		again  bool
	}{
		{200, "", false}, {202, "", false}, {204, "", false}, {299, "", false},
		{301, webhook.CauseRedirect, false}, {307, webhook.CauseRedirect, false}, {308, webhook.CauseRedirect, false}, {304, webhook.CauseRedirect, false},
		{400, webhook.CauseClient, false}, {401, webhook.CauseClient, false}, {404, webhook.CauseClient, false}, {410, webhook.CauseClient, false}, {413, webhook.CauseClient, false},
		{408, webhook.CauseBusy, true}, {429, webhook.CauseBusy, true},
		{500, webhook.CauseServer, true}, {501, webhook.CauseServer, true}, {503, webhook.CauseServer, true}, {599, webhook.CauseServer, true},
	} {
		t.Run(fmt.Sprint(c.status), func(t *testing.T) {
			t.Parallel()
			e := listen(t, func(n int, w http.ResponseWriter, r *http.Request) {
				if n == 1 {
					w.Header().Set("Location", "/elsewhere")
					w.WriteHeader(c.status)
					fmt.Fprint(w, strings.Repeat("no ", 100_000))
					return
				}
				accepts(n, w, r)
			}, (*httptest.Server).Start)
			b := newBed(t)
			b.Use(target(t, e.url(t)))
			b.run()
			b.offer(1, 1)
			first := e.next(t)
			if c.again {
				second := e.next(t)
				if string(first.body) != string(second.body) || first.header.Get("Edgeauth-Delivery") != second.header.Get("Edgeauth-Delivery") {
					t.Error("another attempt is another delivery")
				}
				if !verify(secret, second.header.Get("Edgeauth-Signature"), second.body, time.Now()) {
					t.Error("the second attempt is not signed")
				}
			}
			want := map[webhook.Outcome]int{webhook.Delivered: 1}
			if c.cause != "" && !c.again {
				want = map[webhook.Outcome]int{webhook.Refused: 1}
			}
			b.until("it is settled", func() bool { return b.Len() == 0 && b.count(webhook.Delivered)+b.count(webhook.Refused) == 1 })
			if diff := cmp.Diff(want, b.settled); diff != "" {
				t.Error(diff)
			}
			var causes []webhook.Cause
			if c.cause != "" {
				causes = []webhook.Cause{c.cause}
			}
			if diff := cmp.Diff(causes, b.causes()); diff != "" {
				t.Error(diff)
			}
			if len(e.got) != 0 {
				t.Errorf("%d requests too many", len(e.got))
			}
		})
	}
}

// short makes an attempt end soon.
func short(c *webhook.TargetConfig) { c.Timeout = 200 * time.Millisecond }

func TestAnAttemptThatFailsIsRepeated(t *testing.T) {
	for name, c := range map[string]struct {
		answer func(http.ResponseWriter, *http.Request)
		cause  webhook.Cause
	}{
		"it hangs":          {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, webhook.CauseTimeout},
		"it hangs up":       {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, webhook.CauseReset},
		"it speaks no HTTP": {func(w http.ResponseWriter, _ *http.Request) { babble(w, "SSH-2.0-"+token+"\r\n") }, webhook.CauseOther},
		"its header has no end": {func(w http.ResponseWriter, _ *http.Request) {
			babble(w, "HTTP/1.1 200 OK\r\nX: "+strings.Repeat(token, 1<<14))
		}, webhook.CauseOther},
		"it stops within the header": {func(w http.ResponseWriter, _ *http.Request) { babble(w, "HTTP/1.1 200 OK\r\nX: ") }, webhook.CauseReset},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := listen(t, func(n int, w http.ResponseWriter, r *http.Request) {
				if n == 1 {
					c.answer(w, r)
					return
				}
				accepts(n, w, r)
			}, (*httptest.Server).Start)
			b := newBed(t)
			b.Use(target(t, e.url(t), short))
			b.run()
			b.offer(1, 1)
			b.until("it is delivered", func() bool { return b.count(webhook.Delivered) == 1 })
			if got := b.causes(); len(got) == 0 || got[0] != c.cause {
				t.Errorf("causes %v, want %s\n%s", got, c.cause, b.logs)
			}
			if first, last := e.next(t), e.next(t); first.header.Get("Edgeauth-Delivery") != last.header.Get("Edgeauth-Delivery") {
				t.Error("another attempt is another delivery")
			}
		})
	}
}

// babble writes what it likes and hangs up.
func babble(w http.ResponseWriter, text string) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(err)
	}
	fmt.Fprint(conn, text)
	conn.Close()
}

func TestAnEndpointThatComesLaterGetsWhatWaited(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := ln.Addr().String()
	ln.Close()
	b := newBed(t)
	u, _ := url.Parse("http://" + addr + "/" + token)
	b.Use(target(t, u))
	b.run()
	b.offer(1, 3)
	b.until("an attempt failed", func() bool { return len(b.causes()) > 0 })
	if c := b.causes()[0]; c != webhook.CauseRefused {
		t.Errorf("cause %s", c)
	}
	e := listen(t, accepts, func(s *httptest.Server) {
		s.Listener.Close()
		if s.Listener, err = net.Listen("tcp", addr); err != nil {
			t.Skipf("SKIPPED: the port was taken meanwhile: %v", err)
		}
		s.Start()
	})
	var got []string
	for len(got) < 3 {
		got = append(got, e.next(t).documents...)
	}
	if diff := cmp.Diff([]string{name(1), name(2), name(3)}, got); diff != "" {
		t.Error(diff)
	}
}

func TestAnAnswerWithoutEndDoesNotKeepTheNextFromBeingSent(t *testing.T) {
	e := listen(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}, (*httptest.Server).Start)
	b := newBed(t)
	b.Use(target(t, e.url(t), short))
	b.run()
	b.offer(1, 1)
	e.next(t)
	b.offer(2, 2)
	e.next(t)
	b.until("both are delivered", func() bool { return b.count(webhook.Delivered) == 2 })
}

func TestALongAnswerIsNotRead(t *testing.T) {
	const long = 64 << 20 // more than the kernel keeps between the two
	wrote := make(chan int, 1)
	e := listen(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
		piece, n := make([]byte, 64<<10), 0
		for err := error(nil); err == nil && n < long; n += len(piece) {
			_, err = w.Write(piece)
		}
		wrote <- n
	}, (*httptest.Server).Start)
	b := newBed(t)
	b.Use(target(t, e.url(t)))
	b.run()
	b.offer(1, 1)
	b.until("it is delivered", func() bool { return b.count(webhook.Delivered) == 1 })
	if n := <-wrote; n >= long {
		t.Errorf("the endpoint could write %d bytes", n)
	}
}

func TestAFullQueueDropsTheOldestAndTheEndpointIsToldHowMany(t *testing.T) {
	release := make(chan struct{})
	e := listen(t, func(n int, w http.ResponseWriter, r *http.Request) { <-release; accepts(n, w, r) }, (*httptest.Server).Start)
	b := newBed(t)
	b.Use(target(t, e.url(t), func(c *webhook.TargetConfig) { c.Queue = 10 }))
	b.run()
	b.offer(0, 0)
	first := e.next(t) // is on its way, and so not in the queue
	b.offer(1, 25)
	if n := b.count(webhook.Dropped); n != 15 || b.Len() != 11 {
		t.Errorf("%d dropped, %d wait", n, b.Len())
	}
	close(release)
	second := e.next(t)
	var want []string
	for i := 16; i <= 25; i++ {
		want = append(want, name(i))
	}
	if diff := cmp.Diff(want, second.documents); diff != "" {
		t.Error(diff)
	}
	b.offer(26, 26)
	third := e.next(t)
	if a, b, c := first.header.Get("Edgeauth-Missed"), second.header.Get("Edgeauth-Missed"), third.header.Get("Edgeauth-Missed"); a != "" || b != "15" || c != "" {
		t.Errorf("missed: %q, %q, %q", a, b, c)
	}
	if !strings.Contains(b.logs.String(), `"events":15`) {
		t.Errorf("nothing is said of what was dropped:\n%s", b.logs)
	}
}

func TestWhatIsDroppedDuringARetryIsMissedByTheNextArray(t *testing.T) {
	begin := make(chan struct{})
	e := listen(t, func(n int, w http.ResponseWriter, r *http.Request) {
		if n == 1 {
			<-begin
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		accepts(n, w, r)
	}, (*httptest.Server).Start)
	b := newBed(t)
	b.Use(target(t, e.url(t), func(c *webhook.TargetConfig) { c.Queue = 10 }))
	b.run()
	b.offer(1, 1)
	e.next(t)
	b.offer(2, 31)
	close(begin)
	if again, next := e.next(t), e.next(t); again.header.Get("Edgeauth-Missed") != "" || next.header.Get("Edgeauth-Missed") != "20" {
		t.Errorf("missed: %q, then %q", again.header.Get("Edgeauth-Missed"), next.header.Get("Edgeauth-Missed"))
	}
}

func TestAQueueOfLargeDocumentsIsBoundedInBytes(t *testing.T) {
	b := newBed(t)
	u, _ := url.Parse("http://127.0.0.1:1/")
	b.Use(target(t, u, func(c *webhook.TargetConfig) { c.Queue = 1_000_000 }))
	large := json.RawMessage(`"` + strings.Repeat("x", 1<<20) + `"`)
	for range 100 {
		b.Offer(large)
	}
	if b.Len() > 32 || b.Len() < 30 || b.count(webhook.Dropped) != 100-b.Len() {
		t.Errorf("%d wait, %d were dropped", b.Len(), b.count(webhook.Dropped))
	}
}

func TestWhatIsRefusedIsMissedByTheNextArray(t *testing.T) {
	e := listen(t, func(n int, w http.ResponseWriter, r *http.Request) {
		if n == 1 {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		accepts(n, w, r)
	}, (*httptest.Server).Start)
	b := newBed(t)
	b.offer(0, 3) // before there is a target: nobody waits for these
	b.Use(target(t, e.url(t)))
	b.offer(1, 7)
	b.run()
	e.next(t)
	b.until("it is refused", func() bool { return b.count(webhook.Refused) == 7 })
	b.offer(8, 8)
	if r := e.next(t); r.header.Get("Edgeauth-Missed") != "7" {
		t.Errorf("missed: %q", r.header.Get("Edgeauth-Missed"))
	}
}

// The endpoint never answers while the events are written: if one of them waited for it, this test would not end.
func TestNobodyWhoWritesAnEventWaitsForTheWebhook(t *testing.T) {
	release := make(chan struct{})
	e := listen(t, func(n int, w http.ResponseWriter, r *http.Request) { <-release; accepts(n, w, r) }, (*httptest.Server).Start)
	b := newBed(t)
	b.Use(target(t, e.url(t), func(c *webhook.TargetConfig) { c.Queue = 50 }))
	b.run()
	log := audit.New(slog.New(slog.DiscardHandler), func(ev audit.Event) {
		text, err := json.Marshal(ev)
		if err != nil {
			t.Error(err)
		}
		b.Offer(text)
	}, time.Now)
	log.Write(t.Context(), audit.Event{Name: audit.Logout})
	e.next(t)
	for range 1000 {
		log.Write(t.Context(), audit.Event{Name: audit.Logout})
	}
	if b.count(webhook.Dropped) != 950 || b.Len() != 51 {
		t.Errorf("%d dropped, %d wait", b.count(webhook.Dropped), b.Len())
	}
	close(release)
}

func TestAChangedTargetIsTriedAtOnceWithWhatWaits(t *testing.T) {
	bad := listen(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "1800")
		w.WriteHeader(http.StatusServiceUnavailable)
	}, (*httptest.Server).Start)
	good, b := listen(t, accepts, (*httptest.Server).Start), newBed(t)
	b.Use(target(t, bad.url(t)))
	b.run()
	b.offer(1, 2)
	first := bad.next(t)
	b.until("it failed", func() bool { return len(b.causes()) == 1 })
	b.offer(3, 3)
	b.Use(target(t, good.url(t), func(c *webhook.TargetConfig) { c.Secret = []byte("another secret, 2nd edition") }))
	second := good.next(t)
	if string(first.body) != string(second.body) || first.header.Get("Edgeauth-Delivery") != second.header.Get("Edgeauth-Delivery") {
		t.Errorf("%s became %s", first.body, second.body)
	}
	if !verify("another secret, 2nd edition", second.header.Get("Edgeauth-Signature"), second.body, time.Now()) {
		t.Error("the new secret does not sign")
	}
}

func TestAWebhookThatIsTurnedOffKeepsNothing(t *testing.T) {
	u, _ := url.Parse("http://127.0.0.1:1/")
	b := newBed(t)
	b.Use(target(t, u))
	b.offer(1, 5)
	b.Use(nil)
	b.offer(6, 9)
	if b.Len() != 0 || b.Active() || b.count(webhook.Dropped) != 5 {
		t.Errorf("%d wait, %v", b.Len(), b.settled)
	}
	e := listen(t, accepts, (*httptest.Server).Start)
	b.Use(target(t, e.url(t)))
	b.run()
	b.offer(10, 10)
	if r := e.next(t); len(r.documents) != 1 || r.header.Get("Edgeauth-Missed") != "" || strings.Contains(b.logs.String(), "full") {
		t.Errorf("%v, %v\n%s", r.documents, r.header, b.logs)
	}
}

func TestASmallerQueueDropsTheOldest(t *testing.T) {
	e, b := listen(t, accepts, (*httptest.Server).Start), newBed(t)
	b.Use(target(t, e.url(t)))
	b.offer(1, 5)
	b.Use(target(t, e.url(t), func(c *webhook.TargetConfig) { c.Queue = 2 }))
	b.run()
	if r := e.next(t); cmp.Diff([]string{name(4), name(5)}, r.documents) != "" {
		t.Errorf("%v", r.documents)
	}
}

func TestTheEndOfTheProcessDeliversWhatIsLeft(t *testing.T) {
	entered := make(chan struct{}, 1)
	e := listen(t, func(n int, w http.ResponseWriter, r *http.Request) {
		if n == 1 {
			entered <- struct{}{}
			<-r.Context().Done() // the process ends while this one is on its way
			return
		}
		accepts(n, w, r)
	}, (*httptest.Server).Start)
	b := newBed(t)
	b.Use(target(t, e.url(t)))
	stop := b.run()
	b.offer(1, 1)
	<-entered
	b.offer(2, 250)
	stop()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if lost := b.Flush(ctx); lost != 0 || b.Len() != 0 || b.count(webhook.Delivered) != 250 {
		t.Errorf("%d lost, %d wait, %v", lost, b.Len(), b.settled)
	}
	if first, second := e.next(t), e.next(t); first.header.Get("Edgeauth-Delivery") != second.header.Get("Edgeauth-Delivery") {
		t.Error("what was on its way became another delivery")
	}
}

func TestTheEndOfTheProcessDoesNotWaitForAWebhookThatIsDown(t *testing.T) {
	u, _ := url.Parse("http://127.0.0.1:1/" + token)
	b := newBed(t)
	b.Use(target(t, u))
	b.offer(1, 150)
	if lost := b.Flush(t.Context()); lost != 150 || b.Len() != 0 || b.count(webhook.GivenUp) != 150 || len(b.causes()) != 3 {
		t.Errorf("%d lost, %d wait, %v, %v", lost, b.Len(), b.settled, b.causes())
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	b = newBed(t)
	b.Use(target(t, u))
	b.offer(1, 2)
	if lost := b.Flush(ended); lost != 2 {
		t.Errorf("%d lost", lost)
	}
}

func TestTheEndpointsCertificateIsChecked(t *testing.T) {
	e := listen(t, accepts, func(s *httptest.Server) {
		s.EnableHTTP2 = true
		s.StartTLS()
	})
	roots := e.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	b := newBed(t)
	b.Use(target(t, e.url(t)))
	b.run()
	b.offer(1, 1)
	b.until("an attempt failed", func() bool { return len(b.causes()) > 0 })
	if c := b.causes()[0]; c != webhook.CauseCertificate || len(e.got) != 0 {
		t.Errorf("cause %s, %d requests", c, len(e.got))
	}
	b.Use(target(t, e.url(t), func(c *webhook.TargetConfig) { c.RootCAs = roots }))
	if r := e.next(t); r.proto != "HTTP/2.0" {
		t.Errorf("it speaks %s to a server that offers HTTP/2", r.proto)
	}
}

func TestTheProxyOfTheEnvironmentIsUsed(t *testing.T) {
	proxied := make(chan string, 1)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		proxied <- r.URL.String()
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(proxy.Close)
	t.Setenv("HTTP_PROXY", proxy.URL)
	t.Setenv("NO_PROXY", "")
	u, _ := url.Parse("http://hooks.test/in")
	b := newBed(t)
	b.Use(target(t, u))
	b.run()
	b.offer(1, 1)
	select {
	case got := <-proxied:
		if got != "http://hooks.test/in" {
			t.Errorf("the proxy was asked for %s", got)
		}
	case <-time.After(patience):
		t.Fatalf("the proxy was not asked\n%s", b.logs)
	}
}

func TestAHostThatDoesNotExistIsNamedAsTheCause(t *testing.T) {
	u, _ := url.Parse("http://hooks.invalid/" + token)
	b := newBed(t)
	b.Use(target(t, u))
	b.run()
	b.offer(1, 1)
	b.until("an attempt failed", func() bool { return len(b.causes()) > 0 })
	if c := b.causes()[0]; c != webhook.CauseName {
		t.Errorf("cause %s", c)
	}
	if !strings.Contains(b.logs.String(), `"to":"http://hooks.invalid"`) {
		t.Error(b.logs)
	}
}

func TestNoTargetIsMadeThatCannotBeMeant(t *testing.T) {
	good := webhook.TargetConfig{URL: &url.URL{Scheme: "https", Host: "a.example"}, Secret: []byte(secret), Timeout: time.Second, Queue: 1}
	if _, err := webhook.NewTarget(good); err != nil {
		t.Fatal(err)
	}
	for name, edit := range map[string]func(*webhook.TargetConfig){
		"no URL":         func(c *webhook.TargetConfig) { c.URL = nil },
		"no host":        func(c *webhook.TargetConfig) { c.URL = &url.URL{Scheme: "https", Path: "/" + token} },
		"another scheme": func(c *webhook.TargetConfig) { c.URL = &url.URL{Scheme: "file", Host: "a", Path: "/" + token} },
		"a short secret": func(c *webhook.TargetConfig) { c.Secret = []byte("short-" + token)[:15] },
		"no time":        func(c *webhook.TargetConfig) { c.Timeout = 0 },
		"no queue":       func(c *webhook.TargetConfig) { c.Queue = 0 },
	} {
		c := good
		edit(&c)
		if _, err := webhook.NewTarget(c); err == nil || strings.Contains(err.Error(), "short-") || strings.Contains(err.Error(), token) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestATargetPrintsNoSecretUnderAnyVerb(t *testing.T) {
	u, _ := url.Parse("https://hooks.example/" + token + "?k=" + token)
	tg := target(t, u)
	nested := struct{ inner any }{*tg}
	numbers := strings.Trim(fmt.Sprint([]byte(secret)), "[]")
	for _, v := range []any{tg, *tg, nested, []any{tg}} {
		for _, verb := range "vsdqxXtTbcoOUeEfFgGp" {
			for _, flag := range []string{"", "+", "#"} {
				s := fmt.Sprintf("%"+flag+string(verb), v)
				if strings.Contains(s, token) || strings.Contains(s, secret) || strings.Contains(s, numbers) {
					t.Errorf("%%%s%c: %s", flag, verb, s)
				}
			}
		}
	}
	b := newBed(t) // looks for secrets in its log
	b.Use(tg)
	slog.New(slog.NewJSONHandler(b.logs, nil)).Info("x", "target", tg, "sink", fmt.Sprintf("%+v", b.Sink))
}
