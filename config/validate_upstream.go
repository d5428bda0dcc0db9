package config

import (
	"cmp"
	"net"
	"net/url"
	"strings"

	"github.com/edgeauth/edgeauth/config/internal/format"
	"github.com/edgeauth/edgeauth/config/internal/strict"
)

func (v validator) upstreams() {
	for _, u := range v.Upstreams {
		path := strict.Key("upstreams", u.Name)
		if len(u.Addresses) > 1 {
			v.report(path+".addresses", "takes exactly one address for now", "")
		}
		for i, a := range u.Addresses {
			if a != nil {
				v.protocol(strict.Index(path+".addresses", i), path, u.Protocol, a.Scheme)
				v.circle(strict.Index(path+".addresses", i), a)
			}
		}
		v.identityHeaders(path, u)
	}
}

func (v validator) protocol(address, path string, p Protocol, scheme string) {
	switch {
	case p == ProtocolH2 && scheme == "http":
		v.report(address, "protocol h2 needs an https address", "HTTP/2 without TLS is h2c")
	case p == ProtocolH2C && scheme == "https":
		v.report(address, "protocol h2c needs an http address", "HTTP/2 over TLS is h2")
	}
}

// circle finds an upstream that is the edge itself: a request would go round, as it still can by another name of this
// machine; the proxy ends that after a few rounds (508).
func (v validator) circle(path string, a *url.URL) {
	port := cmp.Or(a.Port(), map[string]string{"http": "80", "https": "443"}[a.Scheme])
	for key, listen := range map[string]string{"server.listen": v.Server.Listen, "server.http_listen": v.Server.HTTPListen} {
		if reaches(a.Hostname(), port, listen) {
			v.report(path, "is edgeauth itself: requests would go round in a circle", cmp.Or(v.unsaid(key, listen), key+" is "+listen))
			return
		}
	}
	for _, h := range v.Server.Hosts {
		if h.URL != nil && h.URL.Scheme == a.Scheme && strings.EqualFold(h.URL.Host, a.Host) {
			v.warn(path, "is one of server.hosts", "if this name leads to edgeauth here too, requests go round in a circle: write the application's own address")
			return
		}
	}
}

// reaches reports whether a host and port lead to a listener of this machine, as far as their texts tell.
func reaches(host, port, listen string) bool {
	at, on, err := net.SplitHostPort(listen)
	switch {
	case err != nil || on != port || on == "0":
		return false
	case everyAddress(at):
		return format.IsLoopback(host) || everyAddress(host)
	}
	return strings.EqualFold(host, at) || host == "localhost" && format.IsLoopback(at)
}

// identityHeaders refuses two headers that the application could not tell apart.
func (v validator) identityHeaders(path string, u Upstream) {
	headers := path + ".headers"
	h := u.Headers
	keys := []string{headers + ".user", headers + ".email", headers + ".name", headers + ".groups", headers + ".acr",
		headers + ".level", headers + ".session", path + ".assertion.header", path + ".access_token.header"}
	names := []string{h.User, h.Email, h.Name, h.Groups, h.ACR, h.Level, h.Session, u.Assertion.Header, u.AccessToken.Header}
	first := map[string]string{}
	for i, name := range names {
		folded := format.FoldCGI(name)
		other, taken := first[folded]
		switch {
		case name == "":
		case !taken:
			first[folded] = keys[i]
		default:
			v.collision(path, keys[i], other)
		}
	}
}

// collision is reported where the file has one of the two, rather than at a default.
func (v validator) collision(path, key, other string) {
	if !v.r.Given(key) {
		key, other = other, key
	}
	v.report(key, "is the same header as "+other[len(path)+1:], "give each its own name, or the empty one")
}
