package e2e_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/internal/edgetest"
	"github.com/edgeauth/edgeauth/internal/redistest"
)

// The configuration is a pipe, so that the edge stands still in the middle of its start.
func Test_SIGHUP_while_an_edge_starts_does_not_end_it(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	addr := edgetest.Addr(t)
	w.client(addr)
	e := edgetest.New(t, addr, w.config(""))
	if err := os.Remove(e.ConfigFile()); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(e.ConfigFile(), 0o600); err != nil {
		t.Fatal(err)
	}
	e.Run()
	pipe := writer(t, e.ConfigFile())
	e.Hangup()
	if _, err := io.WriteString(pipe, e.Config()); err != nil {
		t.Fatal(err)
	}
	e.Overwrite(e.Config()) // what the edge reads when it is asked to, later
	if err := pipe.Close(); err != nil {
		t.Fatal(err)
	}
	e.WaitReady()
	wantPage(t, edgetest.NewClient(t).Open(e.URL+"/"))
}

// writer opens a pipe as soon as somebody reads from it.
func writer(t *testing.T, path string) *os.File {
	t.Helper()
	for end := time.Now().Add(edgetest.Patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		f, err := os.OpenFile(path, os.O_WRONLY|syscall.O_NONBLOCK, 0)
		if err == nil {
			t.Cleanup(func() { _ = f.Close() })
			return f
		}
		if !errors.Is(err, syscall.ENXIO) {
			t.Fatal(err)
		}
	}
	t.Fatalf("nobody reads the configuration within %v", edgetest.Patience)
	return nil
}

func Test_of_two_edges_with_Redis_and_one_data_dir_one_keeps_the_socket_and_the_other_says_why_it_ends(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rest := shared(newKeys(t), redistest.Start(t))
	first, second := edgetest.Addr(t), edgetest.Addr(t)
	w.client(first, second)
	edges := []*edgetest.Edge{edgetest.New(t, first, w.config(rest)), edgetest.New(t, second, w.config(rest))}
	edges[1].Overwrite(strings.ReplaceAll(edges[1].Config(), edges[1].Dir, edges[0].Dir))
	for _, e := range edges {
		e.Run()
	}
	winner, loser := edges[0], edges[1]
	select {
	case <-winner.Done():
		winner, loser = loser, winner
	case <-loser.Done():
	case <-time.After(edgetest.Patience):
		t.Fatal("both edges run")
	}
	if code := loser.Exit(); code != 1 || !strings.Contains(loser.Log(), "each edge needs a server.data_dir of its own") {
		t.Errorf("it ended with %d and said\n%s", code, loser.Log())
	}
	winner.WaitReady()
	if out, err := winner.Command("revoke", "--config", winner.ConfigFile(), "--all"); err != nil || !strings.Contains(out, "every edge that follows the log refuses") {
		t.Errorf("the socket of the one that runs: %v\n%s", err, out)
	}
	winner.Kill()
	loser.Run() // a claim ends with the process that made it
	loser.WaitReady()
}

func Test_revoke_through_the_socket_needs_no_secret_of_the_edge(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.start(t, "")
	c := edgetest.NewClient(t)
	wantPage(t, c.Open(e.URL+"/"))
	file := filepath.Join(e.Dir, "operator.yaml")
	text := strings.Replace(e.Config(), "client_secret: "+clientSecret, `client_secret: "${NOT_FOR_OPERATORS}"`, 1)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"--all"}, {"--provider", "corp", "--subject", "demo-alice"}} {
		if out, err := e.Command(append([]string{"revoke", "--config", file}, args...)...); err != nil || !strings.Contains(out, "every edge that follows the log refuses") {
			t.Errorf("revoke %q: %v\n%s", args, err, out)
		}
	}
	if p := c.Ask(e.URL + "/"); p.Status == 200 {
		t.Error("the session lives on")
	}
}

func Test_an_edge_says_who_else_can_read_its_keys_and_starts(t *testing.T) {
	t.Parallel()
	for mode, want := range map[os.FileMode]string{0o600: "", 0o440: "the group of the key ring can read it", 0o644: "others than the owner of the key ring"} {
		w := newWorld(t)
		keys := newKeys(t)
		if err := os.Chmod(keys, mode); err != nil {
			t.Fatal(err)
		}
		e := w.start(t, "session: {keys_file: "+filepath.ToSlash(keys)+"}\n")
		if log := e.Log(); !strings.Contains(log, want) || want == "" && strings.Contains(log, "key ring can") {
			t.Errorf("mode %v: the log does not say %q:\n%s", mode, want, log)
		}
	}
}
