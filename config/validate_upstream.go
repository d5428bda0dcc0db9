package config

import (
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

// identityHeaders refuses two headers that the application could not tell apart.
func (v validator) identityHeaders(path string, u Upstream) {
	headers := path + ".headers"
	h := u.Headers
	keys := []string{headers + ".user", headers + ".email", headers + ".name", headers + ".groups", headers + ".acr",
		headers + ".level", headers + ".session", path + ".assertion.header"}
	names := []string{h.User, h.Email, h.Name, h.Groups, h.ACR, h.Level, h.Session, u.Assertion.Header}
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
