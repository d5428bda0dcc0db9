package proxy

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"github.com/edgeauth/edgeauth/policy"
	"github.com/edgeauth/edgeauth/proxy/internal/frames"
)

// call is the body of a gRPC answer. When it is cut it ends with a status, between two messages; a message that does not come
// to its end in time is broken off.
type call struct {
	io.ReadCloser
	l   *live
	res *http.Response
	web bool // the status is in the body's last message

	mu       sync.Mutex // guards what follows
	messages frames.GRPC
	cut      *policy.Verdict

	last  []byte // of the body, instead of what the backend sends; of the reader alone
	ended bool   // so is this
}

// call makes the answer one that can end with a status. gRPC-Web in base64 can't: its messages are not to be seen.
func (l *live) call(res *http.Response, media string) {
	base, _, _ := strings.Cut(media, "+")
	if base != "application/grpc" && base != "application/grpc-web" {
		return
	}
	c := &call{ReadCloser: res.Body, l: l, res: res, web: base == "application/grpc-web"}
	if res.Body = c; !l.endsBy(c) {
		l.drop()
	}
}

// end implements way. Within a message Read goes on to its end.
func (c *call) end(v policy.Verdict) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cut = &v; c.messages.Between() {
		c.l.drop()
	}
}

// wait implements way.
func (c *call) wait() {}

// Read reads no further than to the end of a message once the exchange is cut.
func (c *call) Read(p []byte) (int, error) {
	if c.ended {
		n := copy(p, c.last)
		if c.last = c.last[n:]; n > 0 {
			return n, nil
		}
		return 0, io.EOF
	}
	n, err := c.ReadCloser.Read(p)
	v, whole := c.pass(p[:n])
	if v == nil {
		return n, err
	}
	if c.between() {
		c.say(*v)
		return whole, nil
	}
	return whole, err
}

// pass returns how much of p may go on, and the verdict if the exchange is cut.
func (c *call) pass(p []byte) (*policy.Verdict, int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cut == nil {
		frames.Follow(&c.messages, p)
		return nil, len(p)
	}
	if c.messages.Between() {
		return c.cut, 0
	}
	return c.cut, c.messages.Advance(p)
}

func (c *call) between() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.messages.Between()
}

// say puts the status in place of what else the backend would have said.
func (c *call) say(v policy.Verdict) {
	c.ended = true
	status := strconv.Itoa(statusOf(v))
	message := url.PathEscape("cut by the edge: " + string(v.Reason))
	c.res.Trailer = nil
	if c.web {
		c.last = frames.WebTrailer(fmt.Sprintf("grpc-status: %s\r\ngrpc-message: %s\r\n", status, message))
		return
	}
	c.l.trailer = http.Header{"Grpc-Status": {status}, "Grpc-Message": {message}}
}

// statusOf is the gRPC status of a verdict, the same as for a request that is refused. What goes away may be called again, and found
// where it is now.
func statusOf(v policy.Verdict) int {
	switch {
	case goesAway(v), v.Action == policy.Stale:
		return 14 // UNAVAILABLE
	case v.Action == policy.Deny:
		return 7 // PERMISSION_DENIED
	}
	return 16 // UNAUTHENTICATED
}
