package main

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/admin/api"
	"github.com/edgeauth/edgeauth/config"
)

// The API of the control socket is made for the first who asks, which may be when its configuration is being replaced.
func TestAStreamOfAConfigurationThatIsOverEndsAtOnceWhoeverAsksForItFirst(t *testing.T) {
	p, err := checkOnly()
	if err != nil {
		t.Fatal(err)
	}
	p.governed.hub = api.NewHub()
	g, err := newGovernance(&config.Config{}, &tree{}, p)
	if err != nil {
		t.Fatal(err)
	}
	g.end()
	a, err := g.api()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	w := httptest.NewRecorder()
	a.Handler(owner).ServeHTTP(w, httptest.NewRequestWithContext(ctx, "GET", "/v1/events", nil))
	if !strings.Contains(w.Body.String(), "begin again") || ctx.Err() != nil {
		t.Errorf("%v: %d %s", ctx.Err(), w.Code, w.Body)
	}
}
