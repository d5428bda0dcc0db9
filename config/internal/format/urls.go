package format

import (
	"net/netip"
	"net/url"
	"strings"

	"github.com/edgeauth/edgeauth/config/internal/strict"
)

// bareURL parses an http or https URL of scheme, host and port only and returns it in the form of RFC 6454, section 4:
// lower case, without the default port and a final slash.
func bareURL(text string) (*url.URL, *strict.Fault) {
	u, flt := webURL(text)
	if flt != nil {
		return nil, flt
	}
	if u.Path != "" && u.Path != "/" || strings.ContainsAny(text, "?#") {
		return nil, fault("must have no path, query or fragment", "write scheme, host and port only, as in https://app.example.com")
	}
	u.Path = ""
	return u, nil
}

// webURL parses an absolute http or https URL and writes scheme, host and port in one form.
func webURL(text string) (*url.URL, *strict.Fault) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return nil, fault("must be a URL with scheme and host", "as in https://app.example.com")
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return nil, fault("must begin with https:// or http://", "")
	}
	if u.User != nil {
		return nil, fault("must not contain a user name or password", "")
	}
	host := strings.ToLower(u.Hostname())
	port := u.Port()
	if !isHost(host) || strings.HasSuffix(u.Host, ":") || port != "" && !isPort(port, 1) {
		return nil, fault("must have a valid host and port", "names in other scripts than ASCII are written in their xn-- form")
	}
	u.Host = joinHost(host, port, u.Scheme)
	return u, nil
}

func joinHost(host, port, scheme string) string {
	if a, err := netip.ParseAddr(host); err == nil {
		host = a.String()
		if a.Is6() {
			host = "[" + host + "]"
		}
	}
	if port == "" || scheme == "http" && port == "80" || scheme == "https" && port == "443" {
		return host
	}
	return host + ":" + port
}

func origin(text string) (string, *strict.Fault) {
	u, flt := bareURL(text)
	if flt != nil {
		return "", flt
	}
	return u.String(), nil
}

// pageOrigin also accepts the word none, for requests that name no page.
func pageOrigin(text string) (string, *strict.Fault) {
	if text == "none" {
		return text, nil
	}
	return origin(text)
}

// address accepts an upstream's address, which is kept with its port as given.
func address(text string) (string, *strict.Fault) { return origin(text) }

// issuer accepts an issuer identifier (OpenID Connect Core 1.0, section 2) and keeps it exactly as it is written,
// because tokens are compared with it character by character.
func issuer(text string) (string, *strict.Fault) {
	u, flt := webURL(text)
	if flt != nil {
		return "", flt
	}
	if strings.ContainsAny(text, "?#") {
		return "", fault("must have no query or fragment", "")
	}
	if strings.Contains(u.Path, "/.well-known/") {
		return "", fault("must be the issuer, not the address of its discovery document", "leave out /.well-known/openid-configuration")
	}
	if u.Scheme == "http" && !IsLoopback(u.Hostname()) {
		return "", fault("must be https, because the host is not loopback", "if only edgeauth reaches the provider by plain http, set back_channel_url to that address")
	}
	return text, nil
}

// secureURL accepts an https URL; http only on loopback.
func secureURL(text string) (string, *strict.Fault) {
	u, flt := webURL(text)
	if flt != nil {
		return "", flt
	}
	if u.Scheme == "http" && !IsLoopback(u.Hostname()) {
		return "", fault("must be https, because the host is not loopback", "")
	}
	return u.String(), nil
}

// plainURL accepts an http or https URL without query and fragment.
func plainURL(text string) (string, *strict.Fault) {
	u, flt := webURL(text)
	if flt != nil {
		return "", flt
	}
	if strings.ContainsAny(text, "?#") {
		return "", fault("must have no query or fragment", "")
	}
	return u.String(), nil
}

// webhookURL accepts an http or https URL with any path and query.
func webhookURL(text string) (string, *strict.Fault) {
	if text == "" {
		return "", nil
	}
	u, flt := webURL(text)
	if flt != nil {
		return "", flt
	}
	if strings.Contains(text, "#") {
		return "", fault("must have no fragment", "")
	}
	return u.String(), nil
}
