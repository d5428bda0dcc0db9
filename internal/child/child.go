// Package child starts a program for a test so that it can never outlive the test process, not even when that is killed or
// runs into its time limit. It owns process groups and their end; it must not know which program runs in them.
package child

import (
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"syscall"
	"time"
)

// Process is a running program with all its children, which share a process group. Its methods may be used by several
// goroutines.
type Process struct {
	cmd  *exec.Cmd
	done chan struct{}
	err  error // what Wait returned; read only after done is closed
}

// Start runs cmd in a process group of its own. When the test process ends for whatever reason, the group is killed and
// scratch, a directory, is removed (none when empty). cmd's output should go to files, else the group's members keep
// `go test` waiting for the pipe.
func Start(cmd *exec.Cmd, scratch string) (*Process, error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", cmd.Path, err)
	}
	p := &Process{cmd: cmd, done: make(chan struct{})}
	stopReaper, err := startReaper(cmd.Process.Pid, scratch)
	if err != nil {
		_ = p.Signal(syscall.SIGKILL)
		_ = cmd.Wait()
		return nil, fmt.Errorf("starting the reaper of %s: %w", cmd.Path, err)
	}
	go func() {
		defer close(p.done)
		p.err = cmd.Wait()
		stopReaper()
	}()
	return p, nil
}

// PID returns the process id of the program itself.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Done is closed when the program has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Err says how the program ended; it may be asked only once Done is closed.
func (p *Process) Err() error { return p.err }

// Signal sends sig to the program and all its children.
func (p *Process) Signal(sig syscall.Signal) error {
	return syscall.Kill(-p.PID(), sig)
}

// Kill ends the whole group at once (SIGKILL) and returns when the program is gone. Killing what has ended does nothing.
func (p *Process) Kill() {
	select {
	case <-p.done:
		return
	default:
	}
	_ = p.Signal(syscall.SIGKILL)
	<-p.done
}

// Stop asks the group to end (SIGTERM) and kills it when it has not done so within grace.
func (p *Process) Stop(grace time.Duration) {
	select {
	case <-p.done:
		return
	default:
	}
	_ = p.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(grace):
		p.Kill()
	}
}

// reaperScript reads until its standard input ends, which happens when the test process is gone, however it went.
const reaperScript = `read -r _; kill -KILL "-$1"; [ -z "$2" ] || { sleep 0.5; rm -rf -- "$2"; }`

// startReaper starts the watcher of the group pgid. It has a group of its own, so that a Ctrl-C meant for the tests does not
// end it before its work is done.
func startReaper(pgid int, scratch string) (stop func(), err error) {
	cmd := exec.Command("/bin/sh", "-c", reaperScript, "reaper", strconv.Itoa(pgid), scratch)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var alive io.WriteCloser
	if alive, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err = cmd.Start(); err != nil {
		return nil, err
	}
	return func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		_ = alive.Close()
	}, nil
}
