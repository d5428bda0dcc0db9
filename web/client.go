package web

import (
	"errors"
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
// peer is trusted. A part of X-Forwarded-For that is no address ends the search at the last trusted hop. No other field
// is looked at. The zero Addr means that the peer's own address could not be read.
func (c *Clients) Of(r *http.Request) netip.Addr {
	client := peerOf(r)
	for _, line := range slices.Backward(r.Header["X-Forwarded-For"]) {
		for more := true; more; {
			if !c.Trusted(client) {
				return client
			}
			var hop string
			line, hop, more = cutLast(line)
			addr, err := parseHop(strings.TrimSpace(hop))
			if err != nil {
				return client
			}
			client = addr
		}
	}
	return client
}

// cutLast cuts the last part off a comma-separated list, so that a long list is read only as far as it is needed.
func cutLast(list string) (rest, last string, more bool) {
	i := strings.LastIndexByte(list, ',')
	return list[:max(i, 0)], list[i+1:], i >= 0
}

// FromTrusted reports whether the request's peer is a trusted proxy.
func (c *Clients) FromTrusted(r *http.Request) bool { return c.Trusted(peerOf(r)) }

// Trusted reports whether an address is a trusted proxy's. IPv4-mapped addresses count as IPv4.
func (c *Clients) Trusted(a netip.Addr) bool {
	a = plain(a)
	return a.IsValid() && slices.ContainsFunc(c.trusted, func(p netip.Prefix) bool { return p.Contains(a) })
}

func peerOf(r *http.Request) netip.Addr {
	ap, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return plain(ap.Addr())
}

// parseHop reads an address with or without port, as proxies write them. Only an IPv6 address may have brackets.
func parseHop(s string) (netip.Addr, error) {
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return plain(ap.Addr()), nil
	}
	inner, opened := strings.CutPrefix(s, "[")
	inner, closed := strings.CutSuffix(inner, "]")
	a, err := netip.ParseAddr(inner)
	if err == nil && (opened != closed || opened && a.Is4()) {
		err = errors.New("brackets around what is no IPv6 address")
	}
	return plain(a), err
}

// plain is the form in which addresses are compared: without zone, and IPv4 where it was mapped.
func plain(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }
