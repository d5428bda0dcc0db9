package classicasp_test

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/internal/demo/classicasp"
	"github.com/google/go-cmp/cmp"
)

// send writes raw bytes and returns everything that comes back until the server closes or the peer half is done.
func send(t *testing.T, base, raw string) string {
	t.Helper()
	c, err := net.DialTimeout("tcp", strings.TrimPrefix(base, "http://"), 30*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if err := c.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(c, raw); err != nil {
		t.Fatal(err)
	}
	if err := c.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	return string(answer)
}

func TestSpellingsOfANameBecomeOneVariable(t *testing.T) {
	const raw = "GET /default.asp HTTP/1.1\r\nHost: x\r\nX-Auth-User: alice\r\nX_Auth_User: root\r\nx.auth.user:  eve \r\n\r\n"
	for rule, want := range map[classicasp.Rule]string{
		classicasp.LastWins: "eve", classicasp.FirstWins: "alice", classicasp.Joined: "alice,root,eve",
	} {
		app, base := classicasp.Start(t, rule)
		answer := send(t, base, raw)
		hits := app.Hits()
		if len(hits) != 1 || hits[0].User() != want || hits[0].Head != raw || !strings.Contains(answer, "Hello, "+want) {
			t.Errorf("rule %d: hits %+v, answer %q, want %s", rule, hits, answer, want)
		}
	}
}

func TestHeadersAreListedInTheOrderOfTheWire(t *testing.T) {
	app, base := classicasp.Start(t, classicasp.LastWins)
	send(t, base, "GET / HTTP/1.1\r\nb_B: 2\r\nA: 1\r\nB-b: 3\r\n\r\n")
	h := app.Hits()[0].Headers
	if got, want := classicasp.AllRaw(h), "b_B:2\r\nA:1\r\nB-b:3\r\n"; got != want {
		t.Errorf("ALL_RAW %q, want %q", got, want)
	}
	if got, want := classicasp.AllHTTP(h), "HTTP_B_B:2\r\nHTTP_A:1\r\nHTTP_B_B:3\r\n"; got != want {
		t.Errorf("ALL_HTTP %q, want %q", got, want)
	}
}

func TestBodiesAndTrailersAreRead(t *testing.T) {
	app, base := classicasp.Start(t, classicasp.LastWins)
	answer := send(t, base, "POST /a HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc"+
		"POST /b HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTrailer: X_Auth_User\r\n\r\n2\r\nde\r\n0\r\nX_Auth_User: root\r\n\r\n"+
		"GET /c HTTP/1.1\r\n\r\n")
	var got []string
	for _, h := range app.Hits() {
		got = append(got, h.Method+" "+h.Target+" "+string(h.Body))
	}
	if diff := cmp.Diff([]string{"POST /a abc", "POST /b de", "GET /c "}, got); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	if got := app.Hits()[1]; got.User() != "" || !cmp.Equal(got.Trailers, []classicasp.Header{{Name: "X_Auth_User", Value: "root"}}) {
		t.Errorf("user %q, trailers %v", got.User(), got.Trailers)
	}
	if n := strings.Count(answer, "HTTP/1.1 200 OK"); n != 3 {
		t.Errorf("%d answers, want 3", n)
	}
}

func TestARequestThatDoesNotParseIsRememberedToo(t *testing.T) {
	app, base := classicasp.Start(t, classicasp.LastWins)
	if answer := send(t, base, "nonsense\r\n\r\n"); !strings.HasPrefix(answer, "HTTP/1.1 400 ") {
		t.Errorf("answer %q", answer)
	}
	if h := app.Hits(); len(h) != 1 || h[0].Head != "nonsense\r\n\r\n" {
		t.Errorf("hits %+v", h)
	}
}

func TestAnOrdinaryClientIsServedOverOneConnection(t *testing.T) {
	app, base := classicasp.Start(t, classicasp.LastWins)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	client := &http.Client{Transport: transport}
	for range 3 {
		resp, err := client.Post(base+"/x", "text/plain", struct{ io.Reader }{bytes.NewReader(make([]byte, 100_000))})
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
	}
	if h := app.Hits(); len(h) != 3 || len(h[2].Body) != 100_000 {
		t.Errorf("%d hits", len(h))
	}
}

func TestAsAHandlerItFoldsWhatNetHTTPLeaves(t *testing.T) {
	app := classicasp.New(classicasp.LastWins)
	r := httptest.NewRequest(http.MethodGet, "/default.asp", nil)
	r.Header = http.Header{"X-Auth-User": {"alice"}, "X_auth_user": {"<root>"}}
	w := httptest.NewRecorder()
	app.ServeHTTP(w, r)
	if got := app.Hits()[0]; got.User() != "<root>" || !strings.Contains(w.Body.String(), "Hello, &lt;root&gt;") {
		t.Errorf("user %q:\n%s", got.User(), w.Body)
	}
}

func TestPathsAreThoseOfIIS(t *testing.T) {
	for target, want := range map[string]string{
		"/":                             "/",
		"/Admin/Secret?x=/public/":      "/admin/secret",
		"/public/%2e%2e/admin/secret":   "/admin/secret",
		"/public%5c..%5cadmin%5csecret": "/admin/secret",
		`/public\..\admin\secret`:       "/admin/secret",
		"/public%2f..%2fadmin/":         "/admin",
		"/%61dmin/":                     "/admin",
		"/%2561dmin/":                   "/%61dmin",
		"//admin//x":                    "/admin/x",
		"/admin./x%20/y":                "/admin/x/y",
		"/(S(x))/admin/":                "/admin",
		"/admin/(A(x)F(y))/p.aspx":      "/admin/p.aspx",
		"/(S(a))/(S(b))/admin":          "/admin",
		"/admin::$INDEX_ALLOCATION/s":   "/admin/s",
		"/../../x":                      "/x",
		"http://other/admin%2f..%2fb":   "/b",
		"/admin;/secret":                "/admin;/secret",
		"/100%":                         "/100%",
	} {
		if got := classicasp.IISPath(target); got != want {
			t.Errorf("%s: %s, want %s", target, got, want)
		}
	}
}
