package session

import (
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
)

const baseName = "edgeauth"

// find returns the value of the only cookie of that exact name. Names are compared byte by byte; nothing is
// unquoted, decoded or trimmed but spaces after a semicolon (RFC 6265, 4.2.1 has one), so that what a laxer parser takes
// for the name is not taken for it here.
func find(r *http.Request, name string) (string, error) {
	value, n := "", 0
	for _, line := range r.Header["Cookie"] {
		for piece := range strings.SplitSeq(line, ";") {
			if k, v, ok := strings.Cut(strings.TrimLeft(piece, " "), "="); ok && k == name {
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
	piece = strings.Trim(piece, " \t")
	name, _, _ := strings.Cut(piece, "=")
	if !plainName(name) {
		return true
	}
	return slices.ContainsFunc(names(strings.ToLower(decoded(piece))), ownName)
}

// decoded decodes the percent escapes once and leaves what is none, as lax parsers do: a malformed escape anywhere
// must not hide a name.
func decoded(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	var b strings.Builder
	for ; len(s) >= 3; s = s[1:] {
		if c, err := hex.DecodeString(s[1:3]); s[0] == '%' && err == nil {
			b.WriteByte(c[0])
			s = s[2:]
			continue
		}
		b.WriteByte(s[0])
	}
	return b.String() + s
}

// names returns what a lax parser could take for a cookie's name: what stands before an `=`, after the last comma,
// quote or space in front of it.
func names(piece string) []string {
	parts := strings.Split(piece, "=")
	if len(parts) > 1 {
		parts = parts[:len(parts)-1]
	}
	for i, p := range parts {
		parts[i] = p[strings.LastIndexAny(p, ",; \t\"")+1:]
	}
	return parts
}

func ownName(s string) bool {
	s = strings.TrimPrefix(strings.TrimPrefix(s, "__host-"), "__secure-")
	rest, ok := strings.CutPrefix(s, baseName)
	return ok && (rest == "" || strings.ContainsAny(rest[:1], "-.[_"))
}

// plainName reports whether a name is printable ASCII without what lax parsers give a meaning of its own. It allows
// more than a token (RFC 9110, 5.6.2): applications do use brackets in names.
func plainName(name string) bool {
	if name == "" || name[0] == '$' {
		return false
	}
	return !strings.ContainsFunc(name, func(c rune) bool {
		return c <= ' ' || c >= 0x7f || strings.ContainsRune(`,;"\`, c)
	})
}

// OwnSetCookie reports whether a backend's Set-Cookie line would set a cookie that StripOwn removes.
func OwnSetCookie(line string) bool {
	pair, _, _ := strings.Cut(line, ";")
	return ours(pair)
}
