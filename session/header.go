package session

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

const baseName = "edgeauth"

// find returns the value of the only cookie of that exact name. Names are compared byte by byte; nothing is
// unquoted, decoded or trimmed but the one space after a semicolon (RFC 6265, 4.2.1), so that what a laxer parser
// takes for the name is not taken for it here.
func find(r *http.Request, name string) (string, error) {
	value, n := "", 0
	for _, line := range r.Header["Cookie"] {
		for piece := range strings.SplitSeq(line, ";") {
			if v, ok := strings.CutPrefix(strings.TrimLeft(piece, " "), name+"="); ok {
				value = v
				n++
			}
		}
	}
	switch n {
	case 0:
		return "", ErrNoCookie
	case 1:
		return value, nil
	}
	return "", ErrTwoCookies
}

// StripOwn removes from the request header every cookie that is edgeauth's or that some backend could take for one of
// them: chunk-like names, other case, percent-encoding, a nameless cookie or a comma in front, and every name that is
// not plain ASCII, since some frameworks trim those. All others stay as they were.
func StripOwn(h http.Header) {
	var kept []string
	for _, line := range h["Cookie"] {
		pieces := slices.DeleteFunc(strings.Split(line, ";"), func(p string) bool { return ours(p) })
		if rest := strings.TrimSpace(strings.Join(pieces, ";")); rest != "" {
			kept = append(kept, rest)
		}
	}
	if len(kept) == 0 {
		h.Del("Cookie")
		return
	}
	h["Cookie"] = kept
}

func ours(piece string) bool {
	name, _, _ := strings.Cut(strings.Trim(piece, " \t"), "=")
	if strings.TrimSpace(piece) == "" || !plainName(name) {
		return true
	}
	folded := piece
	if decoded, err := url.PathUnescape(piece); err == nil {
		folded = decoded
	}
	return slices.ContainsFunc(splitNames(strings.ToLower(folded)), ownName)
}

// splitNames returns what stands where a lax parser could see a name: at the start, after a comma, after an `=`.
func splitNames(s string) []string {
	return strings.FieldsFunc(s, func(c rune) bool { return strings.ContainsRune(",= \t\"", c) })
}

func ownName(s string) bool {
	s = strings.TrimPrefix(strings.TrimPrefix(s, "__host-"), "__secure-")
	rest, ok := strings.CutPrefix(s, baseName)
	return ok && (rest == "" || strings.ContainsAny(rest[:1], "-.[_"))
}

// plainName reports whether every byte of a cookie's name is a token character (RFC 9110, 5.6.2).
func plainName(name string) bool {
	if name == "" {
		return false
	}
	for _, c := range []byte(name) {
		if c <= ' ' || c >= 0x7f || strings.IndexByte(`()<>@,;:\"/[]?={}`, c) >= 0 {
			return false
		}
	}
	return true
}

// OwnSetCookie reports whether a backend's Set-Cookie line would set a cookie of edgeauth's.
func OwnSetCookie(line string) bool {
	name, _, _ := strings.Cut(line, "=")
	pair, _, _ := strings.Cut(line, ";")
	return ownName(strings.ToLower(strings.Trim(name, " \t"))) || !plainName(strings.Trim(name, " \t")) && ours(pair)
}
