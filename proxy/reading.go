package proxy

import (
	"net/http"
	"strings"

	"github.com/edgeauth/edgeauth/proxy/internal/scrub"
	"github.com/edgeauth/edgeauth/proxy/internal/target"
	"github.com/edgeauth/edgeauth/web"
)

// read refuses requests that the edge and a backend could understand differently, and returns the target.
func (h *Handler) read(r *http.Request) (target.Target, error) {
	if err := checkMethod(r); err != nil {
		return target.Target{}, err
	}
	if lines := r.Header["Expect"]; len(lines) > 1 || len(lines) == 1 && !strings.EqualFold(lines[0], "100-continue") {
		return target.Target{}, &web.Error{Code: http.StatusExpectationFailed, Reason: "expect", Title: "Unknown expectation"}
	}
	if missingBody(r) {
		return target.Target{}, &web.Error{Code: http.StatusBadRequest, Reason: "content_length", Title: "The body is missing"}
	}
	if err := checkLoop(r.Header); err != nil {
		return target.Target{}, err
	}
	if h.opt.RefuseOddHeaders {
		for name := range r.Header {
			if scrub.Odd(name) {
				return target.Target{}, &web.Error{Code: http.StatusBadRequest, Reason: "header_name", Title: "Unusual header name",
					Public: "Header names may hold letters, digits and dashes only."}
			}
		}
	}
	t, err := target.Parse(rawTarget(r), h.host[0])
	if err != nil {
		return target.Target{}, badTarget(err)
	}
	return t, nil
}

// missingBody reports whether an HTTP/2 stream ended without the body that it announces (RFC 9113, 8.1.1). Such a request
// would reach the backend as one without a body.
func missingBody(r *http.Request) bool {
	if r.ProtoMajor < 2 || r.ContentLength != 0 {
		return false
	}
	announced := r.Header["Content-Length"]
	return len(announced) > 0 && announced[0] != "0"
}

// rawTarget is the request target as it stood on the wire. Handlers that are called without a server have only a URL.
func rawTarget(r *http.Request) string {
	if r.RequestURI != "" {
		return r.RequestURI
	}
	return r.URL.RequestURI()
}

func badTarget(err error) error {
	return &web.Error{Code: http.StatusBadRequest, Reason: "ambiguous_address", Title: "Ambiguous address", Err: err,
		Public: "This address can be understood in more than one way, so it was not passed on.",
		Links:  []web.Link{{Text: "Go to the start page", URL: "/"}}}
}

// maxMethod bounds a method in bytes; the longest registered one has 17.
const maxMethod = 32

// checkMethod refuses tunnels, methods that make a server show what it received, and spellings that only some servers
// take for the method.
func checkMethod(r *http.Request) error {
	switch r.Method {
	case http.MethodGet, http.MethodPost: // nearly all
		return nil
	case http.MethodConnect:
		if _, extended := r.Header[":protocol"]; extended {
			return &web.Error{Code: http.StatusNotImplemented, Reason: "extended_connect", Title: "Not supported",
				Public: "WebSockets are opened over HTTP/1.1 here."}
		}
		return methodNotAllowed()
	case http.MethodTrace, "TRACK":
		return methodNotAllowed()
	}
	if len(r.Method) > maxMethod || strings.ContainsFunc(r.Method, func(c rune) bool { return c != '-' && (c < 'A' || c > 'Z') }) {
		return &web.Error{Code: http.StatusBadRequest, Reason: "method", Title: "Unknown method"}
	}
	return nil
}

func methodNotAllowed() error {
	return &web.Error{Code: http.StatusMethodNotAllowed, Reason: "method", Title: "Method not allowed", Allow: "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"}
}

func isPreflight(r *http.Request) bool {
	return r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != ""
}
