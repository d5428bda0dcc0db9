package classicasp

import "strings"

// Header is one header line as it arrived.
type Header struct{ Name, Value string }

// Rule says what a receiver makes of several headers whose names fold to one variable. All three are in the field.
type Rule int

const (
	LastWins  Rule = iota // FastCGI, CGI, PHP
	FirstWins             // .NET Framework's look-up
	Joined                // System.Web: all values with commas, in the order of arrival
)

// Fold is the server variable of a header name: HTTP_, upper case, every byte that is no letter or digit as "_"
// (RFC 3875, 4.1.18, read as generously as any server does).
func Fold(name string) string {
	b := []byte(strings.ToUpper(name))
	for i, c := range b {
		if (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			b[i] = '_'
		}
	}
	return "HTTP_" + string(b)
}

// Variables are the HTTP_ variables that a receiver with this rule sees.
func Variables(headers []Header, rule Rule) map[string]string {
	out := map[string]string{}
	for _, h := range headers {
		name := Fold(h.Name)
		before, there := out[name]
		switch {
		case !there || rule == LastWins:
			out[name] = h.Value
		case rule == Joined:
			out[name] = before + "," + h.Value
		}
	}
	return out
}

// AllRaw is Request.ServerVariables("ALL_RAW"): the headers as the client sent them.
func AllRaw(headers []Header) string { return list(headers, func(name string) string { return name }) }

// AllHTTP is Request.ServerVariables("ALL_HTTP"): the same with folded names.
func AllHTTP(headers []Header) string { return list(headers, Fold) }

func list(headers []Header, name func(string) string) string {
	var b strings.Builder
	for _, h := range headers {
		b.WriteString(name(h.Name) + ":" + h.Value + "\r\n")
	}
	return b.String()
}
