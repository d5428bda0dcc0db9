package main

import (
	"fmt"
	"net"
	"net/http"
	"strings"

	"github.com/edgeauth/edgeauth/login"
	"github.com/edgeauth/edgeauth/web"
)

// sites are the public origins of a tree, by their hosts.
type sites struct {
	list   []site
	byHost map[string]site
	pages  *web.Pages
}

type site struct {
	host    string // as in the configuration, with port where it is not the scheme's own
	https   bool
	handler http.Handler
}

func newSites(t *tree, routes routeSet, p parts) (*sites, error) {
	s := &sites{byHost: map[string]site{}, pages: p.pages}
	for _, h := range t.cfg.Server.Hosts {
		handler, err := newSite(t, h, routes, p)
		if err != nil {
			return nil, fmt.Errorf("host %s: %w", h.Origin(), err)
		}
		one := site{host: h.URL.Host, https: h.URL.Scheme == "https", handler: handler}
		s.list = append(s.list, one)
		s.byHost[siteKey(h.URL.Host, h.URL.Scheme)] = one
	}
	return s, nil
}

// ServeHTTP sends a request to the site that its Host names, and answers 421 where none does: never the first site's
// pages under a stranger's name (RFC 9110, 7.4). A logout token is heard under any name, because identity providers
// often reach the edge by an internal one; the token itself says for whom it is, and no cookie is looked at.
func (s *sites) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if one, ok := s.byHost[siteKey(r.Host, "")]; ok {
		one.handler.ServeHTTP(w, r)
		return
	}
	if r.URL.EscapedPath() == login.Prefix+"backchannel-logout" && len(s.list) > 0 {
		s.list[0].handler.ServeHTTP(w, r)
		return
	}
	s.pages.Fail(w, r, &web.Error{
		Code: http.StatusMisdirectedRequest, Title: "Nothing is served under this name", Reason: "unknown_host",
		Public: "This address leads here, but no application is set up under it. If you typed it, check the spelling.",
	})
}

// secure reports whether a Host header names a public https origin.
func (s *sites) secure(host string) bool { return s.byHost[siteKey(host, "")].https }

// secureHosts are the hosts to which plain http is redirected.
func (s *sites) secureHosts() []string {
	var out []string
	for _, one := range s.list {
		if one.https {
			out = append(out, one.host)
		}
	}
	return out
}

// siteKey is a host without regard to case, a trailing dot and the port that a scheme implies. Of a request the scheme
// is not known; there both implied ports fall away.
func siteKey(host, scheme string) string {
	name, port, err := net.SplitHostPort(host)
	switch {
	case err != nil:
		name, port = host, ""
	case host[0] == '[': // brackets belong to the name: without them [::1:80] would be ::1 at port 80
		name = "[" + name + "]"
	}
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	if port == "" || port == "443" && scheme != "http" || port == "80" && scheme != "https" {
		return name
	}
	return name + ":" + port
}
