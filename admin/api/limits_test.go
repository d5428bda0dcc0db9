package api_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/edgeauth/edgeauth/admin/api"
	"github.com/edgeauth/edgeauth/admin/edgeauthv1"
	"github.com/edgeauth/edgeauth/identity"
)

// waits explains when it is told to.
type waits struct{ asked, release chan struct{} }

func (x waits) Explain(ctx context.Context, q *api.Question) (api.Explanation, error) {
	x.asked <- struct{}{}
	<-x.release
	return fixed{}.Explain(ctx, q)
}

func TestCallsAtOnceAreBoundedForAllTogether(t *testing.T) {
	const most = 64
	x := waits{make(chan struct{}, most), make(chan struct{})}
	w := newWorld(t, func(_ *world, o *api.Options) { o.Explain = x })
	c, ctx := w.grpc(), t.Context()
	ask := func() error {
		_, err := c.Explain(ctx, &edgeauthv1.ExplainRequest{Url: "/", Subject: &edgeauthv1.Person{Sub: "a"}, At: timestamppb.New(aboutNow())})
		return err
	}
	done := make(chan error, most)
	for range most {
		go func() { done <- ask() }()
	}
	for range most {
		<-x.asked
	}
	w.as(func(k *api.Caller) { k.Name = "cert:cn:another" })
	if _, err := c.RevokeSessions(ctx, everybody()); status.Code(err) != codes.ResourceExhausted {
		t.Errorf("one call more is answered with %v", err)
	}
	close(x.release)
	for range most {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if _, err := c.RevokeSessions(ctx, everybody()); err != nil {
		t.Errorf("a call after them: %v", err)
	}
}

func TestSearchesThroughTheWholeIndexAreBoundedAndEndInTime(t *testing.T) {
	t.Parallel() // a call may last for ten seconds
	const most = 2
	w := newWorld(t, withSessions, func(w *world, _ *api.Options) { w.index.hangs = make(chan struct{}, most) })
	c := w.grpc()
	ask := func(of *edgeauthv1.Person, within time.Duration) error {
		ctx, cancel := context.WithTimeout(t.Context(), within)
		defer cancel()
		_, err := c.GetSession(ctx, &edgeauthv1.GetSessionRequest{Session: family(1).String(), Subject: of})
		return err
	}
	done := make(chan error, most)
	for range most {
		go func() { done <- ask(nil, 30*time.Second) }()
	}
	for range most {
		<-w.index.hangs
	}
	if err := ask(nil, 30*time.Second); status.Code(err) != codes.ResourceExhausted {
		t.Errorf("one search more is answered with %v", err)
	}
	if err := ask(&edgeauthv1.Person{Sub: "alice"}, 30*time.Second); err != nil {
		t.Errorf("a search among a person's: %v", err)
	}
	for range most {
		if err := <-done; status.Code(err) != codes.DeadlineExceeded || status.Convert(err).Message() != "not within 10s" {
			t.Errorf("a search that takes too long ends with %v", err)
		}
	}
	if err := ask(nil, time.Second); status.Code(err) == codes.ResourceExhausted {
		t.Errorf("a search after them: %v", err)
	}
}

func TestABodyThatDoesNotComeIsNotWaitedForForEver(t *testing.T) {
	t.Parallel() // ten seconds
	w := newWorld(t)
	conn, err := net.Dial("tcp", w.server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "POST /v1/sessions:revoke HTTP/1.1\r\nHost: edge\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n{"); err != nil {
		t.Fatal(err)
	}
	_ = conn.SetReadDeadline(time.Now().Add(30 * time.Second))
	if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || len(w.log.all()) > 0 {
		t.Errorf("answered %q, %v", line, err)
	}
}

func TestASilentStreamSaysThatItLives(t *testing.T) {
	t.Parallel() // fifteen seconds
	w := newWorld(t)
	s := w.follow(&edgeauthv1.ListEventsRequest{Session: identity.Family{}.String()})
	if got, err := s.Recv(); err != nil || !got.GetPulse().GetAt().AsTime().Equal(aboutNow()) {
		t.Errorf("%v %v", got, err)
	}
}

func TestStreamsOfAllCallersAreBounded(t *testing.T) {
	w := newWorld(t)
	names := []string{"cert:cn:a", "cert:cn:b", "cert:cn:c", "cert:cn:d", "cert:cn:e"}
	for _, name := range names[:4] {
		w.as(func(c *api.Caller) { c.Name = name })
		for range 4 {
			w.follow(&edgeauthv1.ListEventsRequest{})
		}
	}
	w.as(func(c *api.Caller) { c.Name = names[4] })
	s, err := w.grpc().ListEvents(t.Context(), &edgeauthv1.ListEventsRequest{})
	if err == nil {
		_, err = s.Recv()
	}
	if status.Code(err) != codes.ResourceExhausted {
		t.Errorf("the seventeenth stream: %v", err)
	}
}

func TestAPanicInAStreamEndsItAndNothingElse(t *testing.T) {
	var broken atomic.Bool
	w := newWorld(t, func(_ *world, o *api.Options) {
		o.Now = func() time.Time {
			if broken.Load() {
				panic("boom")
			}
			return aboutNow()
		}
	})
	broken.Store(true)
	s, err := w.grpc().ListEvents(t.Context(), &edgeauthv1.ListEventsRequest{})
	if err == nil {
		_, err = s.Recv()
	}
	if status.Code(err) != codes.Internal {
		t.Errorf("a panic is answered with %v", err)
	}
	broken.Store(false)
	if _, err := w.grpc().RevokeSessions(t.Context(), everybody()); err != nil {
		t.Errorf("the call after it: %v", err)
	}
}
