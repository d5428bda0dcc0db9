package web_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/edgeauth/edgeauth/web"
)

// request makes a request with the given method and name, value pairs of header lines.
func request(method string, lines ...string) *http.Request {
	r := httptest.NewRequest(method, "http://app.corp.test/page", nil)
	for i := 0; i < len(lines); i += 2 {
		r.Header[lines[i]] = append(r.Header[lines[i]], lines[i+1]) // as the server keeps them, also :protocol
	}
	return r
}

const chromeAccept = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"

func TestCallersAreToldByTheFormOfTheirRequest(t *testing.T) {
	ws := []string{"Connection", "keep-alive, Upgrade", "Upgrade", "WebSocket"}
	for name, c := range map[string]struct {
		method   string
		lines    []string
		want     web.Caller
		redirect bool
	}{
		"a browser's page":                       {"GET", []string{"Sec-Fetch-Mode", "navigate", "Accept", chromeAccept}, web.Navigation, true},
		"a page by HEAD":                         {"HEAD", []string{"Sec-Fetch-Mode", "navigate"}, web.Navigation, true},
		"a page of an old browser":               {"GET", []string{"Accept", chromeAccept}, web.Navigation, true},
		"Accept in capitals":                     {"GET", []string{"Accept", "TEXT/HTML"}, web.Navigation, true},
		"Accept on a second line":                {"GET", []string{"Accept", "image/png", "Accept", "application/xhtml+xml;q=0.1"}, web.Navigation, true},
		"HTML refused by weight":                 {"GET", []string{"Accept", "text/html;q=0, */*"}, web.Program, false},
		"HTML refused by a longer zero":          {"GET", []string{"Accept", "text/html; level=1; Q=0.000"}, web.Program, false},
		"a weight that is none":                  {"GET", []string{"Accept", "text/html;q=x"}, web.Navigation, true},
		"curl":                                   {"GET", []string{"Accept", "*/*"}, web.Program, false},
		"any text":                               {"GET", []string{"Accept", "text/*"}, web.Program, false},
		"no Accept":                              {"GET", nil, web.Program, false},
		"JSON":                                   {"GET", []string{"Accept", "application/json, text/plain, */*"}, web.Program, false},
		"a type that begins like HTML":           {"GET", []string{"Accept", "text/html5"}, web.Program, false},
		"fetch that accepts HTML":                {"GET", []string{"Sec-Fetch-Mode", "cors", "Accept", chromeAccept}, web.Program, false},
		"an image":                               {"GET", []string{"Sec-Fetch-Mode", "no-cors", "Accept", "image/*"}, web.Program, false},
		"an empty fetch mode":                    {"GET", []string{"Sec-Fetch-Mode", "", "Accept", chromeAccept}, web.Program, false},
		"two fetch modes":                        {"GET", []string{"Sec-Fetch-Mode", "navigate", "Sec-Fetch-Mode", "cors", "Accept", chromeAccept}, web.Program, false},
		"a fetch mode in capitals":               {"GET", []string{"Sec-Fetch-Mode", "Navigate"}, web.Program, false},
		"XHR of jQuery":                          {"GET", []string{"X-Requested-With", "XMLHttpRequest", "Accept", "text/html, */*; q=0.01"}, web.Program, false},
		"XHR that claims to navigate":            {"GET", []string{"X-Requested-With", "x", "Sec-Fetch-Mode", "navigate"}, web.Program, false},
		"an XHR that posts":                      {"POST", []string{"X-Requested-With", "x", "Accept", chromeAccept}, web.Program, false},
		"a form":                                 {"POST", []string{"Sec-Fetch-Mode", "navigate", "Content-Type", "application/x-www-form-urlencoded"}, web.Navigation, false},
		"a form of an old browser":               {"POST", []string{"Accept", chromeAccept}, web.Navigation, false},
		"a post by fetch":                        {"POST", []string{"Sec-Fetch-Mode", "cors", "Accept", chromeAccept}, web.Program, false},
		"a PUT that claims to navigate":          {"PUT", []string{"Sec-Fetch-Mode", "navigate"}, web.Program, false},
		"a DELETE that accepts HTML":             {"DELETE", []string{"Accept", chromeAccept}, web.Program, false},
		"a method of one's own":                  {"NAVIGATE", []string{"Sec-Fetch-Mode", "navigate", "Accept", chromeAccept}, web.Program, false},
		"gRPC":                                   {"POST", []string{"Content-Type", "application/grpc"}, web.GRPC, false},
		"gRPC with a message format":             {"POST", []string{"Content-Type", "Application/GRPC+proto; x=y"}, web.GRPC, false},
		"gRPC-Web":                               {"POST", []string{"Content-Type", "application/grpc-web+proto"}, web.GRPC, false},
		"gRPC-Web as text":                       {"POST", []string{"Content-Type", "application/grpc-web-text"}, web.GRPC, false},
		"a type that begins like gRPC":           {"POST", []string{"Content-Type", "application/grpcx"}, web.Program, false},
		"a GET that claims to be gRPC":           {"GET", []string{"Content-Type", "application/grpc"}, web.Program, false},
		"a page that claims to be gRPC":          {"GET", []string{"Content-Type", "application/grpc", "Accept", chromeAccept}, web.Navigation, true},
		"two content types":                      {"POST", []string{"Content-Type", "text/plain", "Content-Type", "application/grpc"}, web.Program, false},
		"a WebSocket":                            {"GET", ws, web.WebSocket, false},
		"a WebSocket that claims to navigate":    {"GET", append([]string{"Sec-Fetch-Mode", "navigate", "Accept", chromeAccept}, ws...), web.WebSocket, false},
		"a WebSocket over HTTP/2":                {"CONNECT", []string{":protocol", "websocket"}, web.WebSocket, false},
		"another upgrade":                        {"GET", []string{"Connection", "Upgrade", "Upgrade", "h2c", "Accept", chromeAccept}, web.Navigation, true},
		"an upgrade nobody announced":            {"GET", []string{"Upgrade", "websocket"}, web.Program, false},
		"a tunnel":                               {"CONNECT", []string{"Accept", chromeAccept}, web.Program, false},
		"a preflight":                            {"OPTIONS", []string{"Access-Control-Request-Method", "PUT", "Origin", "https://a.test"}, web.Preflight, false},
		"a preflight that claims to navigate":    {"OPTIONS", []string{"Access-Control-Request-Method", "PUT", "Sec-Fetch-Mode", "navigate"}, web.Preflight, false},
		"a preflight that claims to be gRPC":     {"OPTIONS", []string{"Access-Control-Request-Method", "PUT", "Content-Type", "application/grpc"}, web.Preflight, false},
		"OPTIONS without a method":               {"OPTIONS", []string{"Accept", chromeAccept}, web.Program, false},
		"a GET with a preflight's field":         {"GET", []string{"Access-Control-Request-Method", "PUT", "Accept", chromeAccept}, web.Navigation, true},
		"ten thousand commas":                    {"GET", []string{"Accept", commas + "text/html"}, web.Navigation, true},
		"a fetch mode of five hundred kilobytes": {"GET", []string{"Sec-Fetch-Mode", commas}, web.Program, false},
	} {
		t.Run(name, func(t *testing.T) {
			r := request(c.method, c.lines...)
			if got := web.CallerOf(r); got != c.want {
				t.Errorf("CallerOf = %d, want %d", got, c.want)
			}
			if got := web.MayRedirect(r); got != c.redirect {
				t.Errorf("MayRedirect = %v, want %v", got, c.redirect)
			}
		})
	}
}
