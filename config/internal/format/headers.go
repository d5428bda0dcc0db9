package format

import (
	"regexp"
	"slices"
	"strings"

	"github.com/edgeauth/edgeauth/config/internal/strict"
)

// headerToken is narrower than RFC 9110's token: a name with another character, the underscore above all, reads like a
// different header to some servers behind us.
var headerToken = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]{0,63}$`)

// headerName accepts a name that may carry an identity.
func headerName(text string) (string, *strict.Fault) {
	if !headerToken.MatchString(text) {
		return "", fault("must consist of letters, digits and hyphens (64 at most) and begin with a letter", "as in X-Auth-User")
	}
	if isProtocolHeader(FoldCGI(text)) {
		return "", fault("is a header that HTTP, proxies or browsers give a meaning to", "choose a name of its own, as in X-Auth-User")
	}
	return text, nil
}

// tokenHeader accepts a name that may carry an access token: besides those for identities, the one that is made for it and the one
// that other proxies use.
func tokenHeader(text string) (string, *strict.Fault) {
	switch FoldCGI(text) {
	case "AUTHORIZATION", "X_FORWARDED_ACCESS_TOKEN":
		return text, nil
	}
	return headerName(text)
}

// FoldCGI is the name under which CGI and its heirs (classic ASP, PHP, WSGI) show a header (RFC 3875, section 4.1.18),
// without HTTP_ in front.
func FoldCGI(name string) string { return strings.ToUpper(strings.ReplaceAll(name, "-", "_")) }

// isProtocolHeader reports whether a folded name is a hop-by-hop, framing, credential or routing header, which the proxy
// and the application would read as something else than an identity.
func isProtocolHeader(folded string) bool {
	for _, prefix := range []string{"CONTENT_", "PROXY_", "SEC_", "X_FORWARDED_", "ACCESS_CONTROL_", "ACCEPT_", "IF_"} {
		if strings.HasPrefix(folded, prefix) {
			return true
		}
	}
	return slices.Contains(protocolHeaders(), folded)
}

func protocolHeaders() []string {
	return []string{
		"ACCEPT", "ALT_SVC", "AUTHORIZATION", "CACHE_CONTROL", "CDN_LOOP", "CONNECTION", "COOKIE", "DATE", "EXPECT", "FORWARDED", "FROM",
		"HOST", "HTTP2_SETTINGS", "KEEP_ALIVE", "LOCATION", "MAX_FORWARDS", "ORIGIN", "PRAGMA", "PREFER", "PRIORITY", "RANGE",
		"REFERER", "SET_COOKIE", "TE", "TRACEPARENT", "TRACESTATE", "TRAILER", "TRANSFER_ENCODING", "UPGRADE",
		"UPGRADE_INSECURE_REQUESTS", "USER_AGENT", "VIA", "WWW_AUTHENTICATE", "X_HTTP_METHOD_OVERRIDE", "X_ORIGINAL_URL",
		"X_REAL_IP", "X_REQUEST_ID", "X_REWRITE_URL",
	}
}
