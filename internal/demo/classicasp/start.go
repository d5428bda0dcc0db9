package classicasp

import (
	"net"
	"testing"
)

// Start serves a new application on a free loopback port until the test ends and returns its base URL.
func Start(t testing.TB, rule Rule) (app *App, url string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("starting the ASP application: %v", err)
	}
	app = New(rule)
	done := make(chan error, 1)
	go func() { done <- app.Serve(l) }()
	t.Cleanup(func() {
		_ = l.Close()
		if err := <-done; err != nil {
			t.Errorf("serving the ASP application: %v", err)
		}
	})
	return app, "http://" + l.Addr().String()
}
