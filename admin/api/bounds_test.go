package api_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/edgeauth/edgeauth/admin/api"
	"github.com/edgeauth/edgeauth/admin/edgeauthv1"
	"github.com/edgeauth/edgeauth/audit"
)

// begin sends a request over HTTP/2 and returns the answer as soon as it begins. Its client takes 64 KiB that nobody reads.
func (w *world) begin(method, path string, body io.Reader) *http.Response {
	w.t.Helper()
	var p http.Protocols
	p.SetUnencryptedHTTP2(true)
	tr := &http.Transport{Protocols: &p, HTTP2: &http.HTTP2Config{MaxReceiveBufferPerStream: 64 << 10}}
	w.t.Cleanup(tr.CloseIdleConnections)
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.server.URL+path, body)
	if err != nil {
		w.t.Fatal(err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/grpc")
	}
	resp, err := (&http.Client{Transport: tr, Timeout: time.Minute}).Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = resp.Body.Close() })
	return resp
}

// call is a gRPC call whose message never comes.
func (w *world) call(method string) *http.Response {
	w.t.Helper()
	body, more := io.Pipe()
	w.t.Cleanup(func() { _ = more.Close() })
	return w.begin(http.MethodPost, method, body)
}

func TestWhoMayDoNothingIsRefusedBeforeTheirMessageIsRead(t *testing.T) {
	w := newWorld(t, func(_ *world, o *api.Options) { o.Now = time.Now })
	w.as(func(c *api.Caller) { c.Role = api.NoRole })
	for _, method := range []string{edgeauthv1.SessionService_RevokeSession_FullMethodName, edgeauthv1.SessionService_ListEvents_FullMethodName, "/x/Unheard%0aof"} {
		resp := w.call(method)
		if resp.StatusCode != http.StatusOK || resp.Header.Get("Grpc-Status") != "7" || resp.Header.Get("Grpc-Message") == "" {
			t.Errorf("%s: %d %v", method, resp.StatusCode, resp.Header)
		}
	}
	_, err := w.grpc().ListSessions(t.Context(), &edgeauthv1.ListSessionsRequest{})
	if status.Code(err) != codes.PermissionDenied || status.Convert(err).Message() != "cert:cn:ops has not the role that ListSessions needs" {
		t.Errorf("a client hears %v", err)
	}
	if n := len(w.audits.named(audit.APIRefused)); n != 4 {
		t.Errorf("%d refusals are recorded", n)
	}
}

// Over REST, too: what such a body holds is never looked at, so that it can be no message that takes room.
func TestWhoMayDoNothingIsRefusedBeforeTheirBodyIsRead(t *testing.T) {
	w := newWorld(t)
	refused := func(want int) {
		t.Helper()
		for _, path := range []string{"/v1/sessions:revoke", "/v1/sessions/" + family(1).String() + ":revoke", "/v1/levels:raise", "/v1/explain"} {
			for _, body := range []string{"{", `{"unheard":"of"}`, `{"claims":[` + strings.Repeat("{},", 80_000) + `{}]}`} {
				if code, _, answer := w.say(http.MethodPost, path, body); code != want {
					t.Errorf("%s %.20s: %d %s, want %d", path, body, code, answer, want)
				}
			}
		}
	}
	w.as(func(c *api.Caller) { c.Role = api.NoRole })
	refused(http.StatusForbidden)
	w.fails = api.ErrBadProof
	refused(http.StatusUnauthorized)
	if n := len(w.audits.named(audit.APIRefused)); n != 24 {
		t.Errorf("%d refusals are recorded", n)
	}
}

func TestAMessageThatDoesNotComeIsNotWaitedForForEver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	resp := w.call(edgeauthv1.SessionService_ListSessions_FullMethodName)
	if _, err := io.ReadAll(resp.Body); err != nil || resp.Trailer.Get("Grpc-Status") == "" {
		t.Errorf("%v: %d %v %v", err, resp.StatusCode, resp.Header, resp.Trailer)
	}
}

func TestAClientThatTakesNothingKeepsNoStreamBeyondWhatProvedIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(_ *world, o *api.Options) { o.Now = time.Now })
	w.as(func(c *api.Caller) { c.Until = time.Now().Add(time.Second) })
	for range 4 {
		if resp := w.begin(http.MethodGet, "/v1/events?names=logout", nil); resp.StatusCode != http.StatusOK {
			t.Fatalf("a stream begins with %d", resp.StatusCode)
		}
	}
	for range 2_000 {
		w.hub.Publish(&audit.Event{Name: audit.Logout, Detail: strings.Repeat("x", 500)})
	}
	w.as(func(c *api.Caller) { c.Until = time.Time{} })
	for end := time.Now().Add(30 * time.Second); w.begin(http.MethodGet, "/v1/events", nil).StatusCode != http.StatusOK; time.Sleep(200 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("there is no room for another stream")
		}
	}
}
