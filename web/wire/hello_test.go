package wire_test

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/edgeauth/edgeauth/web/wire"
)

// protocols reads a hello as the protocols that it offers.
func protocols(info *tls.ClientHelloInfo) string { return strings.Join(info.SupportedProtos, " ") }

func reading(srv *http.Server, ln net.Listener, secure bool) error {
	if secure {
		return wire.ServeTLS(srv, ln, protocols)
	}
	return wire.Serve(srv, ln)
}

// tellHello answers with what was read of the connection's hello.
func tellHello(w http.ResponseWriter, r *http.Request) {
	_, _ = io.WriteString(w, wire.Hello(r.Context()))
}

// client speaks one protocol over TLS.
func (s *server) client(t *testing.T, version2 bool, offer ...string) *http.Client {
	t.Helper()
	var p http.Protocols
	p.SetHTTP1(!version2)
	p.SetHTTP2(version2)
	transport := &http.Transport{Protocols: &p, TLSClientConfig: &tls.Config{
		RootCAs: s.roots, ServerName: "127.0.0.1", NextProtos: offer, ClientSessionCache: tls.NewLRUClientSessionCache(8),
	}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: patience}
}

func ask(t *testing.T, c *http.Client, s *server) (*http.Response, string) {
	t.Helper()
	r, err := c.Get("https://" + s.addr)
	if err != nil {
		t.Error(err)
		return &http.Response{TLS: &tls.ConnectionState{}}, ""
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Error(err)
	}
	return r, string(body)
}

func TestEveryRequestOfAConnectionHasItsHello(t *testing.T) {
	s := start(t, tellHello, true, reading)
	for _, row := range []struct {
		version2 bool
		offer    []string
	}{{false, []string{"http/1.1"}}, {true, []string{"h2"}}} {
		c := s.client(t, row.version2, row.offer...)
		for range 3 {
			r, got := ask(t, c, s)
			if want := strings.Join(row.offer, " "); got != want || (r.ProtoMajor == 2) != row.version2 {
				t.Errorf("by HTTP/%d the hello is %q, want %q", r.ProtoMajor, got, want)
			}
		}
	}
}

func TestConnectionsSideBySideKeepTheirOwnHello(t *testing.T) {
	s := start(t, tellHello, true, reading)
	var all sync.WaitGroup
	for i := range 20 {
		version2, offer := i%2 == 0, []string{"http/1.1", "x" + string(rune('a'+i))}
		if version2 {
			offer[0] = "h2"
		}
		c := s.client(t, version2, offer...)
		all.Go(func() {
			if _, got := ask(t, c, s); got != strings.Join(offer, " ") {
				t.Errorf("%q for %q", got, offer)
			}
		})
	}
	all.Wait()
}

func TestWithoutAReaderOrWithoutTLSThereIsNoHello(t *testing.T) {
	s := start(t, tellHello, true, ours)
	if _, got := ask(t, s.client(t, false, "http/1.1"), s); got != "" {
		t.Errorf("nobody read a hello, but there is %q", got)
	}
	plain := start(t, tellHello, false, reading)
	if got := plain.send(t, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"); !strings.HasSuffix(got, "\r\n\r\n") {
		t.Errorf("without TLS the answer is %q", got)
	}
}

func TestReadingLeavesTheConfigurationsOwnChoice(t *testing.T) {
	var chosen atomic.Int32
	s := start(t, tellHello, true, reading, func(srv *http.Server) {
		inner := srv.TLSConfig.Clone()
		srv.TLSConfig.Certificates = nil
		srv.TLSConfig.GetConfigForClient = func(info *tls.ClientHelloInfo) (*tls.Config, error) {
			if chosen.Add(1) > 1 {
				return nil, errors.New("no more")
			}
			return inner, nil
		}
	})
	if _, got := ask(t, s.client(t, true, "h2"), s); got != "h2" {
		t.Errorf("got %q", got)
	}
	if _, err := s.client(t, true, "h2").Get("https://" + s.addr); err == nil || chosen.Load() != 2 {
		t.Errorf("the second connection was not refused: %v after %d choices", err, chosen.Load())
	}
}

func TestSessionsAreStillResumed(t *testing.T) {
	for _, version2 := range []bool{false, true} {
		s := start(t, tellHello, true, reading)
		c := s.client(t, version2, map[bool]string{false: "http/1.1", true: "h2"}[version2])
		first, _ := ask(t, c, s)
		c.CloseIdleConnections()
		second, got := ask(t, c, s)
		if first.TLS.DidResume || !second.TLS.DidResume || got == "" {
			t.Errorf("HTTP/%d: resumed %v, then %v with %q", second.ProtoMajor, first.TLS.DidResume, second.TLS.DidResume, got)
		}
	}
}
