package classicasp

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httputil"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	maxHead = 1 << 20
	maxBody = 64 << 20
)

// errHead is a request that even this application can't make sense of.
var errHead = errors.New("the request has no readable head")

// Serve answers HTTP/1.1 on the listener with a reader of its own, which hands every header line to the application
// as it came. It returns when the listener is closed, after its connections have ended; they are closed too.
func (a *App) Serve(l net.Listener) error {
	var open sync.Map
	var running sync.WaitGroup
	defer running.Wait()
	defer open.Range(func(c, _ any) bool { return c.(net.Conn).Close() == nil || true })
	for {
		c, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("accepting a connection: %w", err)
		}
		open.Store(c, nil)
		running.Go(func() {
			defer open.Delete(c)
			defer func() { _ = c.Close() }()
			a.converse(c)
		})
	}
}

// converse answers the requests of one connection until one side has had enough.
func (a *App) converse(c net.Conn) {
	in := bufio.NewReader(c)
	for {
		h, err := readHit(in)
		if errors.Is(err, errHead) {
			a.add(h) // what did not parse must be seen too
			_, _ = io.WriteString(c, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
		}
		if err != nil {
			return
		}
		page := a.answer(h)
		head := "HTTP/1.1 200 OK\r\nDate: " + time.Now().UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT") +
			"\r\nContent-Type: " + contentType + "\r\nContent-Length: " + strconv.Itoa(len(page)) + "\r\n\r\n"
		if h.Method == "HEAD" {
			page = nil
		}
		if _, err := io.WriteString(c, head+string(page)); err != nil {
			return
		}
	}
}

// readHit reads one request. With errHead the hit holds what was read.
func readHit(in *bufio.Reader) (h Hit, err error) {
	if h.Head, err = readHead(in); err != nil {
		return h, err
	}
	lines := strings.Split(strings.TrimRight(strings.ReplaceAll(h.Head, "\r\n", "\n"), "\n"), "\n")
	first := strings.SplitN(lines[0], " ", 3)
	if len(first) != 3 {
		return h, errHead
	}
	h.Method, h.Target = first[0], first[1]
	h.Headers = headersOf(lines[1:])
	v := Variables(h.Headers, LastWins)
	if strings.EqualFold(strings.TrimSpace(v["HTTP_TRANSFER_ENCODING"]), "chunked") {
		return h, readChunked(in, &h)
	}
	if length := v["HTTP_CONTENT_LENGTH"]; length != "" {
		n, err := strconv.ParseInt(length, 10, 64)
		if err != nil || n < 0 || n > maxBody {
			return h, errHead
		}
		h.Body = make([]byte, n)
		_, err = io.ReadFull(in, h.Body)
		return h, err
	}
	return h, nil
}

// readHead reads up to and with the empty line.
func readHead(in *bufio.Reader) (string, error) {
	var head strings.Builder
	for head.Len() < maxHead {
		line, err := in.ReadString('\n')
		head.WriteString(line)
		if err != nil {
			return head.String(), err
		}
		if line == "\r\n" || line == "\n" {
			return head.String(), nil
		}
	}
	return head.String(), errHead
}

func readChunked(in *bufio.Reader, h *Hit) (err error) {
	if h.Body, err = readBody(httputil.NewChunkedReader(in)); err != nil {
		return err
	}
	trailers, err := readHead(in)
	h.Trailers = headersOf(strings.Split(strings.ReplaceAll(trailers, "\r\n", "\n"), "\n"))
	return err
}

// headersOf splits lines at their first colon. Spaces before it belong to the name, those after it to nobody.
func headersOf(lines []string) (out []Header) {
	for _, line := range lines {
		if name, value, ok := strings.Cut(line, ":"); ok {
			out = append(out, Header{name, strings.Trim(value, " \t")})
		}
	}
	return out
}

func readBody(r io.Reader) ([]byte, error) { return io.ReadAll(io.LimitReader(r, maxBody)) }
