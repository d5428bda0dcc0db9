// Package netns gives a test machines of its own: network namespaces that a switch joins, whose cables can be pulled, whose
// packets can vanish in one direction, and whose switch can fall apart. It owns the namespaces, their links and the doors between them and the test; it
// must not know what runs in them.
//
// No namespace has a name. Each is held open by a thread of the test process alone and by what runs inside, so that nothing is left
// even by a test process that is killed, and runs do not meet: every network may use the same addresses. It takes root, Linux and iproute2.
package netns

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
)

// errClosed is the answer of a namespace whose test is over.
var errClosed = errors.New("the network namespace is closed")

// namespace is a network namespace and the thread that lives in it.
type namespace struct {
	path string // of its file
	work chan func()
	stop chan struct{} // closed when nothing more is to be done
	done chan struct{} // closed when the thread has left it
}

// open makes a namespace with a loopback interface that is up.
func open() (*namespace, error) {
	ns := &namespace{work: make(chan func()), stop: make(chan struct{}), done: make(chan struct{})}
	opened := make(chan error)
	go ns.live(opened)
	if err := <-opened; err != nil {
		return nil, err
	}
	return ns, ns.ip("link", "set", "lo", "up")
}

// live runs what is asked for on a thread in the namespace. The goroutine ends without unlocking its thread, so that the thread ends with it
// and nothing else ever runs in there by accident.
func (ns *namespace) live(opened chan<- error) {
	defer close(ns.done)
	runtime.LockOSThread()
	if syscall.Gettid() == os.Getpid() {
		// The process's first thread never ends, and is what /proc/self shows: another has to do it.
		inner := make(chan struct{})
		go func() {
			defer close(inner)
			ns.enter(opened)
		}()
		<-inner
		runtime.UnlockOSThread()
		return
	}
	ns.enter(opened)
}

func (ns *namespace) enter(opened chan<- error) {
	runtime.LockOSThread()
	if err := syscall.Unshare(syscall.CLONE_NEWNET); err != nil {
		opened <- fmt.Errorf("making a network namespace: %w", err)
		return
	}
	ns.path = fmt.Sprintf("/proc/%d/task/%d/ns/net", os.Getpid(), syscall.Gettid())
	opened <- nil
	for {
		select {
		case f := <-ns.work:
			f()
		case <-ns.stop:
			return
		}
	}
}

// close lets the namespace end with the last process in it.
func (ns *namespace) close() {
	close(ns.stop)
	<-ns.done
}

// do runs f in the namespace: sockets that it opens and processes that it starts belong there. Calls come one by one.
func (ns *namespace) do(f func() error) error {
	answer := make(chan error)
	select {
	case ns.work <- func() { answer <- f() }:
		return <-answer
	case <-ns.stop:
		return errClosed
	}
}

// ip runs iproute2's command in the namespace.
func (ns *namespace) ip(args ...string) error { return ns.run("ip", args...) }

func (ns *namespace) run(program string, args ...string) error {
	return ns.do(func() error {
		if out, err := exec.Command(program, args...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s %s: %w: %s", program, strings.Join(args, " "), err, strings.TrimSpace(string(out)))
		}
		return nil
	})
}
