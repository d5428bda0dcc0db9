package webhook_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/internal/leak"
	"github.com/edgeauth/edgeauth/webhook"
)

func TestMain(m *testing.M) { leak.Verify(m) }

const (
	secret   = "a secret that both ends know"
	token    = "hush-hush-token"
	patience = 30 * time.Second
)

// received is a request that the endpoint got.
type received struct {
	header    http.Header
	documents []string
	body      []byte
	method    string
	path      string
	proto     string
}

// endpoint is an operator's server. Each request is answered by answer and then told to the test.
type endpoint struct {
	*httptest.Server
	got chan received
}

func listen(t *testing.T, answer func(n int, w http.ResponseWriter, r *http.Request), start func(*httptest.Server)) *endpoint {
	t.Helper()
	e := &endpoint{got: make(chan received, 10_000)}
	var mu sync.Mutex
	n := 0
	e.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		n++
		count := n
		mu.Unlock()
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		got := received{header: r.Header.Clone(), body: body, method: r.Method, path: r.URL.String(), proto: r.Proto}
		var documents []json.RawMessage
		if err := json.Unmarshal(body, &documents); err != nil {
			t.Errorf("the body is no JSON array: %v", err)
		}
		for _, d := range documents {
			got.documents = append(got.documents, string(d))
		}
		e.got <- got
		answer(count, w, r)
	}))
	e.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	start(e.Server)
	t.Cleanup(e.Close)
	return e
}

// accepts answers 204.
func accepts(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }

func (e *endpoint) url(t *testing.T) *url.URL {
	t.Helper()
	u, err := url.Parse(e.URL + "/in/" + token + "?key=" + token)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func (e *endpoint) next(t *testing.T) received {
	t.Helper()
	select {
	case r := <-e.got:
		return r
	case <-time.After(patience):
		t.Fatal("the endpoint got nothing")
	}
	panic("unreachable")
}

// bed is a sink with what it told.
type bed struct {
	*webhook.Sink
	t    testing.TB
	logs *lockedBuffer

	mu      sync.Mutex // guards what follows
	settled map[webhook.Outcome]int
	failed  []webhook.Cause
}

type lockedBuffer struct {
	mu sync.Mutex // guards b
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func newBed(t testing.TB) *bed {
	t.Helper()
	b := &bed{t: t, logs: &lockedBuffer{}, settled: map[webhook.Outcome]int{}}
	b.Sink = webhook.New(webhook.Options{
		Log: slog.New(slog.NewJSONHandler(b.logs, &slog.HandlerOptions{Level: slog.LevelDebug})), Now: time.Now,
		Settled: func(o webhook.Outcome, n int) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.settled[o] += n
		},
		Failed: func(c webhook.Cause) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.failed = append(b.failed, c)
		},
	})
	t.Cleanup(func() {
		for _, hidden := range []string{token, secret} {
			if strings.Contains(b.logs.String(), hidden) {
				t.Errorf("the log tells %q:\n%s", hidden, b.logs)
			}
		}
	})
	return b
}

func target(t testing.TB, u *url.URL, edits ...func(*webhook.TargetConfig)) *webhook.Target {
	t.Helper()
	c := webhook.TargetConfig{URL: u, Secret: []byte(secret), Timeout: patience, Queue: 1000, RetryFor: time.Hour}
	for _, edit := range edits {
		edit(&c)
	}
	tg, err := webhook.NewTarget(c)
	if err != nil {
		t.Fatal(err)
	}
	return tg
}

// run runs the sink until the test ends or stop is called.
func (b *bed) run() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := b.Run(ctx); err != nil {
			b.t.Error(err)
		}
	})
	stop = sync.OnceFunc(func() { cancel(); wg.Wait() })
	b.t.Cleanup(func() { stop(); b.Use(nil) })
	return stop
}

func (b *bed) count(o webhook.Outcome) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.settled[o]
}

func (b *bed) causes() []webhook.Cause {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]webhook.Cause(nil), b.failed...)
}

// until waits for an outcome.
func (b *bed) until(what string, ok func() bool) {
	b.t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			b.t.Fatalf("%s: not within %v\n%s", what, patience, b.logs)
		}
	}
}

// offer queues documents named from and to, both included.
func (b *bed) offer(from, to int) {
	for i := from; i <= to; i++ {
		b.Offer(json.RawMessage(name(i)))
	}
}

func name(i int) string { return fmt.Sprintf(`{"n":%d}`, i) }
