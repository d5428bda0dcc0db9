package format

import (
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/edgeauth/edgeauth/config/internal/strict"
)

// dnsName is a host name of letters, digits and hyphens (RFC 1123); names in other scripts are written as xn--.
var dnsName = regexp.MustCompile(`^([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?)(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?)*$`)

// numericLabel ends what some resolvers read as an IPv4 address (WHATWG URL, section 3.5).
var numericLabel = regexp.MustCompile(`^([0-9]+|0x[0-9a-f]*)$`)

// listen accepts an address to listen on: host:port, the host an address, localhost or empty.
func listen(text string) (string, *strict.Fault) {
	if isPort(text, 0) {
		return "", fault("must be an address with a port", `a port alone begins with a colon and stands in quotes: ":443"`)
	}
	host, port, err := net.SplitHostPort(text)
	if err != nil || !isPort(port, 0) {
		return "", fault("must be an address with a port", "as in :443, 127.0.0.1:9090 or [::1]:9090")
	}
	if host != "" && !isHost(strings.ToLower(host)) {
		return "", fault("must begin with an address of this machine, or with the colon", "as in :443 or 127.0.0.1:9090")
	}
	return text, nil
}

// hostPort accepts host:port to connect to.
func hostPort(text string) (string, *strict.Fault) {
	host, port, err := net.SplitHostPort(text)
	if err != nil || !isPort(port, 1) || !isHost(strings.ToLower(host)) {
		return "", fault("must be host:port", "as in redis.example.com:6379 or [::1]:6379")
	}
	return text, nil
}

func isPort(text string, least uint64) bool {
	n, err := strconv.ParseUint(text, 10, 16)
	return err == nil && n >= least && strconv.FormatUint(n, 10) == text
}

// isHost reports whether a text in lower case is an IP address or a host name. What looks like an address but is none
// (10.0.0.256, 0x7f.1) is no name either: resolvers disagree on what it means (RFC 3696, section 2).
func isHost(host string) bool {
	if a, err := netip.ParseAddr(host); err == nil {
		return a.Zone() == ""
	}
	last := host[strings.LastIndexByte(host, '.')+1:]
	return len(host) <= 253 && dnsName.MatchString(host) && !numericLabel.MatchString(last)
}

// hostName accepts host or host:port as they stand in a public origin.
func hostName(text string) (string, *strict.Fault) {
	if strings.Contains(text, "/") {
		return "", fault("must be a host without scheme and path", "as in app.example.com")
	}
	lower := strings.ToLower(text)
	u, err := url.Parse("//" + lower)
	if err != nil || u.Host != lower || !isHost(u.Hostname()) || u.Port() != "" && !isPort(u.Port(), 1) {
		return "", fault("must be a host, with its port where it has one", "as in app.example.com or 127.0.0.1:8080")
	}
	return joinHost(u.Hostname(), u.Port(), ""), nil
}
