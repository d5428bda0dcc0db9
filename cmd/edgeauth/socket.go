package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"

	"github.com/edgeauth/edgeauth/config"
)

// errNoEdge means that nobody listens on the socket.
var errNoEdge = errors.New("no edge is running here")

// longestSocket is the most that every system takes as the name of a Unix socket: Linux 107 bytes, others 103.
const longestSocket = 103

func socketPath(cfg *config.Config) string { return filepath.Join(cfg.Server.DataDir, "edgeauth.sock") }

// socket is the control socket of one edge, and its claim to the place.
type socket struct {
	net.Listener
	claim *os.File
}

// Close implements net.Listener. It removes the socket first, and only then gives up the claim.
func (s socket) Close() error { return errors.Join(s.Listener.Close(), s.claim.Close()) }

// listenSocket makes the control socket, readable and writable by its owner only. A socket that a dead process left is
// replaced; one that answers is another edge's, and so is a place that another edge claims.
func listenSocket(path string) (net.Listener, error) {
	if len(path) > longestSocket {
		return nil, fmt.Errorf("the control socket %s has %d bytes in its name, of which the system takes %d: server.data_dir must be shorter",
			path, len(path), longestSocket)
	}
	claim, err := claimSocket(path)
	if err != nil {
		return nil, err
	}
	ln, err := replaceSocket(path)
	if err != nil {
		_ = claim.Close()
		return nil, err
	}
	return socket{ln, claim}, nil
}

// claimSocket locks a file beside the socket. Of two edges that start at the same moment each would find that nobody
// answers, and the second would take the first one's socket away. The lock ends with the process, however that ends; the
// file stays.
func claimSocket(path string) (*os.File, error) {
	f, err := os.OpenFile(path+".lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("claiming the control socket: %w", err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		_ = f.Close()
		return nil, anotherEdge(path)
	}
	return f, nil // a file system without locks leaves it at asking whether somebody answers
}

func anotherEdge(path string) error {
	return fmt.Errorf("another edge uses %s; each edge needs a server.data_dir of its own", path)
}

func replaceSocket(path string) (net.Listener, error) {
	if conn, err := net.Dial("unix", path); err == nil {
		_ = conn.Close()
		return nil, anotherEdge(path)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("removing a dead socket: %w", err)
	}
	old := syscall.Umask(0o177) // the mode must be right from the first moment
	ln, err := net.Listen("unix", path)
	syscall.Umask(old)
	if err != nil {
		return nil, fmt.Errorf("making the control socket: %w", err)
	}
	return ln, nil
}
