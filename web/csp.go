package web

import (
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strings"
)

// policy is the page's Content-Security-Policy: nothing but its own style sheet, and forms that lead where they may.
func (page Page) policy(style string) string {
	form := "'none'"
	if page.HasForm {
		form = formSources(page.FormActions)
	}
	return "default-src 'none'; style-src '" + style + "'; img-src data:; base-uri 'none'; form-action " + form + "; frame-ancestors 'none'"
}

// formSources leaves out what is no http(s) origin: a provider's metadata may say anything, and a semicolon would begin
// another directive.
func formSources(origins []string) string {
	sources := []string{"'self'"}
	for _, o := range origins {
		u, err := url.Parse(o)
		if err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.Scheme+"://"+u.Host == o && !strings.ContainsAny(o, ";, '\"*") {
			sources = append(sources, o)
		}
	}
	return strings.Join(sources, " ")
}

// cspHash is the Content-Security-Policy source that permits exactly this inline text.
func cspHash(text []byte) string {
	sum := sha256.Sum256(text)
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}
