package main

import (
	"net"
	"net/http"
	"strings"

	"github.com/edgeauth/edgeauth/login"
	"github.com/edgeauth/edgeauth/web"
)

// byHost sends a request to the site that its Host names, and answers 421 where none does: never the first site's
// pages under a stranger's name (RFC 9110, 7.4). A logout token is heard under any name, because identity providers
// often reach the edge by an internal one; the token itself says for whom it is, and no cookie is looked at.
func byHost(sites map[string]http.Handler, any http.Handler, pages *web.Pages) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h, ok := sites[siteKey(r.Host, "")]; ok {
			h.ServeHTTP(w, r)
			return
		}
		if r.URL.EscapedPath() == login.Prefix+"backchannel-logout" && any != nil {
			any.ServeHTTP(w, r)
			return
		}
		pages.Fail(w, r, &web.Error{
			Code: http.StatusMisdirectedRequest, Title: "Nothing is served under this name", Reason: "unknown_host",
			Public: "This address leads here, but no application is set up under it. If you typed it, check the spelling.",
		})
	})
}

// siteKey is a host without regard to case, a trailing dot and the port that a scheme implies. Of a request the scheme
// is not known; there both implied ports fall away.
func siteKey(host, scheme string) string {
	name, port, err := net.SplitHostPort(host)
	if err != nil {
		name, port = host, ""
	}
	name = strings.ToLower(strings.TrimSuffix(strings.Trim(name, "[]"), "."))
	if port == "" || port == "443" && scheme != "http" || port == "80" && scheme != "https" {
		return name
	}
	return name + ":" + port
}
