package fingerprint

import (
	"net/http"
	"strings"

	"github.com/edgeauth/edgeauth/fingerprint/internal/agent"
	"github.com/edgeauth/edgeauth/fingerprint/internal/hint"
)

// MaxAgent is how many bytes of a User-Agent line are read and kept.
const MaxAgent = agent.MaxLine

// Client is the program that sent a request, as far as it tells. What is not known is empty.
type Client struct {
	Agent   string // the User-Agent line as it was sent, its first MaxAgent bytes; may hold any byte that HTTP lets through
	Browser string // family and major version, "Firefox 140"; "curl 8" for other programs; letters, digits, space and ._- only
	OS      string // family and major version, "Windows 10", which Windows 11 says as well
	Kind    string // "desktop", "mobile", "tablet", "bot", "other"
	JA4     string // as it was given

	// Version is the browser's in full, "140.0.7339.51", where its client hints tell it (only if a server asked for it);
	// digits and dots.
	Version string

	// Contradictions say, one sentence each in our own words, what cannot be true together. None: nothing is known to be
	// wrong, which is not to say that it is right.
	Contradictions []string
}

// Of reads what a request's header and the JA4 of its connection's hello (Program, or JA4; empty: unknown) say.
func Of(header http.Header, ja4 string) Client {
	line := header.Get("User-Agent")
	line = line[:min(len(line), MaxAgent)]
	a, h := agent.Parse(line), hint.Of(header)
	return Client{
		Agent: line, Browser: a.Browser(), OS: a.OS(), Kind: string(a.Kind), JA4: ja4,
		Version: fullVersion(h.Full), Contradictions: contradictions(&a, &h, ja4),
	}
}

const maxVersion = 32 // bytes

// fullVersion is that of the browser itself, which stands beside its engine and a brand that means nothing.
func fullVersion(brands hint.Brands) string {
	for _, name := range [...]string{"Google Chrome", "Microsoft Edge", "Opera", "Brave", "Vivaldi", "Samsung Internet", "Chromium"} {
		if version, found := brands.Version(name); found && len(version) <= maxVersion && strings.Trim(version, "0123456789.") == "" {
			return version
		}
	}
	return ""
}
