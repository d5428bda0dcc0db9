// Package hint reads User-Agent client hints (W3C, User-Agent Client Hints): what Chromium browsers say of themselves
// beside the User-Agent. It must not know what that line says.
package hint

import (
	"net/http"
	"strings"
)

// maxField is how many bytes of a field are read; more is no browser's.
const maxField = 1024

// Hints are what was sent. A field that is absent or is not as its specification says counts as not sent.
type Hints struct {
	Brands   Brands // Sec-CH-UA
	Full     Brands // Sec-CH-UA-Full-Version-List, which a server has to ask for
	Platform string // Sec-CH-UA-Platform: "Windows"
	Mobile   Answer // Sec-CH-UA-Mobile
}

// Answer is a boolean that may not be known.
type Answer uint8

// The answers.
const (
	Unsaid Answer = iota
	No
	Yes
)

// Brand is a name with a version.
type Brand struct{ Name, Version string }

// Brands are what a browser calls itself: itself, its engine, and a meaningless one.
type Brands []Brand

// Has reports whether name is among them.
func (b Brands) Has(name string) bool {
	_, found := b.Version(name)
	return found
}

// Version returns that of one brand.
func (b Brands) Version(name string) (version string, found bool) {
	for _, brand := range b {
		if brand.Name == name {
			return brand.Version, true
		}
	}
	return "", false
}

// Of reads the hints of a request.
func Of(h http.Header) Hints {
	full, _ := list(h["Sec-Ch-Ua-Full-Version-List"])
	brands, _ := list(h["Sec-Ch-Ua"])
	return Hints{Brands: brands, Full: full, Platform: text(h["Sec-Ch-Ua-Platform"]), Mobile: answer(h["Sec-Ch-Ua-Mobile"])}
}

func answer(lines []string) Answer {
	if len(lines) != 1 {
		return Unsaid
	}
	switch strings.Trim(lines[0], " ") {
	case "?1":
		return Yes
	case "?0":
		return No
	}
	return Unsaid
}

// text reads a string (RFC 9651, 3.3.3) that stands alone.
func text(lines []string) string {
	if len(lines) != 1 || len(lines[0]) > maxField {
		return ""
	}
	s, rest, ok := quoted(strings.Trim(lines[0], " "))
	if !ok || rest != "" {
		return ""
	}
	return s
}

const maxBrands = 16

// list reads a list of strings with a parameter v (RFC 9651, 3.1), all of it or nothing.
func list(lines []string) (Brands, bool) {
	if len(lines) != 1 || len(lines[0]) > maxField {
		return nil, false
	}
	var out Brands
	rest := strings.Trim(lines[0], " ")
	for len(out) < maxBrands {
		var b Brand
		var ok bool
		if b.Name, rest, ok = quoted(rest); !ok {
			return nil, false
		}
		if rest, ok = strings.CutPrefix(spaces(rest), ";"); ok {
			if rest, ok = strings.CutPrefix(spaces(rest), "v="); !ok {
				return nil, false
			}
			if b.Version, rest, ok = quoted(rest); !ok {
				return nil, false
			}
		}
		out = append(out, b)
		rest = spaces(rest)
		if rest == "" {
			return out, true
		}
		if rest, ok = strings.CutPrefix(rest, ","); !ok {
			return nil, false
		}
		rest = spaces(rest)
	}
	return nil, false
}

func spaces(s string) string { return strings.TrimLeft(s, " \t") }

// quoted reads a string in quotation marks. A backslash may stand before a quotation mark or a backslash; that a brand
// needs one is a browser's way to find sloppy readers.
func quoted(s string) (value, rest string, ok bool) {
	s, ok = strings.CutPrefix(s, `"`)
	if !ok {
		return "", "", false
	}
	escaped := false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			if value = s[:i]; escaped {
				value = strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(value)
			}
			return value, s[i+1:], true
		case c == '\\':
			if i++; i == len(s) || s[i] != '"' && s[i] != '\\' {
				return "", "", false
			}
			escaped = true
		case c < 0x20 || c > 0x7e:
			return "", "", false
		}
	}
	return "", "", false
}
