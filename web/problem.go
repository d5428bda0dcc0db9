package web

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// problem answers with application/problem+json (RFC 9457). Its type is about:blank, so the title is the status's own
// text. login_url, step_up_url, error, request_id and reason are ours.
func problem(w http.ResponseWriter, r *http.Request, e *Error) {
	doc := struct {
		Title     string `json:"title"`
		Status    int    `json:"status"`
		Detail    string `json:"detail,omitempty"`
		Reason    string `json:"reason,omitempty"`
		LoginURL  string `json:"login_url,omitempty"`
		Error     string `json:"error,omitempty"`
		StepUpURL string `json:"step_up_url,omitempty"`
		RequestID string `json:"request_id"`
	}{Title: cmp.Or(http.StatusText(e.Code), e.Title), Status: e.Code, Detail: detail(e), Reason: e.Reason, LoginURL: e.LoginURL,
		RequestID: RecordOf(r.Context()).RequestID}
	if e.StepUp != nil {
		doc.Error, doc.StepUpURL = insufficient, e.StepUp.URL
	}
	body, err := json.Marshal(doc)
	if err != nil {
		body = []byte(`{"title":"Internal Server Error","status":500}`)
	}
	Harden(w.Header())
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(e.Code)
	_, _ = w.Write(append(body, '\n'))
}

// detail is what pages show as headline and text.
func detail(e *Error) string {
	switch {
	case e.Title == "":
		return e.Public
	case e.Public == "":
		return e.Title
	case strings.HasSuffix(e.Title, "?"):
		return e.Title + " " + e.Public
	}
	return e.Title + ". " + e.Public
}

func title(e *Error) string { return cmp.Or(e.Title, http.StatusText(e.Code), "Error") }

// grpcStatus answers a gRPC call with a trailers-only response: HTTP 200 and the status in the header (gRPC over
// HTTP/2, "Responses").
func grpcStatus(w http.ResponseWriter, r *http.Request, e *Error) {
	Harden(w.Header())
	h := w.Header()
	h.Set("Content-Type", grpcType(r))
	h.Set("Grpc-Status", fmt.Sprint(grpcCode(e.Code)))
	h.Set("Grpc-Message", url.PathEscape(title(e)+" (request "+RecordOf(r.Context()).RequestID+")"))
	w.WriteHeader(http.StatusOK)
}

// grpcCode maps an HTTP status as the gRPC documentation does ("HTTP to gRPC Status Code Mapping").
func grpcCode(status int) int {
	switch status {
	case http.StatusBadRequest:
		return 13 // INTERNAL
	case http.StatusUnauthorized:
		return 16 // UNAUTHENTICATED
	case http.StatusForbidden:
		return 7 // PERMISSION_DENIED
	case http.StatusNotFound:
		return 12 // UNIMPLEMENTED
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return 14 // UNAVAILABLE
	}
	return 2 // UNKNOWN
}
