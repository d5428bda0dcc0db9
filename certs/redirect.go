package certs

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// Redirect leads plain http to https. hosts are the https origins' host[:port]; of two that differ in the port alone
// the first is used. A GET or HEAD for one of them is answered with 301; any other method with 400, because its body
// has crossed the network in the clear and repeating it silently would hide that; any other host with 421. The
// Location is made from the configured name, never from the request's Host.
func Redirect(hosts []string) http.Handler {
	origins := make(map[string]string, len(hosts))
	for _, host := range hosts {
		name := hostname(host)
		if _, taken := origins[name]; !taken {
			origins[name] = "https://" + strings.ToLower(strings.TrimSuffix(host, ":443"))
		}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		origin, known := origins[hostname(r.Host)]
		switch {
		case !known:
			http.Error(w, "This name is not served here.", http.StatusMisdirectedRequest)
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			http.Error(w, "This address speaks https only. Nothing was done.", http.StatusBadRequest)
		case !strings.HasPrefix(r.URL.Path, "/"):
			http.Error(w, "The request target must be a path.", http.StatusBadRequest)
		default:
			w.Header().Set("Location", origin+target(r))
			w.WriteHeader(http.StatusMovedPermanently)
		}
	})
}

// target is the request's path and query as they were sent. It starts with a slash, so it cannot change the origin it
// is appended to.
func target(r *http.Request) string {
	path := r.URL.EscapedPath()
	if r.URL.RawQuery != "" {
		path += "?" + r.URL.RawQuery
	}
	return path
}

// hostname is host without its port and with small letters. An IPv6 address loses its brackets.
func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.Trim(host, "[]"))
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.String()
	}
	return host
}
