package e2e_test

import (
	"context"
	"crypto/fips140"
	"net/http"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"github.com/edgeauth/edgeauth/internal/edgetest"
	"github.com/edgeauth/edgeauth/internal/redistest"
)

// fipsOnly makes everything panic that FIPS 140-3 does not approve. Go reads it when the process starts.
const fipsOnly = "GODEBUG=fips140=only"

func TestFIPSWithTheEmbeddedStore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	liveUnderFIPS(t, w, w.start(t, "", fipsOnly))
}

func TestFIPSWithRedis(t *testing.T) {
	t.Parallel()
	const password = "fips-lane"
	w, r := newWorld(t), redistest.Start(t, redistest.WithPassword(password))
	store := strings.Replace(shared(newKeys(t), r), "addresses:", "password: "+password+", addresses:", 1)
	liveUnderFIPS(t, w, w.start(t, store, fipsOnly))
}

// liveUnderFIPS goes through a login, a WebSocket and a revocation.
func liveUnderFIPS(t *testing.T, w *world, e *edgetest.Edge) {
	t.Helper()
	if out, err := e.Command("version"); err != nil || !strings.Contains(out, "(enforced)") {
		t.Fatalf("version: %v\n%s", err, out)
	}
	c := edgetest.NewClient(t)
	wantPage(t, c.Open(e.URL+"/"))
	cookie := c.Cookie(e.URL, "edgeauth")

	ctx, cancel := context.WithTimeout(t.Context(), edgetest.Patience)
	defer cancel()
	ws := dial(ctx, t, e, cookie)
	if err := ws.Write(ctx, websocket.MessageText, []byte("hello")); err != nil {
		t.Fatal(err)
	}
	if _, got, err := ws.Read(ctx); err != nil || string(got) != "hello" {
		t.Errorf("the WebSocket sent back %q, %v", got, err)
	}

	out, err := e.Command("revoke", "--config", e.ConfigFile(), "--provider", "corp", "--subject", "demo-alice")
	if err != nil {
		t.Fatalf("revoke: %v\n%s", err, out)
	}
	if p := c.Ask(e.URL + "/"); p.Status != http.StatusSeeOther {
		t.Errorf("after the revocation: %d", p.Status)
	}
	if strings.Contains(e.Log(), "panic") {
		t.Error("something panicked; see the log")
	}
	wantPage(t, c.Open(e.URL+"/"))
}

// dial opens the echo of the sample API as a page of the edge would. The client checks a SHA-1 that protects nothing, and
// the FIPS lane puts this process under enforcement too.
func dial(ctx context.Context, t *testing.T, e *edgetest.Edge, cookie string) *websocket.Conn {
	t.Helper()
	header := http.Header{"Cookie": {"edgeauth=" + cookie}, "Origin": {e.URL}}
	var ws *websocket.Conn
	var err error
	fips140.WithoutEnforcement(func() {
		ws, _, err = websocket.Dial(ctx, strings.Replace(e.URL, "http", "ws", 1)+"/api/ws", &websocket.DialOptions{HTTPHeader: header})
	})
	if err != nil {
		t.Fatalf("opening a WebSocket: %v", err)
	}
	t.Cleanup(func() { _ = ws.CloseNow() })
	return ws
}
