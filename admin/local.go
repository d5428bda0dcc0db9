package admin

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// local refuses requests that reached a loopback address under a name that is not this machine's own: a page of another site whose
// name was made to lead here (DNS rebinding) could read the answers otherwise. A browser always says by which name it came. What
// arrives at another address was let through by whoever configured that.
func local(own string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if arrivedOnLoopback(r) && !isOwn(r.Host, own) {
			http.Error(w, "This address answers to localhost, to IP addresses and to the host in admin.listen alone.", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func arrivedOnLoopback(r *http.Request) bool {
	addr, _ := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	return addr != nil && addr.IP.IsLoopback()
}

// isOwn reports whether a Host header cannot be another site's.
func isOwn(header, own string) bool {
	host, _, err := net.SplitHostPort(header)
	if err != nil {
		host = strings.Trim(header, "[]")
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	return host == "" || host == "localhost" || strings.HasSuffix(host, ".localhost") || host == strings.ToLower(own)
}
