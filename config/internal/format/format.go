// Package format owns the written forms of values: addresses, URLs, header names, paths, names. It decides on one text at
// a time, does no I/O and knows nothing of where in the configuration the text stands. No message repeats the text, which
// could come from a secret.
package format

import (
	"regexp"
	"strings"

	"github.com/edgeauth/edgeauth/config/internal/strict"
	"github.com/edgeauth/edgeauth/identity"
)

var (
	namePattern  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$`)
	edgeName     = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$`)
	routeName    = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9 ._/*-]{0,127}$`)
	scopePattern = regexp.MustCompile(`^[\x21\x23-\x5b\x5d-\x7e]+$`) // RFC 6749, appendix A.4
	schemeToken  = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]{0,31}$`)
	methodToken  = regexp.MustCompile(`^[A-Z][A-Z-]{0,31}$`)
	emailPattern = regexp.MustCompile(`^(\*|[^\s@*"<>]+)@[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$`)
)

// All are the formats by the name that stands in the format tag.
func All() map[string]strict.Format {
	return map[string]strict.Format{
		"edge":         matching(edgeName, "must consist of letters, digits, - _ and . (63 at most) and begin with a letter or digit", "as in edge-1 or ${HOSTNAME}"),
		"name":         matching(namePattern, "must consist of letters, digits, - and _ (63 at most) and begin with a letter or digit", ""),
		"routename":    matching(routeName, "must consist of letters, digits, spaces and . _ / * - and begin with a letter or digit", ""),
		"scope":        matching(scopePattern, "is no scope: printable ASCII without spaces, quotes and backslashes", "write several scopes as a list"),
		"acr":          matching(scopePattern, "must be printable ASCII without spaces, quotes and backslashes", "write several as a list"),
		"level":        level,
		"class":        matching(namePattern, "must consist of letters, digits, - and _ (63 at most) and begin with a letter or digit", ""),
		"method":       method,
		"email":        email,
		"emailpattern": emailOrDomain,
		"listen":       listen,
		"hostport":     hostPort,
		"certname":     matching(certName, "must be a certificate's name with its kind: cn:, dns:, email: or uri:", "as in cn:ops or dns:ops.example.com; dns names in small letters"),
		"origin":       origin,
		"pageorigin":   pageOrigin,
		"host":         hostName,
		"issuer":       issuer,
		"https":        secureURL,
		"http":         plainURL,
		"webhook":      webhookURL,
		"address":      address,
		"header":       headerName,
		"tokenheader":  tokenHeader,
		"scheme":       matching(schemeToken, "must consist of letters, digits and hyphens (32 at most) and begin with a letter", "as in Bearer"),
		"routepath":    routePath,
		"prefix":       pathPrefix,
	}
}

func fault(message, hint string) *strict.Fault { return &strict.Fault{Message: message, Hint: hint} }

func matching(re *regexp.Regexp, message, hint string) strict.Format {
	return func(text string) (string, *strict.Fault) {
		if re.MatchString(text) {
			return text, nil
		}
		return "", fault(message, hint)
	}
}

// level accepts the names that levels can have.
func level(text string) (string, *strict.Fault) {
	if !identity.Level(text).IsName() {
		return "", fault("must consist of lower-case letters, digits, - and _ (32 at most) and begin with a letter", "")
	}
	return text, nil
}

// method accepts what can be routed. CONNECT and TRACE are never forwarded (RFC 9110, sections 9.3.6 and 9.3.8).
func method(text string) (string, *strict.Fault) {
	switch {
	case text == "CONNECT", text == "TRACE":
		return "", fault("is a method that is never forwarded", "")
	case methodToken.MatchString(text):
		return text, nil
	}
	return "", fault("must be an HTTP method in capital letters", "as in [GET, POST]")
}

func email(text string) (string, *strict.Fault) {
	if !emailPattern.MatchString(text) || strings.HasPrefix(text, "*") {
		return "", fault("must be an email address", "")
	}
	return text, nil
}

// emailOrDomain keeps the address as written; how letters compare is for who uses it.
func emailOrDomain(text string) (string, *strict.Fault) {
	if !emailPattern.MatchString(text) {
		return "", fault("must be an email address, or *@ and a domain", `as in "*@example.org"`)
	}
	return text, nil
}
