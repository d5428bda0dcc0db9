package fingerprint

import (
	"strconv"

	"github.com/edgeauth/edgeauth/fingerprint/internal/agent"
)

// Bounds of what current browsers send, wider than any that was seen (docs/client-signals.md).
const (
	mostCiphers     = 26 // Safari of 2020; Chrome has 15, Firefox 17
	fewestExtension = 10 // Safari has 12 without a host's name; programs that write few extensions have 9
)

// Constant table: read only. By the hash of its ciphers, the TLS of programs that are no browser. Each was measured with
// the real thing or is published by FoxIO.
var libraries = map[string]string{
	"f57a46bbacb6": "Go",      // 1.22 and later
	"9dc949149365": "Go",      // before, or with GODEBUG=tlsrsakex=1,tls3des=1
	"85036bcba153": "Python",  // its ssl module's own choice
	"e8f1e7e78f70": "OpenSSL", // 3.0: curl, Debian's Python
	"723694b0fccc": "GnuTLS",  // 3.7: wget, git
	"a33745022dd6": "Node.js", // 20
	"db35923f8641": "Java",    // 17
}

// Constant table: read only. By the hash of its ciphers, whose TLS no other browser has.
var stacks = map[string]agent.Engine{
	"5b57614c22b0": agent.Gecko,  // offers two ciphers more than Chromium
	"a09f3c656075": agent.WebKit, // Apple's
}

// Constant table: read only. Chromium's extensions and signature algorithms, by their hash, without what Program leaves
// out. Firefox could come to offer the same ciphers; it never had these extensions.
var chromium = map[string]bool{
	"02713d6af862": true, // until 2025
	"d8a2da3f94cd": true, // since
	"cb7bf5808d99": true, // of 2026
	"0a20fe35d3a5": true, // of the first two, where it offers HTTP/1 only: for WebSockets
	"5b37b36a67c0": true, // of the third
}

// chromiumCiphers is the hash of the ciphers of every Chromium since 2021.
const chromiumCiphers = "8daaf6152771"

// byHello compares the User-Agent with the TLS hello. It asks only of who claims to be a current browser.
func byHello(a *agent.Agent, ja4 string) (found []string) {
	h, ok := parts(ja4)
	if !ok || !current(a) {
		return nil
	}
	claim := ", but the User-Agent says " + a.Family
	if name := libraries[h.b]; name != "" {
		return []string{"the TLS hello of " + name + claim} // which says all that follows
	}
	if h.version != "13" {
		found = append(found, "a TLS hello without TLS 1.3"+claim)
	}
	if h.alpn == "00" {
		found = append(found, "a TLS hello without ALPN"+claim)
	}
	if h.ciphers > mostCiphers {
		found = append(found, "a TLS hello with "+strconv.Itoa(h.ciphers)+" ciphers, more than any browser's"+claim)
	}
	if h.extensions < fewestExtension {
		found = append(found, "a TLS hello with "+strconv.Itoa(h.extensions)+" extensions, fewer than any browser's"+claim)
	}
	if name := otherBrowser(a, h); name != "" {
		found = append(found, "the TLS hello of "+name+claim)
	}
	return found
}

// current reports whether a line claims to be a browser that has TLS 1.3, and whose own connections reach us: crawlers
// and browsers whose maker fetches pages for them have the hello of a server.
func current(a *agent.Agent) bool {
	if a.Kind == agent.Bot && !a.Headless || a.Kind == agent.Other || a.Proxied {
		return false
	}
	switch a.Engine {
	case agent.Chromium, agent.Gecko:
		return a.Since >= 80 && a.System != agent.IOS
	case agent.WebKit: // on other systems its hello is that of whoever built it
		version, _ := strconv.Atoi(a.Version)
		return a.System == agent.IOS && version >= 14 || a.System == agent.MacOS && a.Since >= 14
	}
	return false
}

// otherBrowser returns whose hello it is, if it is that of another engine. Which engine a browser on iOS has follows
// from the law of the land unless it is Safari.
func otherBrowser(a *agent.Agent, h hello) string {
	if a.Engine == agent.WebKit && a.Family != "Safari" {
		return ""
	}
	engine := stacks[h.b]
	if h.b == chromiumCiphers && chromium[h.c] {
		engine = agent.Chromium
	}
	if engine == a.Engine {
		return ""
	}
	switch engine {
	case agent.Chromium:
		return "a Chromium"
	case agent.Gecko:
		return "Firefox"
	case agent.WebKit:
		return "Safari"
	}
	return ""
}

// hello is what a JA4 tells.
type hello struct {
	version, alpn       string
	ciphers, extensions int
	b, c                string
}

// parts takes a JA4 apart. Other text, and a QUIC hello, which follows other habits, is not understood.
func parts(ja4 string) (hello, bool) {
	if len(ja4) != len("t13d1516h2_8daaf6152771_e5627efa2ab1") || ja4[0] != 't' || ja4[10] != '_' || ja4[23] != '_' {
		return hello{}, false
	}
	ciphers, err := strconv.ParseUint(ja4[4:6], 10, 8)
	if err != nil {
		return hello{}, false
	}
	extensions, err := strconv.ParseUint(ja4[6:8], 10, 8)
	if err != nil {
		return hello{}, false
	}
	return hello{version: ja4[1:3], alpn: ja4[8:10], ciphers: int(ciphers), extensions: int(extensions), b: ja4[11:23], c: ja4[24:]}, true
}
