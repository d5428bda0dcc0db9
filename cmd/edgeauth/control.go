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
	"syscall"

	"github.com/edgeauth/edgeauth/revocation"
)

const (
	maxAsked    = 1 << 14 // bytes of a question to the control socket
	maxAnswered = 1 << 20 // of an answer: a whole history
)

// wireEntry is one entry of the log on the socket, in its text form, with what it is about.
type wireEntry struct {
	Name, Value string
	About       about
}

// wireDelivery says what became of it.
type wireDelivery struct {
	Delivery string `json:"delivery,omitempty"`
}

// wireError is the answer to what could not be done.
type wireError struct {
	Error string `json:"error,omitempty"`
}

// control answers on the control socket: it lets the owner of data_dir write to the log of the running edge, ask what it
// knows of a person, and have it forget that. The governance API stands beside.
func (e *edge) control() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("POST /revoke", asked(func(ctx context.Context, in wireEntry) (wireDelivery, error) {
		entry, err := revocation.Decode(in.Name, in.Value)
		if err != nil {
			return wireDelivery{}, err
		}
		d, err := e.revoke(ctx, entry, in.About)
		return wireDelivery{d.String()}, err
	}))
	mux.Handle("POST /known", asked(func(ctx context.Context, in wireSubject) (known, error) { return e.known(ctx, in), nil }))
	mux.Handle("POST /forget", asked(e.forget))
	mux.Handle("POST /readers", asked(e.readers))
	mux.Handle("/v1/", e.local())
	mux.Handle("/edgeauth.v1.SessionService/", e.local())
	return mux
}

// asked answers one kind of question.
func asked[In, Out any](answer func(context.Context, In) (Out, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in In
		err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxAsked)).Decode(&in)
		var out any
		if err == nil {
			out, err = answer(r.Context(), in)
		}
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			out = wireError{err.Error()}
		}
		_ = json.NewEncoder(w).Encode(out) // whoever asked has gone: nothing is left to tell
	})
}

// askEdge asks the running edge something. It returns errNoEdge if there is none.
func askEdge(ctx context.Context, socket, path string, in, out any) error {
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}}}
	body, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("encoding what to ask the edge: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://edge"+path, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("asking the edge: %w", err)
	}
	resp, err := client.Do(req)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) {
		return errNoEdge
	}
	if err != nil {
		return fmt.Errorf("asking the edge at %s: %w", socket, err)
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusOK:
		if err := json.NewDecoder(io.LimitReader(resp.Body, maxAnswered)).Decode(out); err != nil {
			return fmt.Errorf("reading the edge's answer: %w", err)
		}
		return nil
	case http.StatusNotFound:
		return fmt.Errorf("the edge at %s is of an earlier release, which cannot answer this: restart it with this one", socket)
	}
	var refused wireError
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxAnswered)).Decode(&refused); err != nil {
		return fmt.Errorf("reading the edge's answer: %w", err)
	}
	return fmt.Errorf("the edge at %s refused: %s", socket, refused.Error)
}

// What is said of a revocation that is in the log: by the running edge, and where none was there to ask.
const (
	everyEdgeRefuses = "every edge that follows the log refuses"
	inTheLog         = "written to the log; every edge that follows it will refuse"
)

// askToRevoke hands an entry to the running edge and says in words what became of it.
func askToRevoke(ctx context.Context, socket string, e revocation.Entry, of about) (string, error) {
	name, value := e.Encode()
	var answer wireDelivery
	if err := askEdge(ctx, socket, "/revoke", wireEntry{name, value, of}, &answer); err != nil {
		return "", err
	}
	return howFar("the edge on this machine", answer.Delivery), nil
}

// howFar says what is known of a revocation of which an edge has told a delivery, by its name. One of a later release is no promise.
func howFar(edge, delivery string) string {
	switch delivery {
	case revocation.Delivered.String():
		return everyEdgeRefuses
	case revocation.Pending.String():
		return edge + " refuses already; its store is away, so other edges follow when it is back"
	case revocation.InMemory.String():
		return edge + " refuses already; its store is away, so other edges follow when it is back, unless that edge is restarted before: its outbox is full or has no disk"
	}
	return fmt.Sprintf("%s refuses; what it says of the others, %.20q, this release does not know", edge, delivery)
}
