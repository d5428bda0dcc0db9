package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"syscall"

	"github.com/edgeauth/edgeauth/config"
	"github.com/edgeauth/edgeauth/revocation"
)

// errNoEdge means that nobody listens on the socket.
var errNoEdge = errors.New("no edge is running here")

// longestSocket is the most that every system takes as the name of a Unix socket: Linux 107 bytes, others 103.
const longestSocket = 103

func socketPath(cfg *config.Config) string { return filepath.Join(cfg.Server.DataDir, "edgeauth.sock") }

// wireEntry is one entry of the log on the socket, in its text form.
type wireEntry struct{ Name, Value string }

type wireAnswer struct {
	Delivery string `json:"delivery,omitempty"`
	Error    string `json:"error,omitempty"`
}

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

// socketHandler lets the owner of data_dir write to the log of the running edge.
func socketHandler(write func(context.Context, ...revocation.Entry) (revocation.Delivery, error)) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /revoke", func(w http.ResponseWriter, r *http.Request) {
		var in wireEntry
		answer := wireAnswer{}
		err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<14)).Decode(&in)
		var e revocation.Entry
		if err == nil {
			e, err = revocation.Decode(in.Name, in.Value)
		}
		var d revocation.Delivery
		if err == nil {
			d, err = write(r.Context(), e)
		}
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			answer.Error = err.Error()
		} else {
			answer.Delivery = d.String()
		}
		_ = json.NewEncoder(w).Encode(answer) // whoever asked has gone: nothing is left to tell
	})
	return mux
}

// askSocket hands an entry to the running edge and says in words what became of it. It returns errNoEdge if there is
// none.
func askSocket(ctx context.Context, path string, e revocation.Entry) (string, error) {
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", path)
	}}}
	name, value := e.Encode()
	body, err := json.Marshal(wireEntry{name, value})
	if err != nil {
		return "", fmt.Errorf("encoding the entry: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://edge/revoke", bytes.NewReader(body))
	if err != nil {
		return "", fmt.Errorf("asking the edge: %w", err)
	}
	resp, err := client.Do(req)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) {
		return "", errNoEdge
	}
	if err != nil {
		return "", fmt.Errorf("asking the edge at %s: %w", path, err)
	}
	defer resp.Body.Close()
	var answer wireAnswer
	if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<14)).Decode(&answer); err != nil {
		return "", fmt.Errorf("reading the edge's answer: %w", err)
	}
	switch {
	case answer.Error != "":
		return "", fmt.Errorf("the edge at %s refused: %s", path, answer.Error)
	case answer.Delivery == revocation.Pending.String():
		return "the edge on this machine refuses already; its store is away, so other edges follow when it is back", nil
	}
	return "every edge refuses", nil
}
