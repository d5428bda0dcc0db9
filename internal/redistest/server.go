// Package redistest runs real redis-servers for one test, one by one, under Sentinels or as a cluster, and can break them:
// kill, pause, restart, empty. It owns the processes, their ports and their directories; it must not know what the product keeps in Redis, and it speaks to the server
// through a few lines of its own instead of the client under test.
package redistest

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/internal/child"
	"github.com/edgeauth/edgeauth/internal/need"
)

// serverFile is a server's configuration, if it has one.
const serverFile = "redis.conf"

// limit bounds every wait of this package.
const limit = 30 * time.Second

// Place is a machine for a server: its address, and what runs f so that processes that f starts and sockets that it opens
// belong to it.
type Place interface {
	Addr() string
	Do(f func() error) error
}

// here is the test's own machine.
type here struct{}

func (here) Addr() string            { return "127.0.0.1" }
func (here) Do(f func() error) error { return f() }

// Server is a redis-server on 127.0.0.1, or on the Place that On names, that belongs to one test and ends with it. Its methods end the test when they
// cannot do what they say, so they belong on the test's own goroutine; Addr and Try may be used from any.
type Server struct {
	t       testing.TB
	program string
	dir     string
	port    int
	options options
	process *child.Process
	paused  atomic.Bool // Try asks it from any goroutine
}

type options struct {
	appendOnly bool
	password   string
	args       []string
	sentinel   bool // it watches servers and keeps no data
	place      Place
	file       string // what the configuration file says at first; Redis and Sentinels write to it
	tls        *pair  // nil: the server speaks plain text
}

// Option changes how a server is started.
type Option func(*options)

// WithAppendOnly keeps the data through Kill and Restart: each write is on disk before it is answered. Without it a
// restarted server is empty.
func WithAppendOnly() Option { return func(o *options) { o.appendOnly = true } }

// WithPassword demands password of every client.
func WithPassword(password string) Option { return func(o *options) { o.password = password } }

// WithTLS has the server speak TLS alone, to clients, replicas, the other nodes of a cluster and its Sentinels, which do the same.
// Everybody shows the same certificate, which has to be for 127.0.0.1 and be issued by what is in caFile. Whether clients are asked for
// one, WithArgs can say ("--tls-auth-clients", "no"); otherwise they are, but not by Sentinels.
func WithTLS(certFile, keyFile, caFile string) Option {
	return func(o *options) {
		o.tls = &pair{certFile, keyFile, caFile}
		o.args = append(o.args, "--tls-cert-file", certFile, "--tls-key-file", keyFile, "--tls-ca-cert-file", caFile,
			"--tls-replication", "yes", "--tls-cluster", "yes")
	}
}

// WithArgs adds arguments of redis-server, such as "--min-replicas-to-write", "1".
func WithArgs(args ...string) Option { return func(o *options) { o.args = append(o.args, args...) } }

// On runs the server on another machine, at the port that Redis has by custom.
func On(p Place) Option { return func(o *options) { o.place = p } }

// Start runs a redis-server on a free port and returns when it answers. Where there is none it skips the test (see need).
func Start(t testing.TB, opts ...Option) *Server {
	t.Helper()
	s := prepare(t, opts)
	// Another process may take a free port between the look and the start, hence a few tries.
	var err error
	for range tries {
		s.port = s.choose()
		if err = s.run(); err == nil {
			return s
		}
	}
	t.Fatalf("redistest: %v\n%s", err, s.log())
	return nil
}

// tries is how often a start is tried on other ports.
const tries = 5

// prepare makes a server without a port that is yet to run.
func prepare(t testing.TB, opts []Option) *Server {
	t.Helper()
	s := &Server{t: t, program: need.Redis(t), dir: t.TempDir()}
	for _, opt := range opts {
		opt(&s.options)
	}
	if s.options.place == nil {
		s.options.place = here{}
	}
	if s.options.file != "" {
		if err := os.WriteFile(filepath.Join(s.dir, serverFile), []byte(s.options.file), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(s.Kill)
	return s
}

// choose returns a port to try. A machine of its own has those of custom.
func (s *Server) choose() int {
	if s.isHere() {
		return freePorts(s.t, 1)[0]
	}
	if s.options.sentinel {
		return 26379
	}
	return 6379
}

func (s *Server) isHere() bool { return s.options.place == here{} }

func (s *Server) host() string { return s.options.place.Addr() }

// Addr returns the address as host:port. It stays the same through Restart.
func (s *Server) Addr() string { return net.JoinHostPort(s.host(), strconv.Itoa(s.port)) }

// Kill ends the server as a power cut would (SIGKILL). A server that is gone already is left alone.
func (s *Server) Kill() {
	if s.process != nil {
		s.process.Kill()
	}
	s.paused.Store(false)
}

// Restart kills the server if it runs and starts it again on the same port and directory.
func (s *Server) Restart() {
	s.t.Helper()
	s.Kill()
	var err error
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if err = s.run(); err == nil {
			return
		}
	}
	s.t.Fatalf("redistest: restarting on %s: %v\n%s", s.Addr(), err, s.log())
}

// Pause stops the server without closing a connection (SIGSTOP): clients connect, send, and hear nothing.
func (s *Server) Pause() {
	s.t.Helper()
	s.signal(syscall.SIGSTOP)
	s.paused.Store(true)
}

// Resume lets a paused server go on.
func (s *Server) Resume() {
	s.t.Helper()
	s.signal(syscall.SIGCONT)
	s.paused.Store(false)
}

// Flush deletes everything (FLUSHALL).
func (s *Server) Flush() {
	s.t.Helper()
	s.Do("FLUSHALL")
}

func (s *Server) signal(sig syscall.Signal) {
	s.t.Helper()
	if err := s.process.Signal(sig); err != nil {
		s.t.Fatalf("redistest: sending %v to %s: %v", sig, s.Addr(), err)
	}
}

// run starts the process and waits until it answers.
func (s *Server) run() error {
	cmd := exec.Command(s.program, s.args()...)
	out, err := os.OpenFile(filepath.Join(s.dir, "redis.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer out.Close()
	cmd.Stdout, cmd.Stderr = out, out
	if err := s.options.place.Do(func() (err error) { s.process, err = child.Start(cmd, ""); return err }); err != nil {
		return err
	}
	return s.waitReady()
}

func (s *Server) args() []string {
	if s.options.sentinel {
		return []string{filepath.Join(s.dir, sentinelFile), "--sentinel"}
	}
	var args []string
	if s.options.file != "" {
		args = append(args, filepath.Join(s.dir, serverFile))
	}
	args = append(args, "--bind", s.host(), "--port", strconv.Itoa(s.port), "--dir", s.dir, "--save", "")
	if s.options.tls != nil {
		args = append(args, "--tls-port", strconv.Itoa(s.port), "--port", "0")
	}
	if s.options.appendOnly {
		args = append(args, "--appendonly", "yes", "--appendfsync", "always")
	} else {
		args = append(args, "--appendonly", "no")
	}
	if s.options.password != "" {
		args = append(args, "--requirepass", s.options.password, "--masterauth", s.options.password)
	}
	if !s.isHere() {
		args = append(args, "--protected-mode", "no") // its network has nobody but the test
	}
	return append(args, s.options.args...)
}

// waitReady waits until the process answers, and makes sure that it is this one: the port may be another server's.
func (s *Server) waitReady() error {
	own := fmt.Sprintf("process_id:%d\r\n", s.process.PID())
	deadline := time.After(limit)
	for {
		info, err := s.Try("INFO", "server")
		if text, _ := info.(string); err == nil && strings.Contains(text, own) {
			if err := s.loaded(); err == nil {
				return nil
			}
		}
		select {
		case <-s.process.Done():
			return fmt.Errorf("redis-server ended: %v", s.process.Err())
		case <-deadline:
			s.process.Kill()
			return fmt.Errorf("redis-server did not answer within %v: %v", limit, err)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// loaded fails while the append-only file is still being read: INFO is answered then, but no command on keys is. Any other
// refusal (of a cluster's node, of a replica without its master) is an answer.
func (s *Server) loaded() error {
	_, err := s.Try("EXISTS", "redistest:loaded")
	var refused Error
	if errors.As(err, &refused) && !strings.HasPrefix(err.Error(), "LOADING") {
		return nil
	}
	return err
}

// info returns one field of INFO; nothing while the server does not answer.
func (s *Server) info(section, field string) string {
	text, _ := s.Try("INFO", section)
	all, _ := text.(string)
	for line := range strings.Lines(all) {
		if value, found := strings.CutPrefix(line, field+":"); found {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

func (s *Server) log() string {
	data, _ := os.ReadFile(filepath.Join(s.dir, "redis.log"))
	return string(data)
}

// hears reports whether so many replicas acknowledge to this master what it sends.
func (s *Server) hears(replicas int) bool {
	n, _ := s.Try("WAIT", strconv.Itoa(replicas), "100")
	return n == int64(replicas)
}

// freePorts returns ports that are all different and were free just now.
func freePorts(t testing.TB, n int) (ports []int) {
	t.Helper()
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatalf("redistest: looking for a free port: %v", err)
		}
		defer l.Close()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports
}

// eventually waits for what several processes have to agree on.
func eventually(t testing.TB, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(limit); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("redistest: not within %v: %s", limit, what)
		}
	}
}
