package edgetest

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

// WaitReady waits until /readyz says 200.
func (e *Edge) WaitReady() {
	e.t.Helper()
	e.Until("the edge is ready", func() bool {
		select {
		case <-e.proc.Done():
			e.t.Fatalf("the edge ended instead of becoming ready (%v); the log's end:\n%s", e.proc.Err(), tail(e.Log()))
		default:
		}
		status, _ := e.Ready()
		return status == http.StatusOK
	})
}

// Until waits for an outcome.
func (e *Edge) Until(what string, ok func() bool) {
	e.t.Helper()
	for end := time.Now().Add(Patience); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			e.t.Fatalf("%s: not within %v; the log's end:\n%s", what, Patience, tail(e.Log()))
		}
	}
}

// Get asks an address without cookies and without following redirects. An unreachable one is status 0.
func (e *Edge) Get(address string) (status int, body string) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		e.t.Fatal(err)
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return 0, ""
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(b)
}

// Log is all that the process wrote so far.
func (e *Edge) Log() string {
	b, _ := os.ReadFile(e.logFile())
	return string(b)
}

// Events are the audit events of a name that the process wrote so far, oldest first.
func (e *Edge) Events(name string) []map[string]any {
	var found []map[string]any
	for line := range strings.Lines(e.Log()) {
		var event map[string]any
		if json.Unmarshal([]byte(line), &event) == nil && event["msg"] == "audit" && event["event"] == name {
			found = append(found, event)
		}
	}
	return found
}

// Metric is the value of a series as /metrics writes it, with its labels: `edgeauth_audit_events_total{event="logout"}`.
// One that is not there, or an edge that does not answer, is false.
func (e *Edge) Metric(series string) (value float64, ok bool) {
	_, text := e.Get(e.Admin + "/metrics")
	for line := range strings.Lines(text) {
		if rest, found := strings.CutPrefix(line, series+" "); found {
			value, err := strconv.ParseFloat(strings.TrimSpace(rest), 64)
			return value, err == nil
		}
	}
	return 0, false
}

// Ready is the status of /readyz, and the word that sums it up: ready, degraded or not_ready.
func (e *Edge) Ready() (status int, word string) {
	status, body := e.Get(e.Admin + "/readyz")
	var report struct{ Status string }
	_ = json.Unmarshal([]byte(body), &report) // an edge that does not answer has no word
	return status, report.Status
}

func tail(s string) string {
	if len(s) > 8000 {
		return "…" + s[len(s)-8000:]
	}
	return s
}
