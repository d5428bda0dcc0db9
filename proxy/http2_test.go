package proxy_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	xhttp2 "golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// field is a header field as it is sent, whatever it is.
type field struct{ name, value string }

// cleartext2 serves the edge over HTTP/2 without TLS.
func cleartext2(h http.Handler) *httptest.Server {
	s := httptest.NewUnstartedServer(h)
	s.Config.Protocols = new(http.Protocols)
	s.Config.Protocols.SetUnencryptedHTTP2(true)
	s.Start()
	return s
}

// stream sends one request in frames of its own making. It returns the status, or "" if stream or connection ended
// without one.
func (b *bed) stream(fields []field, data string) string {
	b.t.Helper()
	conn := b.dial()
	defer conn.Close()
	if _, err := io.WriteString(conn, xhttp2.ClientPreface); err != nil {
		b.t.Fatal(err)
	}
	fr := xhttp2.NewFramer(conn, conn)
	fr.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	var block bytes.Buffer
	enc := hpack.NewEncoder(&block)
	for _, f := range fields {
		_ = enc.WriteField(hpack.HeaderField{Name: f.name, Value: f.value}) // a bytes.Buffer does not fail
	}
	_ = fr.WriteSettings() // should writing fail, so does reading below
	_ = fr.WriteHeaders(xhttp2.HeadersFrameParam{StreamID: 1, BlockFragment: block.Bytes(), EndHeaders: true, EndStream: data == ""})
	if data != "" {
		_ = fr.WriteData(1, true, []byte(data))
	}
	for {
		f, err := fr.ReadFrame()
		if err != nil {
			return ""
		}
		switch f := f.(type) {
		case *xhttp2.MetaHeadersFrame:
			return f.PseudoValue("status")
		case *xhttp2.RSTStreamFrame, *xhttp2.GoAwayFrame:
			return ""
		}
	}
}

func TestDS11_malformed_HTTP2_requests_reach_no_backend(t *testing.T) {
	b := newBed(t, options{serve: cleartext2})
	request := func(path string, more ...field) []field {
		return append([]field{{":method", "POST"}, {":scheme", "https"}, {":authority", publicHost}, {":path", path}, {"cookie", "__Host-edgeauth=" + b.value(b.alice())}}, more...)
	}
	for what, fields := range map[string][]field{
		"transfer-encoding": request("/x", field{"transfer-encoding", "chunked"}), "connection": request("/x", field{"connection", "x-auth-user"}),
		"length above the data": request("/x", field{"content-length", "9"}), "length below the data": request("/x", field{"content-length", "2"}),
		"a space in the path": request("/x y"), "a line break in the path": request("/x\r\nX-Auth-User: root"), "no path": request(""), "no slash": request("admin"),
		"two authorities": request("/x", field{":authority", "evil.test"}), "an upper-case name": request("/x", field{"X-Auth-User", "root"}), "a line break in a value": request("/x", field{"a", "b\r\nx-auth-user: root"}),
		"a NUL in a value": request("/x", field{"a", "b\x00"}), "a name with a space": request("/x", field{"a b", "c"}), "an empty name": request("/x", field{"", "c"}), "te": request("/x", field{"te", "gzip"}),
		"extended CONNECT": {{":method", "CONNECT"}, {":protocol", "websocket"}, {":scheme", "https"}, {":authority", publicHost}, {":path", "/x"}},
		"CONNECT":          {{":method", "CONNECT"}, {":authority", "evil.test:443"}},
	} {
		before := len(b.app.Hits())
		if status := b.stream(fields, "hello"); status != "" && !strings.HasPrefix(status, "4") && !strings.HasPrefix(status, "5") {
			t.Errorf("%s: got %s", what, status)
		}
		for _, h := range b.app.Hits()[before:] {
			if string(h.Body) == "hello" || what != "length above the data" && what != "length below the data" {
				t.Errorf("%s reached the backend: %s", what, h.Head)
			}
		}
	}
	before := len(b.app.Hits())
	if status := b.stream(request("/x", field{"host", "evil.test"}, field{"content-length", "5"}), "hello"); status != "200" && status != "400" && status != "" {
		t.Errorf("host beside :authority: got %s", status)
	}
	for _, h := range b.app.Hits()[before:] {
		if strings.Contains(h.Head, "evil") {
			t.Errorf("the host header crossed: %s", h.Head)
		}
	}
	if status := b.stream(request("/x"), "hello"); status != "200" {
		t.Errorf("a good request got %q", status)
	}
}

func TestDS11_a_body_that_is_announced_and_never_comes_reaches_no_backend(t *testing.T) {
	b := newBed(t, options{serve: cleartext2})
	for length, want := range map[string]string{"5": "400", "0": "200"} {
		before := len(b.app.Hits())
		status := b.stream([]field{{":method", "POST"}, {":scheme", "https"}, {":authority", publicHost}, {":path", "/x"},
			{"cookie", "__Host-edgeauth=" + b.value(b.alice())}, {"content-length", length}}, "")
		if reached := len(b.app.Hits()) > before; status != want || reached != (want == "200") {
			t.Errorf("content-length %s without a body: got %q, reached the backend: %v", length, status, reached)
		}
	}
}

func TestTrailers_of_an_answer_cross_as_gRPC_needs_them(t *testing.T) {
	for name, o := range protocols(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(w, r.Body)
		_ = http.NewResponseController(w).Flush()
		w.Header().Set(http.TrailerPrefix+"Grpc-Status", "0")
	})) {
		o.serve = http2
		b := newBed(t, o)
		req, err := http.NewRequest(http.MethodPost, b.edge.URL+"/svc/Method", strings.NewReader("message"))
		if err != nil {
			t.Fatal(err)
		}
		req.Host = publicHost
		req.Header = http.Header{"Content-Type": {"application/grpc"}, "Te": {"trailers"}, "Cookie": {"__Host-edgeauth=" + b.value(b.alice())}}
		res, err := b.edge.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil || string(body) != "message" || res.Trailer.Get("Grpc-Status") != "0" {
			t.Errorf("%s: got %q, %v, trailers %v", name, body, err, res.Trailer)
		}
	}
}
