package classicasp

import (
	"net/url"
	"regexp"
	"strings"
)

// cookieless matches a /(S(x))/ segment: HttpContext.Init removes it wherever it stands (CVE-2023-36899).
var cookieless = regexp.MustCompile(`/(?:\([A-Z]\([^/()]*\)(?:[A-Z]\([^/()]*\))*\))(/|$)`)

// IISPath is what IIS and ASP.NET make of a request target's path: decoded once, backslashes turned, dot segments
// resolved, slashes collapsed, cookieless segments removed, dots and spaces at the end of a segment and streams dropped,
// lower case, without a slash at the end. It is a reference for tests, generous where the real ones differ.
func IISPath(target string) string {
	path, _, _ := strings.Cut(target, "?")
	if u, err := url.Parse(path); err == nil && u.IsAbs() {
		path = u.EscapedPath()
	}
	path = strings.ToLower(resolve(withoutCookieless(strings.ReplaceAll(decodeOnce(path), `\`, "/"))))
	return path
}

// decodeOnce decodes %XX and leaves what is no escape.
func decodeOnce(s string) string {
	var b strings.Builder
	for len(s) > 0 {
		if len(s) >= 3 && s[0] == '%' {
			if c, err := url.PathUnescape(s[:3]); err == nil {
				b.WriteString(c)
				s = s[3:]
				continue
			}
		}
		b.WriteByte(s[0])
		s = s[1:]
	}
	return b.String()
}

func withoutCookieless(path string) string {
	for cookieless.MatchString(path) {
		path = cookieless.ReplaceAllString(path, "$1")
	}
	return path
}

// resolve collapses slashes and dot segments after each segment was trimmed as Win32 does.
func resolve(path string) string {
	var out []string
	for segment := range strings.SplitSeq(path, "/") {
		if segment == ".." {
			out = out[:max(len(out)-1, 0)]
			continue
		}
		segment, _, _ = strings.Cut(segment, ":")
		if segment = strings.TrimRight(segment, ". "); segment != "" {
			out = append(out, segment)
		}
	}
	return "/" + strings.Join(out, "/")
}
