package format

import (
	"net/netip"
	"strings"
)

// IsLoopback reports whether a host name or address, without port and brackets, can only mean this machine. Names are
// not looked up: localhost is the one name that RFC 6761 (section 6.3) keeps for loopback.
func IsLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}
