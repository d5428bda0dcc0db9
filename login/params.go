package login

import (
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"

	"github.com/edgeauth/edgeauth/web"
)

// maxForm bounds a query or a form in bytes. A state has 2 KB, a code rarely more, a logout token up to 8.
const maxForm = 64 << 10

// errParams is a query or form that is malformed, too long, or holds a name twice (RFC 6749, 3.1 forbids it).
var errParams = errors.New("parameters refused")

// parseOnce reads a query in which every name stands once.
func parseOnce(query string) (url.Values, error) {
	if len(query) > maxForm {
		return nil, fmt.Errorf("%w: %d bytes", errParams, len(query))
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", errParams, err)
	}
	for name, all := range values {
		if len(all) != 1 {
			return nil, fmt.Errorf("%w: %.40q stands %d times", errParams, name, len(all))
		}
	}
	return values, nil
}

// parseForm reads a form of at most maxForm bytes in which every name stands once. A larger one is an
// *http.MaxBytesError.
func parseForm(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return nil, fmt.Errorf("%w: it is no form", errParams)
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		return nil, fmt.Errorf("%w: %w", errParams, err)
	}
	return parseOnce(r.PostForm.Encode())
}

func badRequest(title, public, reason string, err error) error {
	return &web.Error{Code: http.StatusBadRequest, Title: title, Public: public, Reason: reason, Err: err,
		Links: []web.Link{{Text: "Go to the start page", URL: "/"}}}
}
