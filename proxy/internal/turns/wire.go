package turns

import (
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
)

// Wire is a TCP connection that knows when everything that has arrived has been read. TLS may lie above it. It is safe
// for concurrent use; of several readers one reads at a time.
//
// It reads with system calls of its own, because only the reader that is told "nothing there" knows that nothing is left
// anywhere: not in the kernel, and not in the buffers above, or it would not have asked.
type Wire struct {
	net.Conn
	raw     syscall.RawConn
	attempt func(fd uintptr) bool // made once, to spare an allocation per read
	peek    func(fd uintptr)

	reader sync.Mutex // held while reading; guards into, n and err
	into   []byte
	n      int
	err    error

	mu      sync.Mutex // guards what follows
	dry     bool       // a reader found nothing and waits
	over    bool       // nobody will read any more
	changed chan struct{}
	arrived bool // what peek found
}

// NewWire takes over a connection to a server. It must be TCP's or have a file descriptor like TCP's.
func NewWire(c net.Conn) (*Wire, error) {
	files, ok := c.(syscall.Conn)
	if !ok {
		return nil, fmt.Errorf("a %T has no file descriptor", c)
	}
	raw, err := files.SyscallConn()
	if err != nil {
		return nil, fmt.Errorf("taking the descriptor of a connection: %w", err)
	}
	w := &Wire{Conn: c, raw: raw}
	w.attempt, w.peek = w.try, w.look
	return w, nil
}

// Read is that of net.Conn.
func (w *Wire) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	w.reader.Lock()
	defer w.reader.Unlock()
	w.into = p
	err := w.raw.Read(w.attempt)
	w.into = nil
	switch {
	case err != nil: // closed, or a deadline
		w.wet()
		return 0, err
	case w.err != nil:
		return 0, &net.OpError{Op: "read", Net: "tcp", Source: w.LocalAddr(), Addr: w.RemoteAddr(), Err: os.NewSyscallError("read", w.err)}
	case w.n == 0:
		return 0, io.EOF
	}
	return w.n, nil
}

// try reads once without waiting. With false it is called again when there is something.
func (w *Wire) try(fd uintptr) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for {
		w.n, w.err = syscall.Read(int(fd), w.into)
		if w.err == syscall.EINTR {
			continue
		}
		if w.dry = w.err == syscall.EAGAIN; w.dry {
			w.tell()
		}
		return !w.dry
	}
}

func (w *Wire) wet() {
	w.mu.Lock()
	w.dry = false
	w.mu.Unlock()
}

// settle returns when everything that has arrived by now has been read, or the wire is over. Somebody must be reading. It
// waits for that reader, never for the network.
func (w *Wire) settle() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for !w.over && (!w.dry || w.pending()) {
		if w.changed == nil {
			w.changed = make(chan struct{})
		}
		changed := w.changed
		w.mu.Unlock()
		<-changed
		w.mu.Lock()
	}
}

// pending reports whether the kernel has something for the reader, be it the end or an error. The caller holds mu.
func (w *Wire) pending() bool {
	w.arrived = false
	return w.raw.Control(w.peek) == nil && w.arrived
}

func (w *Wire) look(fd uintptr) {
	var one [1]byte
	for {
		_, _, err := syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		if err == syscall.EINTR {
			continue
		}
		w.arrived = err != syscall.EAGAIN
		return
	}
}

// end says that nobody will read any more.
func (w *Wire) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.over = true
	w.tell()
}

// tell wakes settle. The caller holds mu.
func (w *Wire) tell() {
	if w.changed != nil {
		close(w.changed)
		w.changed = nil
	}
}

// Close closes the connection.
func (w *Wire) Close() error {
	w.end()
	return w.Conn.Close()
}

// CloseWrite says to the server that nothing more will come.
func (w *Wire) CloseWrite() error { return closeWrite(w.Conn) }
