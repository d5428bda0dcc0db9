package e2e_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/internal/browser"
	"github.com/edgeauth/edgeauth/internal/child"
	"github.com/edgeauth/edgeauth/internal/edgetest"
	"github.com/edgeauth/edgeauth/internal/redistest"
)

// demoRun is `edgeauth demo` as somebody started it in a terminal.
type demoRun struct {
	origin string
	temp   string // where the program puts temporary files: its own, to see what it leaves
	out    string // file with what it printed
	proc   *child.Process
	t      *testing.T
}

// startDemo runs the demo and returns when it says that it is ready.
func startDemo(t *testing.T, args ...string) *demoRun {
	t.Helper()
	addr := edgetest.Addr(t)
	d := &demoRun{origin: "http://" + addr, temp: shortDir(t), out: filepath.Join(t.TempDir(), "out"), t: t}
	out, err := os.Create(d.out)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	cmd := demoCommand(t, append([]string{"--listen", addr}, args...)...)
	cmd.Env = append(os.Environ(), "TMPDIR="+d.temp)
	cmd.Stdout, cmd.Stderr = out, out
	if d.proc, err = child.Start(cmd, ""); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.proc.Kill)
	for end := time.Now().Add(edgetest.Patience); !strings.HasSuffix(d.printed(), "\nready\n"); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("the demo never said that it is ready:\n%s", d.printed())
		}
	}
	return d
}

// shortDir is a directory of the test with a name that leaves room for that of a Unix socket.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "demo-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func demoCommand(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	return exec.Command(edgetest.Binary(t), append([]string{"demo"}, args...)...)
}

func (d *demoRun) printed() string {
	text, err := os.ReadFile(d.out)
	if err != nil {
		d.t.Fatal(err)
	}
	return string(text)
}

// revoke copies the command that the demo printed into a shell.
func (d *demoRun) revoke() {
	d.t.Helper()
	line := regexp.MustCompile(`edgeauth revoke .*`).FindString(d.printed())
	cmd := exec.Command("/bin/sh", "-c", line)
	cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(edgetest.Binary(d.t))+":"+os.Getenv("PATH"))
	if said, err := cmd.CombinedOutput(); err != nil || line == "" {
		d.t.Fatalf("%q: %v\n%s", line, err, said)
	}
}

// interrupt presses Ctrl-C and checks that nothing is left.
func (d *demoRun) interrupt() {
	d.t.Helper()
	if err := d.proc.Signal(syscall.SIGINT); err != nil {
		d.t.Fatal(err)
	}
	select {
	case <-d.proc.Done():
	case <-time.After(edgetest.Patience):
		d.t.Fatalf("the demo does not end:\n%s", d.printed())
	}
	if err := d.proc.Err(); err != nil {
		d.t.Errorf("the demo ended with %v:\n%s", err, d.printed())
	}
	left, err := os.ReadDir(d.temp)
	if err != nil || len(left) != 0 {
		d.t.Errorf("the demo left %v behind (%v)", left, err)
	}
	if _, after, _ := strings.Cut(d.printed(), "\nready\n"); after != "" {
		d.t.Errorf("the demo complained: %s", after)
	}
}

func Test_the_demo_does_what_it_says_and_leaves_nothing(t *testing.T) {
	d := startDemo(t)
	tab := browser.Start(t).NewTab()
	tab.Open(d.origin + "/")
	tab.WaitVisible("#sign-in")
	tab.Screenshot("1-demo-form")
	signInDemo(tab, "alice")
	arrives(tab, d.origin+"/")
	if tab.Text("#user") != "Alice Liddell" {
		t.Errorf("after the login: %q", tab.Text("#user"))
	}
	tab.Screenshot("2-page")
	tab.Open(d.origin + "/admin/")
	if tab.Status() != http.StatusForbidden || !strings.Contains(tab.Text("h1"), "No access") {
		t.Errorf("alice at /admin/: %d %q", tab.Status(), tab.Text("h1"))
	}
	tab.Screenshot("3-refused")
	tab.Open(d.origin + "/")
	tab.Click("#log-out")
	tab.Click("button")
	tab.WaitURL("^" + regexp.QuoteMeta(d.origin) + "/.edgeauth/logged-out")
	tab.Screenshot("4-logged-out")
	tab.Open(d.origin + "/admin/")
	signInDemo(tab, "bob") // the form again: the provider's session ended too
	arrives(tab, d.origin+"/admin/")
	if tab.Text("#user") != "Bob Dobbs" {
		t.Errorf("bob at /admin/: %q", tab.Text("#user"))
	}
	d.revoke()
	tab.Open(d.origin + "/.edgeauth/me")
	if tab.Status() != http.StatusUnauthorized {
		t.Errorf("bob after the revocation: %d", tab.Status())
	}
	askAsProgram(t, d)
	d.interrupt()
}

// signInDemo fills in the demo provider's form.
func signInDemo(tab *browser.Tab, name string) {
	tab.Fill("#username", name)
	tab.Fill("#password", name)
	tab.Click("#sign-in")
}

// askAsProgram does what the demo proposes to do with curl.
func askAsProgram(t *testing.T, d *demoRun) {
	t.Helper()
	if p := edgetest.NewClient(t).Ask(d.origin + "/public/"); p.Status != http.StatusOK {
		t.Errorf("/public/: %d", p.Status)
	}
	resp, err := http.Get(d.origin + "/api/hello")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var problem struct {
		Status   int
		LoginURL string `json:"login_url"`
	}
	err = json.NewDecoder(resp.Body).Decode(&problem)
	if err != nil || resp.StatusCode != http.StatusUnauthorized || problem.Status != http.StatusUnauthorized || problem.LoginURL == "" ||
		resp.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("a program: %d, %s, %+v, %v", resp.StatusCode, resp.Header.Get("Content-Type"), problem, err)
	}
}

func Test_the_demo_runs_with_a_Redis_too(t *testing.T) {
	redis := redistest.Start(t)
	d := startDemo(t, "--redis", redis.Addr())
	if p := edgetest.NewClient(t).Ask(d.origin + "/"); p.Status != http.StatusSeeOther {
		t.Errorf("a page without a login: %d", p.Status)
	}
	keys := func() string { return fmt.Sprintf("%s", redis.Do("INFO", "keyspace")) }
	before := keys()
	d.revoke()
	if after := keys(); after == before || !strings.Contains(after, "db15:") || strings.Contains(after, "db0:") {
		t.Errorf("the revocation did not reach database 15: before\n%s\nafter\n%s", before, after)
	}
	d.interrupt()
}

func Test_the_demo_says_clearly_why_it_cannot_start(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, row := range []struct{ listen, want string }{
		{taken.Addr().String(), "address already in use; choose another port with --listen"},
		{"0.0.0.0:8080", "loopback"},
		{"192.0.2.1:8080", "loopback"},
		{"example.com:8080", "loopback"},
		{"127.0.0.1", "loopback address with a port"},
	} {
		temp := shortDir(t)
		cmd := demoCommand(t, "--listen", row.listen)
		cmd.Env = append(os.Environ(), "TMPDIR="+temp)
		out, err := cmd.CombinedOutput()
		var failed *exec.ExitError
		if !errors.As(err, &failed) || failed.ExitCode() != 1 || !strings.Contains(string(out), row.want) || strings.Contains(string(out), "\nready\n") {
			t.Errorf("--listen %s: %v\n%s", row.listen, err, out)
		}
		if left, err := os.ReadDir(temp); err != nil || len(left) != 0 {
			t.Errorf("--listen %s left %v behind (%v)", row.listen, left, err)
		}
	}
}
