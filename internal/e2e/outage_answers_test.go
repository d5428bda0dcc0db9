package e2e_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/internal/edgetest"
	"github.com/edgeauth/edgeauth/internal/redistest"
)

// liar stands before a Redis and can answer in its place.
type liar struct {
	ln    net.Listener
	to    string
	reply atomic.Value // string; empty: the truth
	late  atomic.Int64 // how long the truth takes
}

func startLiar(t *testing.T, to string) *liar {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &liar{ln: ln, to: to}
	l.reply.Store("")
	t.Cleanup(func() { _ = ln.Close() })
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go l.serve(conn)
		}
	}()
	return l
}

// serve passes each piece on, or answers it. What is CUT ends the connection.
func (l *liar) serve(in net.Conn) {
	defer in.Close()
	out, err := net.Dial("tcp", l.to)
	if err != nil {
		return
	}
	defer out.Close()
	go func() {
		defer in.Close()
		_, _ = io.Copy(in, out)
	}()
	for b := make([]byte, 64<<10); ; {
		n, err := in.Read(b)
		if err != nil {
			return
		}
		lie := l.reply.Load().(string)
		if lie == "" {
			time.Sleep(time.Duration(l.late.Load()))
			_, err = out.Write(b[:n])
		} else {
			_, err = io.WriteString(in, strings.TrimSuffix(lie, "CUT"))
		}
		if err != nil || strings.HasSuffix(lie, "CUT") {
			return
		}
	}
}

func Test_RS01_whatever_Redis_answers_sessions_go_on_and_nobody_new_gets_in_until_it_is_well_again(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	server := redistest.Start(t)
	l := startLiar(t, server.Addr())
	addr := edgetest.Addr(t)
	w.client(addr)
	store := fmt.Sprintf("session: {keys_file: %q}\nstore: {type: redis, redis: {addresses: [%q]}}\n", newKeys(t), l.ln.Addr())
	e := edgetest.Start(t, addr, w.config(store))
	c := edgetest.NewClient(t)
	wantPage(t, c.Open(e.URL+"/"))
	fresh := func() bool { s, _ := e.Metric(`edgeauth_revocation_staleness_seconds{shard="03"}`); return s < 3 }
	// A key of the wrong type ages the copy and spoils nothing else: who logs in claims marks under other keys.
	server.Do("RENAME", "{log:03}:life", "aside")
	server.Do("LPUSH", "{log:03}:life", "x")
	e.Until("the wrong type is counted", func() bool { n, _ := e.Metric(`edgeauth_store_calls_total{cause="wrongtype"}`); return n > 0 })
	e.Until("the shard's copy ages", func() bool { return !fresh() })
	wantPage(t, c.Ask(e.URL+"/"))
	if !strings.Contains(e.Log(), "a key does not hold what edgeauth writes there") {
		t.Error("the log does not say what to do about the wrong type")
	}
	server.Do("RENAME", "aside", "{log:03}:life")
	e.Until("the copy is fresh", fresh)

	say := func(reply string) func() { return func() { l.reply.Store(reply) } }
	wait := func(d time.Duration) func() { return func() { l.late.Store(int64(d)) } }
	do := func(args ...string) func() { return func() { server.Do(args...) } }
	for _, row := range []struct {
		name, cause string
		spoil, mend func()
	}{
		{"it is loading", "loading", say("-LOADING Redis is loading the dataset in memory\r\n"), say("")},
		{"it sends half a reply", "lost", say("$100\r\nhalfCUT"), say("")},
		{"it speaks another protocol", "malformed", say("HTTP/1.1 400 Bad Request\r\n\r\n"), say("")},
		{"it takes five seconds", "timeout", wait(5 * time.Second), wait(0)},
		{"it cannot save to disk", "misconf", say("-MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.\r\n"), say("")},
		{"it is full", "oom", do("CONFIG", "SET", "maxmemory", "1"), do("CONFIG", "SET", "maxmemory", "0")},
		{"it lost its replicas", "noreplicas", do("CONFIG", "SET", "min-replicas-to-write", "1"), do("CONFIG", "SET", "min-replicas-to-write", "0")},
		{"it is a replica", "readonly", do("REPLICAOF", "127.0.0.1", "1"), do("REPLICAOF", "NO", "ONE")},
	} {
		failed := fmt.Sprintf(`edgeauth_store_calls_total{cause=%q}`, row.cause)
		row.spoil()
		degraded(t, e)
		e.Until("the cause is counted: "+row.name, func() bool { n, _ := e.Metric(failed); return n > 0 })
		p := c.Ask(e.URL + "/")
		wantPage(t, p)
		wantNoCookie(t, row.name, p)
		wantPage(t, edgetest.NewClient(t).Ask(e.URL+"/public"))
		stranger := edgetest.NewClient(t)
		wantRetry(t, "a new login while "+row.name, stranger.Open(e.URL+"/"))
		if stranger.Cookie(e.URL, "edgeauth") != "" {
			t.Errorf("while %s somebody new got in", row.name)
		}
		row.mend()
		recovered(e)
		wantPage(t, stranger.Open(e.URL+"/"))
		wantPage(t, c.Ask(e.URL+"/"))
	}
}

func Test_RS05_a_wrong_password_for_Redis_is_said_without_the_password(t *testing.T) {
	t.Parallel()
	const password = "hunter2-of-the-edge"
	w := newWorld(t)
	server := redistest.Start(t, redistest.WithPassword("another"))
	addr := edgetest.Addr(t)
	w.client(addr)
	e := edgetest.Prepare(t, edgetest.Setup{URL: "http://" + addr, Listen: addr, Rest: w.config(fmt.Sprintf(
		"session: {keys_file: %q}\nstore: {type: redis, redis: {addresses: [%q], username: edge, password: %s}}\n", newKeys(t), server.Addr(), password))})
	e.Run()
	e.Until("the log says what is wrong", func() bool { return strings.Contains(e.Log(), "store.redis.password") })
	if status, _ := e.Ready(); status != http.StatusServiceUnavailable {
		t.Errorf("/readyz: %d", status)
	}
	_, metrics := e.Get(e.Admin + "/metrics")
	_, ready := e.Get(e.Admin + "/readyz")
	for _, path := range []string{"/debug/vars", "/debug/pprof/", "/config"} {
		if status, body := e.Get(e.Admin + path); status != http.StatusNotFound {
			t.Errorf("%s: %d\n%s", path, status, body)
		}
	}
	page := edgetest.NewClient(t).Open(e.URL + "/")
	for where, said := range map[string]string{"the log": e.Log(), "the metrics": metrics, "/readyz": ready, "the page": page.Body} {
		if strings.Contains(said, password) || where == "the page" && strings.Contains(said, server.Addr()) {
			t.Errorf("%s shows it:\n%s", where, said)
		}
	}
	broken := filepath.Join(t.TempDir(), "broken.yaml")
	text := strings.Replace(e.Config(), fmt.Sprintf("%q", server.Addr()), fmt.Sprintf("%q", "redis://edge:"+password+"@"+server.Addr()), 1)
	if err := os.WriteFile(broken, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, command := range [][]string{{"check", broken}, {"run", "--config", broken}} {
		if out, err := e.Command(command...); err == nil || strings.Contains(out, password) || !strings.Contains(out, "host:port") {
			t.Errorf("%q: %v\n%s", command, err, out)
		}
	}
	if out, _ := e.Command("revoke", "--config", e.ConfigFile(), "--session", "AAAAAAAAAAAAAAAAAAAAAA"); strings.Contains(out, password) {
		t.Errorf("revoke shows it:\n%s", out)
	}
}
