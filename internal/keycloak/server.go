// Package keycloak runs a real Keycloak for tests, with the realm that compose.yaml uses too, and drives it: the Admin API
// and a login without a browser. It owns the process, its ports and its private data directory; it must not know edgeauth.
//
// A start takes 10 to 40 seconds of two cores and half a gigabyte, so a package shares one instance (Shared) unless its tests
// break it for others.
package keycloak

import (
	_ "embed"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/internal/child"
	"github.com/edgeauth/edgeauth/internal/need"
)

// patience is how long a start may go without progress. It takes 10 s on an idle machine and many times that when every
// package tests at once, but then its logs still grow.
const patience = 30 * time.Second

//go:embed realm.json
var realmJSON []byte

// Server is one Keycloak with the realm "edgeauth" on localhost. Its methods end the test when they cannot do what they
// say, so they belong on the test's own goroutine.
type Server struct {
	t testing.TB
	*instance
}

// instance is what outlives one test when it is shared.
type instance struct {
	dir        string
	port       int
	management int
	process    *child.Process
}

// shared is the one instance of this test process; a second would cost as much as all other tests together.
var shared struct {
	sync.Mutex // guards instance
	instance   *instance
}

// Start runs a Keycloak of the test's own and ends it with the test. Without one it skips the test (see need).
func Start(t testing.TB) *Server {
	t.Helper()
	s := &Server{t: t, instance: create(t)}
	t.Cleanup(func() {
		s.report()
		s.remove()
	})
	s.startOnFreePorts()
	return s
}

// Shared returns the instance that all tests of this process share, and starts it at the first call. It ends with the
// process. Tests that use it may stop and start it and rotate its keys, but must leave it running with its data, and must
// not run in parallel with others then.
func Shared(t testing.TB) *Server {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	if shared.instance == nil {
		s := &Server{t: t, instance: create(t)}
		s.startOnFreePorts()
		shared.instance = s.instance
	}
	s := &Server{t: t, instance: shared.instance}
	t.Cleanup(s.report)
	return s
}

// URL returns the address of the server, without a slash at the end. It names localhost: WebAuthn needs a name, and
// browsers send Secure cookies there over plain http.
func (s *Server) URL() string { return fmt.Sprintf("http://localhost:%d", s.port) }

// Issuer returns the issuer of the realm "edgeauth".
func (s *Server) Issuer() string { return s.URL() + "/realms/edgeauth" }

// Stop ends the server as an administrator would. Its data stays for Restart.
func (s *Server) Stop() {
	s.process.Stop(30 * time.Second)
	s.waitPortFree()
}

// Kill ends the server as a power cut would. What it wrote in the last second may be lost.
func (s *Server) Kill() {
	s.process.Kill()
	s.waitPortFree()
}

// Restart ends the server if it runs and starts it on the same ports with the data that it had, sessions included.
func (s *Server) Restart() {
	s.t.Helper()
	s.Kill()
	if err := s.run(); err != nil {
		s.t.Fatalf("keycloak: %v\n%s", err, s.log())
	}
}

// RestartEmpty is Restart with a fresh database: the same realm, users and clients, but new keys and no session.
func (s *Server) RestartEmpty() {
	s.t.Helper()
	s.Kill()
	if err := s.resetData(); err != nil {
		s.t.Fatalf("keycloak: %v", err)
	}
	s.Restart()
}

// startOnFreePorts tries a few times, because another process may take a free port between the look and the start.
func (s *Server) startOnFreePorts() {
	s.t.Helper()
	var err error
	for range 3 {
		if s.port, s.management, err = freePorts(); err != nil {
			break
		}
		if err = s.run(); err == nil {
			return
		}
	}
	log := s.log()
	s.remove()
	s.t.Fatalf("keycloak: %v\n%s", err, log)
}

// report shows the end of the log when the test failed.
func (s *Server) report() {
	if s.t.Failed() {
		s.t.Logf("keycloak's last words:\n%s", s.log())
	}
}

// run starts the process and waits until the realm's discovery document is served.
func (i *instance) run() error {
	cmd := exec.Command(filepath.Join(i.dir, "bin", "kc.sh"), "start-dev", "--import-realm",
		"--http-host=127.0.0.1", fmt.Sprintf("--http-port=%d", i.port),
		fmt.Sprintf("--http-management-port=%d", i.management),
		fmt.Sprintf("--hostname=http://localhost:%d", i.port))
	cmd.Env = append(os.Environ(), "KC_BOOTSTRAP_ADMIN_USERNAME="+adminName, "KC_BOOTSTRAP_ADMIN_PASSWORD="+adminPassword,
		"JAVA_OPTS_APPEND=-Xlog:class+load:file="+i.classFile())
	out, err := os.OpenFile(i.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer out.Close()
	cmd.Stdout, cmd.Stderr = out, out
	if i.process, err = child.Start(cmd, i.dir); err != nil {
		return err
	}
	return i.waitReady()
}

// waitReady waits until the realm is served. It gives up when for 30 s there was no next line in Keycloak's log nor in
// Java's list of loaded classes: Keycloak itself says nothing for a minute when it gets a tenth of a processor.
func (i *instance) waitReady() error {
	discovery := fmt.Sprintf("http://127.0.0.1:%d/realms/edgeauth/.well-known/openid-configuration", i.port)
	client := &http.Client{Timeout: 5 * time.Second}
	defer client.CloseIdleConnections()
	stuck := time.NewTimer(patience)
	defer stuck.Stop()
	var before int64
	for {
		if now := i.written(); now != before {
			before = now
			stuck.Reset(patience)
		}
		response, err := client.Get(discovery)
		if err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-i.process.Done():
			return fmt.Errorf("it ended while starting: %v", i.process.Err())
		case <-stuck.C:
			i.process.Kill()
			return fmt.Errorf("it was not ready and had written nothing for %v", patience)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func (i *instance) logFile() string { return filepath.Join(i.dir, "keycloak.log") }

// classFile is where Java notes each class that it loads: a start loads some twenty thousand of them.
func (i *instance) classFile() string { return filepath.Join(i.dir, "classes.log") }

// written is how much there is of both logs in bytes. What cannot be read counts as nothing yet.
func (i *instance) written() (size int64) {
	for _, name := range []string{i.logFile(), i.classFile()} {
		if info, err := os.Stat(name); err == nil {
			size += info.Size()
		}
	}
	return size
}

// log returns the last lines of the log.
func (i *instance) log() string {
	data, _ := os.ReadFile(i.logFile())
	lines := strings.Split(string(data), "\n")
	return strings.Join(lines[max(0, len(lines)-40):], "\n")
}

func (i *instance) remove() {
	if i.process != nil {
		i.process.Kill()
	}
	_ = os.RemoveAll(i.dir)
}

// create lays out an instance's directory; nothing runs yet.
func create(t testing.TB) *instance {
	t.Helper()
	distribution := need.Keycloak(t)
	dir, err := os.MkdirTemp("", "edgeauth-keycloak-")
	if err != nil {
		t.Fatalf("keycloak: %v", err)
	}
	i := &instance{dir: dir}
	if err := i.layOut(distribution); err != nil {
		i.remove()
		t.Fatalf("keycloak: laying out %s: %v", dir, err)
	}
	return i
}
