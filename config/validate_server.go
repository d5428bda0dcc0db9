package config

import (
	"fmt"
	"net"
	"net/netip"

	"github.com/edgeauth/edgeauth/config/internal/format"
	"github.com/edgeauth/edgeauth/config/internal/strict"
)

func (v validator) server() {
	var origins []string
	for i, h := range v.Server.Hosts {
		path := strict.Index("server.hosts", i)
		v.reference(path+".provider", h.Provider, "provider", v.providerNames)
		if h.URL == nil {
			origins = append(origins, fmt.Sprint("missing ", i))
			continue
		}
		// Two schemes of one host would share one cookie jar, and one name in routes.
		origins = append(origins, h.URL.Host)
		v.hostScheme(path+".url", h)
		v.hostPort(path+".url", h)
	}
	unique(origins, func(i int) {
		v.report(strict.Index("server.hosts", i)+".url", "this host is listed twice", "")
	})
	v.tls()
	v.proxies()
	v.listeners()
}

// hostScheme refuses origins that browsers could not log in to: away from loopback our cookies are Secure.
func (v validator) hostScheme(path string, h Host) {
	switch {
	case h.URL.Scheme == "https" && v.Server.TLS.Mode == TLSOff && !v.Server.TLSInFront:
		v.report(path, "is https, but nothing ends TLS",
			"set server.tls.mode to files or acme, or server.tls_in_front to true where something in front of edgeauth does")
	case h.URL.Scheme == "http" && h.PlainLoopback() && v.Server.TLS.Mode != TLSOff:
		v.report(path, "is http, but edgeauth speaks TLS here", "write https://, or set server.tls.mode to off")
	case h.URL.Scheme == "http" && !h.PlainLoopback() && !v.Server.TLSInFront:
		v.report(path, "must be https, because the host is not loopback",
			"session cookies need TLS: set server.tls.mode, or server.tls_in_front to true where something in front of edgeauth ends TLS")
	case h.URL.Scheme == "http" && !h.PlainLoopback():
		v.warn(path, "is http, though TLS ends in front of edgeauth", "write the address as browsers see it, with https://")
	}
}

// hostPort warns of a loopback address where nobody may be listening. Port 0 is a port that nobody knows yet.
func (v validator) hostPort(path string, h Host) {
	_, port, err := net.SplitHostPort(v.Server.Listen)
	if err != nil || port == "0" || !v.Server.direct() || !h.PlainLoopback() || h.port() == port {
		return
	}
	v.warn(path, "is port "+h.port()+", but server.listen is port "+port, "use one port for both, unless something leads from the one to the other")
}

func (v validator) tls() {
	t := v.Server.TLS
	switch {
	case t.Mode == TLSFiles && len(t.Certificates) == 0:
		v.report("server.tls.certificates", "mode is files, but no certificate is listed", "add an element with cert_file and key_file")
	case t.Mode == TLSACME && !t.ACME.AcceptTerms:
		v.report("server.tls.acme.accept_terms", "mode is acme, so this must be true",
			"read the terms of the certificate authority, then set it")
	case t.Mode == TLSACME && t.ACME.Email == "":
		v.warn("server.tls.acme.email", "without it the certificate authority cannot reach you", "")
	}
	if t.Mode != TLSFiles && len(t.Certificates) > 0 {
		v.warn("server.tls.certificates", "not used, because mode is "+string(t.Mode), "")
	}
	if t.Mode == TLSOff && v.Server.HTTPListen != "" {
		v.report("server.http_listen", "there is nothing to redirect to, because server.tls.mode is off", "use server.listen alone")
	}
}

func (v validator) proxies() {
	if v.Server.TLSInFront && len(v.Server.TrustedProxies) == 0 {
		v.warn("server.tls_in_front", "without server.trusted_proxies every client has the address of what stands in front",
			"list its address there")
	}
	for i, p := range v.Server.TrustedProxies {
		if p.IsValid() && p.Bits() == 0 {
			v.warn(strict.Index("server.trusted_proxies", i), "trusts everyone: any client can claim any address", "list your proxies only")
		}
	}
}

// listeners reports two listeners on one address.
func (v validator) listeners() {
	paths := []string{"server.listen", "server.http_listen", "admin.listen", "admin.api.listen"}
	addresses := []string{v.Server.Listen, v.Server.HTTPListen, v.Admin.Listen, v.Admin.API.Listen}
	for i, a := range addresses {
		for j := range i {
			if collide(a, addresses[j]) {
				v.report(paths[i], "takes the same address and port as "+paths[j], v.unsaid(paths[j], addresses[j]))
			}
		}
	}
}

// unsaid tells an address that the file does not give.
func (v validator) unsaid(path, address string) string {
	if v.r.Given(path) {
		return ""
	}
	return path + " is not set, so it is " + address
}

func collide(a, b string) bool {
	hostA, portA, errA := net.SplitHostPort(a)
	hostB, portB, errB := net.SplitHostPort(b)
	if errA != nil || errB != nil || portA != portB || portA == "0" {
		return false
	}
	return hostA == hostB || everyAddress(hostA) || everyAddress(hostB)
}

func everyAddress(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "" || err == nil && a.IsUnspecified()
}

func (v validator) admin() {
	host, _, err := net.SplitHostPort(v.Admin.Listen)
	if err == nil && !format.IsLoopback(host) {
		v.warn("admin.listen", "is not loopback: whoever reaches it reads health and metrics", "keep it in a network of your own")
	}
}
