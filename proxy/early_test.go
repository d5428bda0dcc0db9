package proxy_test

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/proxy"
)

// reading is a backend of bare connections: answer gets each, behind the head of its first request.
func reading(t *testing.T, answer func(conn *net.TCPConn, in *bufio.Reader)) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			_ = conn.SetDeadline(time.Now().Add(limit))
			in := bufio.NewReader(conn)
			if _, err := http.ReadRequest(in); err == nil {
				answer(conn.(*net.TCPConn), in)
			}
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() { _ = ln.Close(); <-done })
	return "http://" + ln.Addr().String()
}

// framings are the ways in which HTTP/1.1 announces a body, with what its first bytes look like.
func framings(first string, length int) map[string]string {
	return map[string]string{
		"a length":      fmt.Sprintf("Content-Length: %d\r\n\r\n%s", length, first),
		"no length":     fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n", len(first), first),
		"a long length": fmt.Sprintf("Content-Length: %d\r\n\r\n%s", 1<<30, first),
	}
}

func TestAnAnswerThatDoesNotWaitForTheUploadReachesItsClientAndEndsTheConnection(t *testing.T) {
	for what, backend := range map[string]func(conn *net.TCPConn, in *bufio.Reader){
		"and listens no more": func(conn *net.TCPConn, _ *bufio.Reader) {
			_, _ = io.WriteString(conn, "HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 8\r\n\r\ntoo much")
			_ = conn.CloseWrite()
			_, _ = io.Copy(io.Discard, conn)
		},
		"and listens on": func(conn *net.TCPConn, in *bufio.Reader) {
			_, _ = io.WriteString(conn, "HTTP/1.1 413 Content Too Large\r\nContent-Length: 8\r\n\r\ntoo much")
			_, _ = io.Copy(io.Discard, in)
		},
		"in chunks": func(conn *net.TCPConn, in *bufio.Reader) {
			_, _ = io.WriteString(conn, "HTTP/1.1 413 Content Too Large\r\nTransfer-Encoding: chunked\r\n\r\n8\r\ntoo much\r\n0\r\n\r\n")
			_, _ = io.Copy(io.Discard, in)
		},
	} {
		b := newBed(t, options{backend: reading(t, backend)})
		for how, rest := range framings("part", 1000) {
			conn := b.dial()
			raw := "POST /x HTTP/1.1\r\nHost: app.corp.test\r\n" + b.as(b.alice()) + rest
			say(t, conn, raw)
			in := bufio.NewReader(conn)
			a := b.receive(in, raw) // nothing more is sent meanwhile
			if a.StatusCode != http.StatusRequestEntityTooLarge || a.body != "too much" || !a.Close {
				t.Errorf("%s, %s: %d %q, closes: %v", what, how, a.StatusCode, a.body, a.Close)
			}
			if n, err := io.Copy(io.Discard, in); n != 0 || err != nil {
				t.Errorf("%s, %s: behind the answer come %d bytes, %v", what, how, n, err)
			}
			_ = conn.Close()
		}
	}
}

func TestAnAnswerIsHeardThoughItsBackendHasHungUpOnTheUpload(t *testing.T) {
	b := newBed(t, options{backend: reading(t, func(conn *net.TCPConn, _ *bufio.Reader) {
		_, _ = io.WriteString(conn, "HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno")
		_ = conn.SetLinger(0) // what is still sent is answered by a reset
	})})
	alice := b.value(b.alice())
	for range 30 {
		req, _ := http.NewRequest(http.MethodPost, b.edge.URL+"/x", noise(8<<20))
		req.Host, req.ContentLength = publicHost, 8<<20
		req.Header.Set("Cookie", "__Host-edgeauth="+alice)
		res, err := b.edge.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if res.StatusCode != http.StatusUnauthorized || string(body) != "no" || err != nil {
			t.Fatalf("got %d %.60q, %v", res.StatusCode, body, err)
		}
	}
}

// echo answers each piece of the upload while the next is awaited.
func echo(w http.ResponseWriter, r *http.Request) {
	out := http.NewResponseController(w)
	if r.ProtoMajor == 1 {
		_ = out.EnableFullDuplex()
	}
	w.WriteHeader(http.StatusOK)
	_ = out.Flush()
	piece := make([]byte, 4)
	for {
		n, err := io.ReadFull(r.Body, piece)
		_, _ = w.Write(piece[:n])
		_ = out.Flush()
		if err != nil {
			return
		}
	}
}

func TestUploadAndDownloadGoOnAtOnce(t *testing.T) {
	everyWay(t, http.HandlerFunc(echo), func(t *testing.T, b *opened) {
		s := b.alice()
		for _, length := range []int64{40, -1} {
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			body, send := io.Pipe()
			req := b.as2(http.MethodPost, "/echo", body, s).WithContext(ctx)
			req.ContentLength = length
			go func() { <-ctx.Done(); _ = send.Close() }()
			res := b.do(req)
			got := make([]byte, 4)
			for i := range 10 {
				piece := fmt.Sprintf("%04d", i)
				say(t, send, piece)
				if i == 9 {
					_ = send.Close() // HTTP/2 in Go keeps the last piece of a known length back until it knows that it is the last
				}
				if _, err := io.ReadFull(res.Body, got); string(got) != piece || err != nil {
					t.Fatalf("with length %d: piece %s came back as %q, %v", length, piece, got, err)
				}
			}
			if rest, err := io.ReadAll(res.Body); len(rest) != 0 || err != nil {
				t.Errorf("with length %d it ends with %q, %v", length, rest, err)
			}
			cancel()
		}
		b.none()
	})
}

func TestNothingIsLostOfAnUploadWhoseAnswerHasBegun(t *testing.T) {
	const size = 200_000 // less than what net/http would read and throw away
	everyWay(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		out := http.NewResponseController(w)
		if r.ProtoMajor == 1 {
			_ = out.EnableFullDuplex()
		}
		_, _ = io.WriteString(w, "begun ")
		_ = out.Flush()
		sum := sha256.New()
		n, err := io.Copy(sum, r.Body)
		_, _ = fmt.Fprintln(w, n, err, hex.EncodeToString(sum.Sum(nil)))
	}), func(t *testing.T, b *opened) {
		s := b.alice()
		want := sha256.New()
		_, _ = io.Copy(want, noise(size))
		for _, length := range []int64{size, -1} {
			body, send := io.Pipe()
			begun := make(chan struct{})
			go func() {
				from := noise(size)
				_, _ = io.CopyN(send, from, 1000)
				<-begun
				_, _ = io.Copy(send, from)
				_ = send.Close()
			}()
			req := b.as2(http.MethodPost, "/sum", body, s)
			req.ContentLength = length
			res := b.do(req)
			in := bufio.NewReader(res.Body)
			until(in, "begun ")
			close(begun)
			got, err := io.ReadAll(in)
			if string(got) != fmt.Sprintln(size, nil, hex.EncodeToString(want.Sum(nil))) || err != nil {
				t.Errorf("with length %d: %q, %v", length, got, err)
			}
		}
		b.none()
	})
}

// An answer that begins early must not make the rest of its request the next one.
func TestDS08_the_rest_of_an_upload_that_was_answered_early_is_no_request(t *testing.T) {
	seen := make(chan string, 1000)
	b := newBed(t, options{backend: answering(t, func(w http.ResponseWriter, r *http.Request) {
		seen <- r.Method + " " + r.RequestURI
		w.Header().Set("Connection", "close") // net/http's own server stumbles over the rest where it reads on
		out := http.NewResponseController(w)
		_ = out.EnableFullDuplex()
		switch r.URL.Path {
		case "/public/early":
			w.Header().Set("Content-Length", "2")
			_, _ = io.WriteString(w, "no")
			return
		case "/public/begun":
			_, _ = io.WriteString(w, "be")
			_ = out.Flush()
			_, _ = io.ReadFull(r.Body, make([]byte, 4))
			_, _ = io.WriteString(w, "gun")
			return
		case "/public/breaks":
			if conn, _, err := out.Hijack(); err == nil {
				_ = conn.Close()
			}
		}
	})})
	smuggled := "GET /public/smuggled HTTP/1.1\r\nHost: app.corp.test\r\n\r\n"
	for _, path := range []string{"early", "begun", "breaks"} {
		for what, framed := range map[string]func(first, rest string) (string, string){
			"a length": func(first, rest string) (string, string) {
				return fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(first)+len(rest)+1000, first), rest
			},
			"all of the length": func(first, rest string) (string, string) {
				return fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(first)+len(rest), first), rest
			},
			"chunks": func(first, rest string) (string, string) {
				return fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n", len(first), first), fmt.Sprintf("%x\r\n%s", len(rest), rest)
			},
			"broken chunks": func(first, rest string) (string, string) {
				return fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n", len(first), first), "zz\r\n" + rest
			},
			"an expectation": func(first, rest string) (string, string) {
				return fmt.Sprintf("Expect: 100-continue\r\nContent-Length: %d\r\n\r\n%s", len(first)+len(rest), first), rest
			},
		} {
			head, rest := framed("part", strings.Repeat(smuggled, 20))
			for _, before := range []bool{path == "breaks", true} { // the rest comes behind the answer, or with the request
				conn := b.dial()
				say(t, conn, "POST /public/"+path+" HTTP/1.1\r\nHost: app.corp.test\r\n"+head)
				in := bufio.NewReader(conn)
				if before {
					_, _ = io.WriteString(conn, rest)
				}
				if path == "breaks" { // then net/http waits for the client as well
					_ = conn.(*net.TCPConn).CloseWrite()
				}
				for code := http.StatusContinue; code == http.StatusContinue; {
					res, err := http.ReadResponse(in, nil)
					if err != nil {
						break // it may break off as well
					}
					_, _ = io.Copy(io.Discard, res.Body)
					code = res.StatusCode
				}
				if !before {
					_, _ = io.WriteString(conn, rest)
				}
				_ = conn.(*net.TCPConn).CloseWrite()
				_, _ = io.Copy(io.Discard, in)
				_ = conn.Close()
				for len(seen) > 0 {
					if got := <-seen; !strings.HasPrefix(got, "POST /public/") {
						t.Errorf("%s with %s, before: %v: the backend was asked for %s", path, what, before, got)
					}
				}
			}
		}
	}
}

func TestARequestThatWasSentWholeLeavesItsConnectionOpen(t *testing.T) {
	b := newBed(t, options{backend: answering(t, func(w http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(io.Discard, r.Body)
		_, _ = fmt.Fprint(w, n)
	})})
	conn := b.dial()
	defer conn.Close()
	in := bufio.NewReader(conn)
	for i, body := range []string{"hello", strings.Repeat("x", 500_000), "", "again"} {
		raw := fmt.Sprintf("POST /public/x HTTP/1.1\r\nHost: app.corp.test\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
		say(t, conn, raw)
		if a := b.receive(in, raw); a.StatusCode != http.StatusOK || a.Close || a.body != fmt.Sprint(len(body)) {
			t.Fatalf("request %d: %d %q, closes: %v", i, a.StatusCode, a.body, a.Close)
		}
	}
}

// Whoever is answered early and neither goes on nor leaves keeps nothing open.
func TestAClientThatStopsSendingWhenItHasItsAnswerIsLetGo(t *testing.T) {
	b := newOpened(t, options{backend: reading(t, func(conn *net.TCPConn, in *bufio.Reader) {
		_, _ = io.WriteString(conn, "HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno")
		_, _ = io.Copy(io.Discard, in)
	})}, proxy.Limits{})
	conn := b.dial()
	defer conn.Close()
	raw := "POST /x HTTP/1.1\r\nHost: app.corp.test\r\n" + b.as(b.alice()) + "Content-Length: 1000\r\n\r\npart"
	say(t, conn, raw)
	in := bufio.NewReader(conn)
	b.receive(in, raw)
	b.none()
	if _, err := in.ReadByte(); err != io.EOF {
		t.Errorf("the connection ends with %v", err)
	}
}
