package proxy

import (
	"encoding/hex"
	"net/http"
	"net/url"

	"github.com/edgeauth/edgeauth/policy"
	"github.com/edgeauth/edgeauth/web"
)

// stepUp sends a navigation to prove more and to come back, and tells everybody else what is missing (RFC 9470, section 3).
// Nothing of a refused request is kept: a form has to be sent again.
func (x *exchange) stepUp(w http.ResponseWriter, r *http.Request, v policy.Verdict) error {
	if web.MayRedirect(r) {
		web.Harden(w.Header())
		w.Header().Set("Location", loginURL(wanted(v.Need), "", &x.target))
		w.WriteHeader(http.StatusSeeOther)
		return nil
	}
	to := loginURL(wanted(v.Need), "", nil)
	return &web.Error{Code: http.StatusUnauthorized, Reason: string(v.Reason), Title: "Please confirm that it is you",
		Public: "This needs a stronger or newer login than yours. Nothing was done: confirm, and then send it again.",
		StepUp: &web.StepUp{URL: to, ACR: v.Need.ACR, MaxAge: v.Need.MaxAge},
		Links:  []web.Link{{Text: "Confirm", URL: to + backTo(x.h, r)}, {Text: "Go to the start page", URL: "/"}}}
}

// wanted names a need in a login link.
func wanted(n *policy.Need) url.Values {
	if n.Level != "" {
		return url.Values{"level": {string(n.Level)}}
	}
	id := n.Proof.ID()
	return url.Values{"proof": {hex.EncodeToString(id[:])}}
}

// backTo names the page that a form stood on, so that it can be sent again from there; the first page if that is not known.
func backTo(h *Handler, r *http.Request) string {
	page, err := url.Parse(r.Referer())
	if err != nil || page.Scheme+"://"+page.Host != h.origin || escapedLen(page.RequestURI()) > maxReturn {
		return "&rd=%2F"
	}
	return "&rd=" + url.QueryEscape(page.RequestURI())
}
