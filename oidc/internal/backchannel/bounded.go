package backchannel

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
)

// bounded reads each answer whole, within limit and Timeout, before anyone else sees it. So every failure of the
// network is known here, with its cause, and none comes up later as a strange parse error.
type bounded struct {
	base  http.RoundTripper
	limit int64
}

// RoundTrip implements http.RoundTripper.
func (b *bounded) RoundTrip(request *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(request.Context(), Timeout)
	defer cancel()
	response, err := b.base.RoundTrip(request.WithContext(ctx))
	if err != nil {
		return nil, unreachable(err)
	}
	defer response.Body.Close()
	if response.StatusCode >= 500 || response.StatusCode == http.StatusTooManyRequests {
		return nil, fmt.Errorf("%w: status %d", ErrUnavailable, response.StatusCode)
	}
	if response.StatusCode >= 300 && response.StatusCode < 400 {
		return nil, fmt.Errorf("%w (status %d)", ErrRedirect, response.StatusCode)
	}
	if encoding := response.Header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		return nil, fmt.Errorf("%w (%.20q)", ErrEncoding, encoding)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, b.limit+1))
	if err != nil {
		return nil, unreachable(err)
	}
	if int64(len(body)) > b.limit {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrTooLarge, b.limit)
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	return response, nil
}

func unreachable(err error) error {
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return fmt.Errorf("%w: %w", ErrCertificate, err)
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, err)
}

// StatusError is an answer with a status other than 200 that says nothing about reachability.
type StatusError struct{ Status int }

// Error implements error.
func (e *StatusError) Error() string {
	return fmt.Sprintf("the provider answered with status %d", e.Status)
}

func read(response *http.Response) (Answer, error) {
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return Answer{}, &StatusError{Status: response.StatusCode}
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return Answer{}, fmt.Errorf("reading answer: %w", err)
	}
	return Answer{ContentType: MediaType(response.Header), Body: body}, nil
}

// MediaType is the content type in lower case without parameters, or empty.
func MediaType(header http.Header) string {
	mediaType, _, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return mediaType
}
