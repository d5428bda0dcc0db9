package proxy

import (
	"net/http"
	"strings"

	"github.com/edgeauth/edgeauth/web"
)

const (
	// loopField is CDN-Loop (RFC 8586) as http.Header spells it. Each edge adds its word to it and no proxy takes one away.
	// Via says the same (RFC 9110, 7.6.3), but nginx as it is shipped does not compress its answer to a request that has one (ADR 22).
	loopField = "Cdn-Loop"
	loopWord  = "edgeauth"
	// maxHops is how many edges a request may have come through: more than anybody puts in a row on purpose.
	maxHops = 4
)

// checkLoop refuses a request that goes round in a circle: the configuration refuses an upstream that is the edge itself,
// but not one that leads back to it by another name.
func checkLoop(h http.Header) error {
	if hops(h[loopField]) < maxHops {
		return nil
	}
	return &web.Error{Code: http.StatusLoopDetected, Reason: "loop", Title: "This address leads in a circle",
		Public: "The application behind it leads back here. Please tell the operator the request ID."}
}

// hops counts the edges that a request came through.
func hops(lines []string) (n int) {
	for _, line := range lines {
		for part := range strings.SplitSeq(line, ",") {
			name, _, _ := strings.Cut(part, ";")
			if strings.EqualFold(strings.TrimSpace(name), loopWord) {
				n++
			}
		}
	}
	return n
}

// addHop puts this edge behind those that a request came through, in one line: not every proxy keeps a field's second one.
func addHop(h http.Header) {
	if len(h[loopField]) == 0 {
		h[loopField] = []string{loopWord}
		return
	}
	h[loopField] = []string{strings.Join(append(h[loopField], loopWord), ", ")}
}
