package edgetest

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/edgeauth/edgeauth/internal/child"
)

func (e *Edge) logFile() string { return filepath.Join(e.Dir, "edge.log") }

// Run starts the process.
func (e *Edge) Run() {
	e.t.Helper()
	log, err := os.OpenFile(e.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		e.t.Fatal(err)
	}
	defer log.Close()
	cmd := e.command("run", "--config", e.ConfigFile())
	cmd.Stdout, cmd.Stderr = log, log
	start := func() (err error) { e.proc, err = child.Start(cmd, ""); return err }
	within := e.setup.Within
	if within == nil {
		within = func(start func() error) error { return start() }
	}
	if err := within(start); err != nil {
		e.t.Fatal(err)
	}
}

// Command runs another edgeauth command to its end.
func (e *Edge) Command(args ...string) (output string, err error) {
	out, err := e.command(args...).CombinedOutput()
	return string(out), err
}

func (e *Edge) command(args ...string) *exec.Cmd {
	program := e.setup.Program
	if program == "" {
		program = Binary(e.t)
	}
	cmd := exec.Command(program, args...)
	cmd.Env = append(os.Environ(), e.setup.Env...)
	return cmd
}

// Hangup asks for a reload.
func (e *Edge) Hangup() { _ = e.proc.Signal(syscall.SIGHUP) }

// Terminate sends SIGTERM and does not wait.
func (e *Edge) Terminate() { _ = e.proc.Signal(syscall.SIGTERM) }

// Done is closed when the process has ended.
func (e *Edge) Done() <-chan struct{} { return e.proc.Done() }

// Err says how the process ended.
func (e *Edge) Err() error { return e.proc.Err() }

// Kill ends the process at once.
func (e *Edge) Kill() { e.proc.Kill() }

// Stop ends the process as an operator would. It may be repeated.
func (e *Edge) Stop() {
	if e.proc != nil {
		e.proc.Stop(Patience)
	}
}

// Exit waits until the process has ended by itself, and returns its exit code: -1 if a signal ended it.
func (e *Edge) Exit() int {
	e.t.Helper()
	select {
	case <-e.proc.Done():
	case <-time.After(Patience):
		e.t.Fatalf("the edge has not ended within %v; the log's end:\n%s", Patience, tail(e.Log()))
	}
	var failed *exec.ExitError
	if err := e.proc.Err(); errors.As(err, &failed) {
		return failed.ExitCode()
	}
	return 0
}

// PID is the process id of the edge.
func (e *Edge) PID() int { return e.proc.PID() }
