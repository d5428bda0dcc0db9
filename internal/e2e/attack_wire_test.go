package e2e_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

func Test_HD10_field_names_with_bytes_that_no_name_has_are_refused(t *testing.T) {
	t.Parallel()
	s := besiege(t, "", "")
	names := []string{"", "X-Auth-User ", "X-Auth-User\t", "X A", "X-\u00e4"}
	for c := range 0x100 {
		if c <= 0x20 && c != '\n' || c >= 0x7f {
			names = append(names, "X"+string([]byte{byte(c)})+"Auth-User")
		}
	}
	for _, name := range names {
		if r := s.get("/public/x", name+": root\r\n"); r.StatusCode != http.StatusBadRequest {
			t.Errorf("%q over HTTP/1: %d", name, r.StatusCode)
		}
		if status := s.stream(frames(s.Listen, "/public/x", name, "root")); status != "" && status != "400" {
			t.Errorf("%q over HTTP/2: %s", name, status)
		}
	}
	if hits := s.app.Hits(); len(hits) != 0 {
		t.Errorf("%d of them reached the application, the first: %q", len(hits), hits[0].Head)
	}
	if status := s.stream(frames(s.Listen, "/public/x", "x-good", "root")); status != "200" {
		t.Errorf("a good name over HTTP/2: %q", status)
	}
	s.alive()
}

// frames are the fields of a navigation over HTTP/2 with one more, whatever that is.
func frames(host, path, name, value string) []hpack.HeaderField {
	return []hpack.HeaderField{{Name: ":method", Value: "GET"}, {Name: ":scheme", Value: "http"}, {Name: ":authority", Value: host}, {Name: ":path", Value: path},
		{Name: "accept", Value: "text/html"}, {Name: name, Value: value}}
}

// stream sends one request over HTTP/2 with prior knowledge and returns its status, "" if stream or connection ended
// without one.
func (s *siege) stream(fields []hpack.HeaderField, data ...byte) string {
	s.t.Helper()
	return stream(wireTo(s.t, s.Listen).conn, fields, data)
}

func stream(conn net.Conn, fields []hpack.HeaderField, data []byte) string {
	defer conn.Close()
	_, _ = io.WriteString(conn, http2.ClientPreface)
	fr := http2.NewFramer(conn, conn)
	fr.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	var block bytes.Buffer
	enc := hpack.NewEncoder(&block)
	for _, f := range fields {
		_ = enc.WriteField(f) // a bytes.Buffer does not fail
	}
	_ = fr.WriteSettings() // should writing fail, so does reading below
	_ = fr.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block.Bytes(), EndHeaders: true, EndStream: len(data) == 0})
	if len(data) > 0 {
		_ = fr.WriteData(1, true, data)
	}
	for {
		f, err := fr.ReadFrame()
		if err != nil {
			return ""
		}
		switch f := f.(type) {
		case *http2.MetaHeadersFrame:
			return f.PseudoValue("status")
		case *http2.RSTStreamFrame, *http2.GoAwayFrame:
			return ""
		}
	}
}

func Test_DS07_what_HTTP1_forbids_in_a_head_is_refused_and_bare_line_feeds_are_written_anew(t *testing.T) {
	t.Parallel()
	s := besiege(t, "", "")
	head := func(line, more string) string {
		return line + "\r\nHost: " + s.Listen + "\r\n" + more + "Connection: close\r\n\r\n"
	}
	const line = "GET /public/x HTTP/1.1"
	for what, raw := range map[string]string{
		"a bare CR in a value": head(line, "X-A: a\rX-Auth-User: root\r\n"), "a NUL in a value": head(line, "X-A: a\x00b\r\n"), "a CR at the end of a value": head(line, "X-A: a\r\r\n"),
		"two spaces first": head("GET  /public/x HTTP/1.1", ""), "two spaces last": head("GET /public/x  HTTP/1.1", ""), "tabs": head("GET\t/public/x\tHTTP/1.1", ""), "a CR in the target": head("GET /public/x\r HTTP/1.1", ""),
		"version 1.10": head("GET /public/x HTTP/1.10", ""), "version 2.0 in text": head("GET /public/x HTTP/2.0", ""), "version 0.9": head("GET /public/x HTTP/0.9", ""), "another protocol": head("GET /public/x ICY/1.1", ""),
		"a thousand empty lines": strings.Repeat("\r\n", 1000) + head(line, ""), "a first line that goes on": head(line+"\r\n X-Auth-User: root", ""), "a name on two lines": head(line, "X-A\r\n : b\r\n"), "no colon": head(line, "X-Auth-User root\r\n"),
		"a bare CR for every line": strings.ReplaceAll(head(line, ""), "\r\n", "\r") + "\r\n\r\n",
	} {
		r := s.send(raw)
		if r.StatusCode < 400 && r.StatusCode != 0 || !r.Close && r.StatusCode != 0 {
			t.Errorf("%s: %d, connection closed: %v", what, r.StatusCode, r.Close)
		}
	}
	if hits := s.app.Hits(); len(hits) != 0 {
		t.Fatalf("%d of them reached the application, the first: %q", len(hits), hits[0].Head)
	}
	for what, raw := range map[string]string{
		"bare line feeds": strings.ReplaceAll(head(line, "X-A: a\r\n"), "\r\n", "\n"), "an empty line of bare line feeds": strings.TrimSuffix(head(line, "X-A: a\r\n"), "\r\n\r\n") + "\n\n",
		"a folded value": head(line, "X-A: a\r\n X-Auth-User: root\r\n"), "HTTP/1.0": head("GET /public/x HTTP/1.0", "X-A: a\r\n"), "HTTP/1.2": head("GET /public/x HTTP/1.2", "X-A: a\r\n"),
	} {
		before := len(s.app.Hits())
		r := s.send(raw)
		for _, h := range s.app.Hits()[before:] {
			if strings.Count(h.Head, "\n") != strings.Count(h.Head, "\r\n") || h.User() != "" || !strings.HasPrefix(h.Head, "GET /public/x HTTP/1.1\r\n") {
				t.Errorf("%s: %d, the application read %q", what, r.StatusCode, h.Head)
			}
		}
	}
	s.alive()
}

func Test_DS08_a_body_that_the_edge_did_not_read_is_never_the_next_request(t *testing.T) {
	t.Parallel()
	s := besiege(t, "", "")
	smuggled := "GET /public/smuggled HTTP/1.1\r\nHost: " + s.Listen + "\r\n\r\n"
	head := func(line, host, framing string) string {
		return line + " HTTP/1.1\r\nHost: " + host + "\r\nAccept: text/html\r\n" + framing + "\r\n\r\n"
	}
	length := fmt.Sprintf("Content-Length: %d", len(smuggled))
	for what, first := range map[string]string{
		"a login that is needed": head("POST /x", s.Listen, length) + smuggled, "the login": head("GET /.edgeauth/login?rd=/x", s.Listen, length) + smuggled,
		"a method refused": head("POST /.edgeauth/login", s.Listen, length) + smuggled, "a callback": head("POST /.edgeauth/callback", s.Listen, length) + smuggled,
		"a logout": head("POST /.edgeauth/logout", s.Listen, length) + smuggled, "an unknown host": head("POST /x", "evil.test", length) + smuggled, "no such page": head("POST /.edgeauth/x", s.Listen, length) + smuggled,
		"an ambiguous path": head("POST /a//b", s.Listen, length) + smuggled, "an expectation": head("POST /public/x", s.Listen, length+"\r\nExpect: x") + smuggled, "who am I": head("GET /.edgeauth/me", s.Listen, length) + smuggled,
		"chunks": head("POST /x", s.Listen, "Transfer-Encoding: chunked") + fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(smuggled), smuggled), "the keys": head("POST /.edgeauth/jwks.json", s.Listen, length) + smuggled,
		"a large body": head("POST /x", s.Listen, fmt.Sprintf("Content-Length: %d", 1<<20)) + strings.Repeat(smuggled, 1<<20/len(smuggled)+1)[:1<<20],
		"all options":  head("OPTIONS *", s.Listen, length) + smuggled, "a redirect": head("GET /x", s.Listen, length) + smuggled,
	} {
		c := wireTo(t, s.Listen)
		before := len(s.app.Hits())
		go c.write(first + "GET /public/second HTTP/1.1\r\nHost: " + s.Listen + "\r\nConnection: close\r\n\r\n")
		method, _, _ := strings.Cut(first, " ")
		if r := c.read(method); r.StatusCode == 0 || r.StatusCode == http.StatusOK && what != "a logout" && what != "the keys" {
			t.Errorf("%s: %d", what, r.StatusCode)
		}
		c.read("GET")
		for _, h := range s.app.Hits()[before:] {
			if h.Target != "/public/second" {
				t.Errorf("%s: the body was read as a request for %s", what, h.Target)
			}
		}
	}
	s.alive()
}

func Test_RT19_the_request_for_all_options_is_refused_like_any_odd_target(t *testing.T) {
	t.Parallel()
	s := besiege(t, "", "")
	for _, host := range []string{s.Listen, "evil.test"} {
		r := s.send("OPTIONS * HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n")
		if r.StatusCode != http.StatusBadRequest && r.StatusCode != http.StatusMisdirectedRequest || r.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("at %s: %d with %v", host, r.StatusCode, r.Header)
		}
	}
	for _, line := range []string{"CONNECT evil.test:443", "CONNECT " + s.Listen, "TRACE /public/x", "TRACK /public/x", "get /public/x", "GET public/x", "GET ftp://" + s.Listen + "/public/x", "GET http://x@" + s.Listen + "/public/x"} {
		if r := s.send(line + " HTTP/1.1\r\nHost: " + s.Listen + "\r\nConnection: close\r\n\r\n"); r.StatusCode < 400 || r.StatusCode >= 500 && r.StatusCode != 501 {
			t.Errorf("%s: %d", line, r.StatusCode)
		}
	}
	if hits := s.app.Hits(); len(hits) != 0 {
		t.Errorf("%d of them reached the application, the first: %q", len(hits), hits[0].Head)
	}
}

func Test_DS11_malformed_HTTP2_requests_reach_no_backend(t *testing.T) {
	t.Parallel()
	s := besiege(t, "", "")
	for what, f := range map[string][]hpack.HeaderField{
		"transfer-encoding": frames(s.Listen, "/public/x", "transfer-encoding", "chunked"), "connection": frames(s.Listen, "/public/x", "connection", "x-auth-user"), "keep-alive": frames(s.Listen, "/public/x", "keep-alive", "x"),
		"upgrade": frames(s.Listen, "/public/x", "upgrade", "websocket"), "proxy-connection": frames(s.Listen, "/public/x", "proxy-connection", "x-auth-user"), "an upper-case name": frames(s.Listen, "/public/x", "X-Auth-User", "root"),
		"CR": frames(s.Listen, "/public/x", "a", "b\rx-auth-user: root"), "LF": frames(s.Listen, "/public/x", "a", "b\nx-auth-user: root"), "CRLF": frames(s.Listen, "/public/x", "a", "b\r\nx-auth-user: root"), "NUL": frames(s.Listen, "/public/x", "a", "b\x00c"),
		"a name with a colon": frames(s.Listen, "/public/x", "a: b\r\nx-auth-user", "root"), "two authorities": frames(s.Listen, "/public/x", ":authority", "evil.test"), "two paths": frames(s.Listen, "/public/x", ":path", "/public/y"), "an unknown pseudo field": frames(s.Listen, "/public/x", ":x", "y"),
		"a space in the path": frames(s.Listen, "/public/x y", "a", "b"), "a version in the path": frames(s.Listen, "/public/x HTTP/1.1\r\nX-Auth-User: root", "a", "b"), "an empty path": frames(s.Listen, "", "a", "b"), "no slash": frames(s.Listen, "public/x", "a", "b"),
		"an absolute path": frames(s.Listen, "http://evil.test/public/x", "a", "b"), "a fragment": frames(s.Listen, "/public/x#y", "a", "b"), "a star": frames(s.Listen, "*", "a", "b"), "te": frames(s.Listen, "/public/x", "te", "gzip"),
		"an empty authority": frames("", "/public/x", "a", "b"), "a user in the authority": frames("x@"+s.Listen, "/public/x", "a", "b"), "a slash in the authority": frames(s.Listen+"/public", "/public/x", "a", "b"),
		"a method of two lines": slices.Replace(frames(s.Listen, "/public/x", "a", "b"), 0, 1, hpack.HeaderField{Name: ":method", Value: "GET /public/y HTTP/1.1\r\nX-A: b"}), "an extended CONNECT": slices.Replace(frames(s.Listen, "/public/x", ":protocol", "websocket"), 0, 1, hpack.HeaderField{Name: ":method", Value: "CONNECT"}),
	} {
		status := s.stream(f)
		if status != "" && status[0] != '4' && status[0] != '5' {
			t.Errorf("%s: %s", what, status)
		}
	}
	if hits := s.app.Hits(); len(hits) != 0 {
		t.Errorf("%d of them reached the application, the first: %q", len(hits), hits[0].Head)
	}
	for _, length := range []string{"5", "+0", "5, 5"} { // net/http drops the field where the stream has no body
		before := len(s.app.Hits())
		post := slices.Replace(frames(s.Listen, "/public/x", "content-length", length), 0, 1, hpack.HeaderField{Name: ":method", Value: "POST"})
		s.stream(post)
		for _, h := range s.app.Hits()[before:] {
			if n := h.Variables["HTTP_CONTENT_LENGTH"]; n != "" && n != "0" || len(h.Body) != 0 {
				t.Errorf("length %q without data: the application read %q", length, h.Head)
			}
		}
		before = len(s.app.Hits())
		if status := s.stream(post, []byte("12345678")...); status == "200" && length == "5" {
			t.Errorf("length %q before 8 bytes: %s", length, status)
		}
		for _, h := range s.app.Hits()[before:] {
			if len(h.Body) == 8 && length == "5" {
				t.Errorf("length %q before 8 bytes: the application read %q", length, h.Head)
			}
		}
	}
	before := len(s.app.Hits())
	if status := s.stream(frames(s.Listen, "/public/x", "host", "evil.test")); status == "200" && strings.Contains(s.app.Hits()[before].Head, "evil") {
		t.Errorf("a host beside :authority crossed: %q", s.app.Hits()[before].Head)
	}
	s.alive()
}

func Test_DO05_heads_and_queries_beyond_measure_are_refused(t *testing.T) {
	t.Parallel()
	s := besiege(t, "", "")
	many := func(n int) (lines string) {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "X-%d: y\r\n", i)
		}
		return b.String()
	}
	parameters := strings.TrimSuffix(strings.Repeat("a&", 100_000), "&")
	some := strings.TrimSuffix(strings.Repeat("a&", 25_000), "&") // fits into a head
	for what, ask := range map[string]func() reply{
		"a head of 1 MiB": func() reply {
			return s.get("/public/x", strings.Repeat("X-A: "+strings.Repeat("a", 1018)+"\r\n", 1024))
		}, "10,000 lines": func() reply { return s.get("/public/x", many(10_000)) },
		"one line of 900 KiB": func() reply { return s.get("/public/x", "X-A: "+strings.Repeat("a", 900<<10)+"\r\n") }, "an address of 64 KiB": func() reply { return s.get("/public/" + strings.Repeat("a", 64<<10)) },
		"an address of 20 KiB": func() reply { return s.get("/public/" + strings.Repeat("a", 20<<10)) }, "an address of 2 MiB": func() reply { return s.get("/public/" + strings.Repeat("a", 2<<20)) },
		"100,000 parameters at the callback": func() reply { return s.get("/.edgeauth/callback?" + parameters) }, "100,000 parameters at the login": func() reply { return s.get("/.edgeauth/login?" + parameters) },
		"25,000 parameters at the callback": func() reply { return s.get("/.edgeauth/callback?" + some) }, "25,000 parameters at the login": func() reply { return s.get("/.edgeauth/login?" + some) }, "25,000 parameters of an application": func() reply { return s.get("/public/x?" + some) },
		"100,000 fields posted to the callback": func() reply {
			return s.send(fmt.Sprintf("POST /.edgeauth/callback HTTP/1.1\r\nHost: %s\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", s.Listen, len(parameters), parameters))
		},
		"a name of 70 KiB": func() reply { return s.get("/public/x", strings.Repeat("x", 70<<10)+": a\r\n") }, "a Host of 60 KiB": func() reply {
			return s.send("GET / HTTP/1.1\r\nHost: " + strings.Repeat("a", 60<<10) + "\r\nConnection: close\r\n\r\n")
		},
	} {
		if r := ask(); r.StatusCode < 400 || r.StatusCode >= 500 || len(r.Cookies()) != 0 {
			t.Errorf("%s: %d", what, r.StatusCode)
		}
	}
	if status := s.stream(frames(s.Listen, "/public/x", "x-a", strings.Repeat("a", 900<<10))); status != "" && status != "431" {
		t.Errorf("900 KiB over HTTP/2: %s", status)
	}
	if hits := s.app.Hits(); len(hits) != 0 {
		t.Errorf("%d of them reached the application, the first: %.300q", len(hits), hits[0].Head)
	}
	s.alive()
}

func Test_CK19_masses_of_cookies_are_refused_and_leave_again_by_themselves(t *testing.T) {
	t.Parallel()
	s := besiege(t, "", "")
	alice := s.login()
	for what, cookie := range map[string]string{"one of 64 KiB": "a=" + strings.Repeat("x", 64<<10), "200 of 4 KiB": strings.Repeat("c="+strings.Repeat("x", 4000)+"; ", 200), "60,000 small ones": strings.Repeat("c=1; ", 60_000)} {
		if r := s.get("/home", "Cookie: "+cookie+"\r\n", alice); r.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf("%s: %d", what, r.StatusCode)
		}
	}
	before := len(s.app.Hits())
	for _, lines := range [][]string{{"Cookie: " + strings.Repeat("c=1; ", 10_000) + "b=2\r\n", alice}, {alice, "Cookie: " + strings.Repeat("c=1; ", 10_000) + "b=2\r\n"}} {
		if r := s.get("/home", lines...); r.StatusCode != http.StatusOK {
			t.Errorf("10,000 small ones beside a session: %d", r.StatusCode)
		}
	}
	for _, h := range s.app.Hits()[before:] {
		if h.User() != "alice" || strings.Contains(h.Head, "edgeauth=") {
			t.Errorf("the application read %.300q", h.Head)
		}
	}
	if r := s.get("/home", alice); r.StatusCode != http.StatusOK {
		t.Errorf("afterwards alice is answered %d", r.StatusCode)
	}
}
