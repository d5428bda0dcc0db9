package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// answers sends bytes on one connection and returns every answer until the edge closes it.
func (s *siege) answers(raw string) (all []reply) {
	s.t.Helper()
	c := wireTo(s.t, s.Listen)
	defer c.conn.Close()
	go c.write(raw)
	for {
		r := c.read("POST")
		if r.StatusCode == 0 {
			return all
		}
		all = append(all, r)
	}
}

func Test_DS01_DS02_of_two_framings_the_chunks_count_and_nothing_behind_them_is_read(t *testing.T) {
	t.Parallel()
	s := besiege(t, "", "")
	behind := "GET /public/smuggled HTTP/1.1\r\nHost: " + s.Listen + "\r\nConnection: close\r\n\r\n"
	inner := "GPOST / HTTP/1.1\r\nContent-Length: 15\r\n\r\nx=1"
	for what, c := range map[string]struct{ length, body string }{ // by how the edge and what stands before it may read them
		"CL.TE": {"6", "0\r\n\r\nG"}, "TE.CL": {"4", fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(inner), inner)}, "a whole request behind": {fmt.Sprint(5 + len(behind)), "0\r\n\r\n"}, "no length at all": {"0", "2\r\nhi\r\n0\r\n\r\n"},
	} {
		for _, order := range []string{"Content-Length: %s\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding: chunked\r\nContent-Length: %s\r\n", "Content-Length: %s\r\ntransfer-encoding:\tCHUNKED\r\n"} {
			before := len(s.app.Hits())
			all := s.answers("POST /public/x HTTP/1.1\r\nHost: " + s.Listen + "\r\n" + fmt.Sprintf(order, c.length) + "\r\n" + c.body + behind)
			if len(all) > 1 {
				t.Errorf("%s, %q: %d answers; the connection must end behind the first", what, order, len(all))
			}
			for _, h := range s.app.Hits()[before:] {
				if h.Method != http.MethodPost || h.Target != "/public/x" || h.Variables["HTTP_CONTENT_LENGTH"] != "" && h.Variables["HTTP_TRANSFER_ENCODING"] != "" || strings.Contains(string(h.Body), "smuggled") {
					t.Errorf("%s, %q: the application read %q with the body %q", what, order, h.Head, h.Body)
				}
			}
		}
	}
	for _, raw := range []string{ // HTTP/1.0 knows no chunks, and the edge's own answers end the connection too
		"POST /public/x HTTP/1.0\r\nHost: " + s.Listen + "\r\nConnection: keep-alive\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"POST /home HTTP/1.1\r\nHost: " + s.Listen + "\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"POST /.edgeauth/logout HTTP/1.1\r\nHost: " + s.Listen + "\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"GET /x HTTP/1.1\r\nHost: evil.test\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	} {
		before := len(s.app.Hits())
		if all := s.answers(raw + behind); len(all) != 1 {
			t.Errorf("%q: %d answers", raw, len(all))
		}
		for _, h := range s.app.Hits()[before:] {
			if h.Target == "/public/smuggled" {
				t.Errorf("%q: the application read %q", raw, h.Head)
			}
		}
	}
	s.alive()
}

func Test_DS04_DS05_a_body_whose_end_is_unclear_ends_the_connection(t *testing.T) {
	t.Parallel()
	s := besiege(t, "", "")
	for _, c := range []struct{ framing, body string }{
		{"Content-Length: 5\r\nContent-Length: 6\r\n", "hello!"}, {"Content-Length: +5\r\n", "hello"}, {"Content-Length: -1\r\n", ""}, {"Content-Length: 0x5\r\n", "hello"}, {"Content-Length: 5,5\r\n", "hello"}, {"Content-Length: 5, 6\r\n", "hello!"}, {"Content-Length:  5 5\r\n", "hello"},
		{"Content-Length: 5\x00\r\n", "hello"}, {"Content-Length: 99999999999999999999\r\n", "hello"}, {"Content-Length:\r\n", "hello"}, {"Content-Length: 5;x\r\n", "hello"}, {"Content-Length: \u0665\r\n", "hello"}, {"Content-Length : 5\r\n", "hello"}, {"Content-Length: 5\r\n 6\r\n", "hello!"},
		{"Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"}, {"Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n"}, {"Transfer-Encoding: identity, chunked\r\n", "0\r\n\r\n"}, {"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"}, {"Transfer-Encoding : chunked\r\n", "0\r\n\r\n"},
		{"Transfer-Encoding: \x0bchunked\r\n", "0\r\n\r\n"}, {"Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"}, {"Transfer-Encoding:\r\n", "0\r\n\r\n"},
		{"Transfer-Encoding: chunked\r\n", "2;\nxx\r\n45\r\n0\r\n\r\n"}, {"Transfer-Encoding: chunked\r\n", "2\nxx\r\n0\r\n\r\n"}, {"Transfer-Encoding: chunked\r\n", "2\r\nxx\n0\r\n\r\n"}, {"Transfer-Encoding: chunked\r\n", "2\rxx\r\n0\r\n\r\n"}, {"Transfer-Encoding: chunked\r\n", "-2\r\nxx\r\n0\r\n\r\n"},
		{"Transfer-Encoding: chunked\r\n", "0x2\r\nxx\r\n0\r\n\r\n"}, {"Transfer-Encoding: chunked\r\n", "10000000000000002\r\nxx\r\n0\r\n\r\n"}, {"Transfer-Encoding: chunked\r\n", " 2\r\nxx\r\n0\r\n\r\n"}, {"Transfer-Encoding: chunked\r\n", "2\r\nxxx\r\n0\r\n\r\n"}, {"Transfer-Encoding: chunked\r\n", "2;a=\"\r\n\"\r\nxx\r\n0\r\n\r\n"},
		{"Transfer-Encoding: chunked\r\n", "2;" + strings.Repeat("a", 64<<10) + "\r\nxx\r\n0\r\n\r\n"},
	} {
		before := len(s.app.Hits())
		all := s.answers("POST /public/x HTTP/1.1\r\nHost: " + s.Listen + "\r\n" + c.framing + "\r\n" + c.body + "GET /public/smuggled HTTP/1.1\r\nHost: " + s.Listen + "\r\nConnection: close\r\n\r\n")
		for i, r := range all {
			if r.StatusCode != http.StatusBadRequest && r.StatusCode != http.StatusNotImplemented || i > 0 {
				t.Errorf("%.60q, %.40q: answer %d is %d", c.framing, c.body, i+1, r.StatusCode)
			}
		}
		for _, h := range s.app.Hits()[before:] {
			if h.Target == "/public/smuggled" || strings.HasSuffix(string(h.Body), "xx") && h.Variables["HTTP_CONTENT_LENGTH"] != "" {
				t.Errorf("%.60q, %.40q: the application read %q", c.framing, c.body, h.Head)
			}
		}
	}
	s.alive()
}
