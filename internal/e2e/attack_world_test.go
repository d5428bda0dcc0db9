package e2e_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/internal/demo/classicasp"
	"github.com/edgeauth/edgeauth/internal/edgetest"
)

// siege is one edge in front of an application that keeps every byte it receives, attacked with bytes of our own.
type siege struct {
	*world
	*edgetest.Edge
	app *classicasp.App
	t   *testing.T
}

// siegeRoutes is the policy of the sheet: /public is open, /admin asks for a group, everything else for a login.
const siegeRoutes = `routes:
  - {path: /public, upstream: asp, public: true}
  - {path: /admin, upstream: asp, groups: [admin]}
  - {path: /, upstream: asp}
`

// besiege starts the edge. Server is further keys of its section, rest what follows the routes.
func besiege(t *testing.T, server, rest string) *siege {
	t.Helper()
	w := newWorld(t)
	app, backend := classicasp.Start(t, classicasp.LastWins)
	addr := edgetest.Addr(t)
	w.client(addr)
	e := edgetest.Prepare(t, edgetest.Setup{Listen: addr, Server: server, Rest: w.guarding(backend) + rest})
	e.Run()
	e.WaitReady()
	return &siege{world: w, Edge: e, app: app, t: t}
}

// guarding is the configuration of the provider and one backend, with the routes of the sheet.
func (w *world) guarding(backend string) string {
	return fmt.Sprintf("providers:\n  corp: {issuer: %q, client_id: edgeauth, client_secret: %s}\nupstreams:\n  asp: {addresses: [%q]}\n%s",
		w.idp.Issuer(), clientSecret, backend, siegeRoutes)
}

// reply is an answer with its body read; the status 0 stands for a connection that was closed without one.
type reply struct {
	*http.Response
	body string
}

// wire is one connection to an edge.
type wire struct {
	t    *testing.T
	conn net.Conn
	in   *bufio.Reader
}

func wireTo(t *testing.T, addr string) *wire {
	t.Helper()
	conn, err := net.DialTimeout("tcp", addr, edgetest.Patience)
	if err != nil {
		t.Fatal(err)
	}
	return newWire(t, conn)
}

func newWire(t *testing.T, conn net.Conn) *wire {
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(edgetest.Patience))
	return &wire{t, conn, bufio.NewReader(conn)}
}

// write sends bytes. An edge that has refused already may have closed the connection, which the next read tells.
func (c *wire) write(raw string) { _, _ = io.WriteString(c.conn, raw) }

// read takes one final answer from the connection.
func (c *wire) read(method string) reply {
	c.t.Helper()
	for {
		res, err := http.ReadResponse(c.in, &http.Request{Method: method})
		if err != nil {
			return reply{Response: &http.Response{Header: http.Header{}}}
		}
		if res.StatusCode < 200 && res.StatusCode != http.StatusSwitchingProtocols {
			continue
		}
		b, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil {
			return reply{Response: &http.Response{Header: http.Header{}}}
		}
		return reply{res, string(b)}
	}
}

// send writes bytes on a connection of their own and returns the first answer.
func (s *siege) send(raw string) reply {
	s.t.Helper()
	c := wireTo(s.t, s.Listen)
	c.write(raw)
	method, _, _ := strings.Cut(raw, " ")
	defer c.conn.Close()
	return c.read(method)
}

// get is a navigation, byte by byte, with further header lines.
func (s *siege) get(target string, lines ...string) reply {
	s.t.Helper()
	return s.send("GET " + target + " HTTP/1.1\r\nHost: " + s.Listen + "\r\nAccept: text/html\r\n" + strings.Join(lines, "") + "Connection: close\r\n\r\n")
}

// login logs the provider's present user in and returns the Cookie line.
func (s *siege) login() string {
	s.t.Helper()
	c := edgetest.NewClient(s.t)
	if p := c.Open(s.URL + "/public/begin"); p.Status != http.StatusOK {
		s.t.Fatalf("before the login: %d", p.Status)
	}
	p := c.Open(s.URL + "/.edgeauth/login?rd=/home")
	value := c.Cookie(s.URL, "edgeauth")
	if p.Status != http.StatusOK || value == "" {
		s.t.Fatalf("the login ended at %s with %d:\n%s", p.URL, p.Status, p.Body)
	}
	return "Cookie: edgeauth=" + value + "\r\n"
}

// fresh returns what reached the application since it was called last with that counter.
func (s *siege) fresh(seen *int) []classicasp.Hit {
	all := s.app.Hits()
	defer func() { *seen = len(all) }()
	return all[*seen:]
}

// alive fails unless the edge still serves and has not panicked.
func (s *siege) alive() {
	s.t.Helper()
	if r := s.get("/public/alive"); r.StatusCode != http.StatusOK {
		s.t.Errorf("afterwards a public page is answered %d", r.StatusCode)
	}
	if log := s.Log(); strings.Contains(log, "panic") || strings.Contains(log, "DATA RACE") {
		s.t.Errorf("the edge panicked or raced:\n%.4000s", log)
	}
}
