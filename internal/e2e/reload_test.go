package e2e_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/edgeauth/edgeauth/internal/edgetest"
)

// slowApp is an application that answers when it is let go.
type slowApp struct {
	arrived chan struct{} // one for each request
	release chan struct{} // closed to let all go
}

// addSlow puts a slow application under /slow, open to everybody.
func addSlow(t *testing.T, w *world) *slowApp {
	t.Helper()
	s := &slowApp{arrived: make(chan struct{}, 8), release: make(chan struct{})}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.arrived <- struct{}{}
		select {
		case <-s.release:
			_, _ = io.WriteString(w, "done")
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(srv.Close)
	w.upstreams = "  slow: {addresses: [\"" + srv.URL + "\"]}\n"
	w.routes = "  - {path: /slow, upstream: slow, public: true}\n"
	return s
}

// ask sends a request in the background and returns once the application has it.
func (s *slowApp) ask(t *testing.T, e *edgetest.Edge) (answer chan string) {
	t.Helper()
	answer = make(chan string, 1)
	go func() {
		resp, err := http.Get(e.URL + "/slow")
		if err != nil {
			answer <- err.Error()
			return
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			b = []byte(err.Error())
		}
		answer <- string(b)
	}()
	<-s.arrived
	return answer
}

const extra = "  - {path: /extra, upstream: page, public: true}\n"

func Test_a_changed_configuration_takes_effect_by_itself_under_requests_and_sessions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	slow := addSlow(t, w)
	e := w.start(t, "")
	c := edgetest.NewClient(t)
	wantPage(t, c.Open(e.URL+"/"))
	if status, _ := e.Get(e.URL + "/extra"); status == http.StatusOK {
		t.Fatal("/extra is public before the change")
	}
	answer := slow.ask(t, e)

	w.routes += extra
	e.Configure(w.config(""))
	e.Until("the new route is there", func() bool { status, _ := e.Get(e.URL + "/extra"); return status == http.StatusOK })
	close(slow.release)
	if got := <-answer; got != "done" {
		t.Errorf("a request that was in flight during the reload got %q", got)
	}
	p := c.Ask(e.URL + "/")
	wantPage(t, p)
	wantNoCookie(t, "after the reload", p)
	e.Until("an audit event tells of the reload", func() bool { return len(e.Events("config_reloaded")) > 0 })
}

func Test_a_broken_configuration_changes_nothing_and_shows(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.start(t, "")
	if v, ok := e.Metric("edgeauth_config_valid"); !ok || v != 1 {
		t.Fatalf("edgeauth_config_valid is %v, %v", v, ok)
	}
	e.Overwrite("server: {hosts: [\n")
	e.Hangup()
	e.Until("the metric shows it", func() bool { v, ok := e.Metric("edgeauth_config_valid"); return ok && v == 0 })
	e.Until("an audit event tells of the refused configuration", func() bool { return len(e.Events("config_refused")) > 0 })
	if log := e.Log(); !strings.Contains(log, "a mistake in the changed configuration") || strings.Contains(log, `\n`) {
		t.Errorf("the mistakes are not logged one by one:\n%s", log)
	}
	wantPage(t, edgetest.NewClient(t).Open(e.URL+"/"))
	if status, word := e.Ready(); status != http.StatusOK {
		t.Errorf("/readyz: %d %s", status, word)
	}

	w.routes = extra
	e.Configure(w.config(""))
	e.Until("a good file is taken again", func() bool { v, _ := e.Metric("edgeauth_config_valid"); return v == 1 })
	if status, _ := e.Get(e.URL + "/extra"); status != http.StatusOK {
		t.Errorf("the new route answers %d", status)
	}
}

func Test_a_setting_that_needs_a_restart_is_refused_by_name(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.start(t, "")
	other := edgetest.Addr(t)
	w.routes = extra
	e.Configure(w.config(""))
	e.Overwrite(strings.Replace(e.Config(), "listen: "+e.Listen, "listen: "+other, 1))
	e.Hangup()
	e.Until("it is refused", func() bool { return strings.Contains(e.Log(), "server.listen can only change by a restart") })
	if v, _ := e.Metric("edgeauth_config_valid"); v != 0 {
		t.Errorf("edgeauth_config_valid is %v", v)
	}
	if conn, err := net.Dial("tcp", other); err == nil {
		conn.Close()
		t.Error("the new address is listened on")
	}
	wantPage(t, edgetest.NewClient(t).Open(e.URL+"/"))
}

func Test_SIGTERM_lets_requests_finish_refuses_new_ones_and_ends_with_0(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	slow := addSlow(t, w)
	e := w.start(t, "")
	answer := slow.ask(t, e)
	e.Terminate()
	e.Until("new connections are refused", func() bool {
		conn, err := net.Dial("tcp", e.Listen)
		if err == nil {
			conn.Close()
		}
		return err != nil
	})
	if status, word := e.Ready(); status != http.StatusServiceUnavailable || word != "not_ready" {
		t.Errorf("/readyz of an edge that shuts down: %d %s", status, word)
	}
	if status, _ := e.Get(e.Admin + "/healthz"); status != http.StatusOK {
		t.Errorf("/healthz of an edge that shuts down: %d", status)
	}
	select {
	case got := <-answer:
		t.Fatalf("the request in flight ended with %q before its application answered", got)
	default:
	}
	close(slow.release)
	if got := <-answer; got != "done" {
		t.Errorf("the request in flight got %q", got)
	}
	if code := e.Exit(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

func Test_a_request_that_does_not_end_is_cut_when_the_drain_is_over(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	slow := addSlow(t, w)
	e := w.start(t, "")
	answer := slow.ask(t, e)
	e.Terminate()
	if code := e.Exit(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if got := <-answer; got == "done" {
		t.Error("an answer came out of nothing")
	}
}
