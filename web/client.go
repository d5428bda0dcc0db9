package web

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Clients finds the address of the client behind trusted proxies. The zero value trusts none.
type Clients struct{ trusted []netip.Prefix }

// NewClients trusts the proxies in the prefixes. IPv4-mapped prefixes count as IPv4.
func NewClients(trusted []netip.Prefix) *Clients {
	c := &Clients{}
	for _, p := range trusted {
		if a := p.Addr(); a.Is4In6() && p.Bits() >= 96 {
			p = netip.PrefixFrom(a.Unmap(), p.Bits()-96)
		}
		c.trusted = append(c.trusted, p.Masked())
	}
	return c
}

// Of returns the right-most address of the forwarding chain that is no trusted proxy: the peer itself, unless the
// peer is trusted. A part of X-Forwarded-For that is no address ends the search at the last trusted hop. The zero Addr
// means that the peer's own address could not be read.
func (c *Clients) Of(r *http.Request) netip.Addr {
	peer := peerOf(r)
	if !c.Trusted(peer) {
		return peer
	}
	client := peer
	chain := strings.Split(strings.Join(r.Header["X-Forwarded-For"], ","), ",")
	for _, hop := range slices.Backward(chain) {
		addr, err := parseHop(strings.TrimSpace(hop))
		if err != nil {
			return client
		}
		client = addr
		if !c.Trusted(addr) {
			return client
		}
	}
	return client
}

// FromTrusted reports whether the request's peer is a trusted proxy.
func (c *Clients) FromTrusted(r *http.Request) bool { return c.Trusted(peerOf(r)) }

// Trusted reports whether an address is a trusted proxy's. IPv4-mapped addresses count as IPv4.
func (c *Clients) Trusted(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	return a.IsValid() && slices.ContainsFunc(c.trusted, func(p netip.Prefix) bool { return p.Contains(a) })
}

func peerOf(r *http.Request) netip.Addr {
	ap, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return ap.Addr().Unmap().WithZone("")
}

// parseHop reads an address with or without port, as proxies write them.
func parseHop(s string) (netip.Addr, error) {
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return ap.Addr().Unmap().WithZone(""), nil
	}
	a, err := netip.ParseAddr(strings.Trim(s, "[]"))
	return a.Unmap().WithZone(""), err
}
