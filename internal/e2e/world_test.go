package e2e_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/edgeauth/edgeauth/internal/demo"
	"github.com/edgeauth/edgeauth/internal/edgetest"
	"github.com/edgeauth/edgeauth/internal/idp"
	"github.com/edgeauth/edgeauth/internal/idp/idptest"
)

// clientSecret is what the edges and the provider share.
const clientSecret = "client-secret-of-the-tests"

// world is a provider that logs people in at once, and two applications.
type world struct {
	idp       *idp.Server
	page      string
	api       string
	provider  string // further keys of it, each after a comma
	upstreams string // further ones, each line indented by two spaces and ended
	routes    string // further ones, before all others, likewise
}

func newWorld(t *testing.T, opts ...func(*idp.Options)) *world {
	t.Helper()
	w := &world{idp: idptest.Start(t, opts...)}
	w.idp.SetIssuer(strings.Replace(w.idp.Issuer(), "127.0.0.1", "localhost", 1)) // cookies do not tell ports apart
	w.idp.AutoLogin("alice")
	w.page, w.api = startApps(t)
	return w
}

// startApps runs the two sample applications and returns their origins.
func startApps(t *testing.T) (pageURL, apiURL string) {
	t.Helper()
	page, err := demo.Page()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	start := func(h http.Handler) string {
		s := httptest.NewUnstartedServer(h)
		s.Config.BaseContext = func(net.Listener) context.Context { return ctx }
		s.Start()
		t.Cleanup(s.Close)
		return s.URL
	}
	pageURL, apiURL = start(page), start(demo.API())
	t.Cleanup(cancel) // runs first: streams must end before their server can
	return pageURL, apiURL
}

// client registers edges as one client of the provider.
func (w *world) client(addrs ...string) {
	c := idp.Client{ID: "edgeauth", Secret: clientSecret}
	for _, a := range addrs {
		c.RedirectURIs = append(c.RedirectURIs, "http://"+a+"/.edgeauth/callback")
		c.PostLogoutURIs = append(c.PostLogoutURIs, "http://"+a+"/.edgeauth/logged-out")
	}
	if len(addrs) > 0 {
		c.BackchannelLogoutURI = "http://" + addrs[0] + "/.edgeauth/backchannel-logout"
	}
	w.idp.SetClient(c)
}

// config is what an edge in front of the world is configured with, from `providers:` on.
func (w *world) config(further string) string {
	return fmt.Sprintf(`providers:
  corp: {issuer: %q, client_id: edgeauth, client_secret: %s%s}
upstreams:
  page: {addresses: [%q], assertion: {enabled: true}}
  api: {addresses: [%q]}
%sroutes:
%s  - {path: /public, upstream: page, public: true}
  - {path: /admin, upstream: page, groups: [admin]}
  - {path: /api, upstream: api}
  - {path: /, upstream: page}
%s`, w.idp.Issuer(), clientSecret, w.provider, w.page, w.api, w.upstreams, w.routes, further)
}

// start runs one edge in front of the world.
func (w *world) start(t *testing.T, further string, env ...string) *edgetest.Edge {
	t.Helper()
	addr := edgetest.Addr(t)
	w.client(addr)
	return edgetest.Start(t, addr, w.config(further), env...)
}
