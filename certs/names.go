package certs

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// dnsNames lowers the letters of names and drops repetitions. An IP address passes: a certificate file may name one.
func dnsNames(names []string) ([]string, error) {
	out := make([]string, 0, len(names))
	for _, name := range names {
		host := strings.ToLower(name)
		if _, err := netip.ParseAddr(host); err != nil && !isDNSName(host) {
			return nil, fmt.Errorf("host %q is no DNS name: write it without scheme, port and trailing dot, "+
				"and other letters than a-z in their xn-- form", name)
		}
		if !slices.Contains(out, host) {
			out = append(out, host)
		}
	}
	return out, nil
}

// isDNSName reports whether host is a lower-case host name of letters, digits and hyphens (RFC 1123, 2.1). Underscores
// pass too: some private networks have them.
func isDNSName(host string) bool {
	if host == "" || len(host) > 253 {
		return false
	}
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		if strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return false
		}
	}
	return true
}
