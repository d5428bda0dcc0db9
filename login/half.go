package login

import (
	"net/http"

	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/web"
)

// halfLoggedOut is the honest answer while the store is away.
func (s *Server) halfLoggedOut(w http.ResponseWriter, r *http.Request, next string, d revocation.Delivery) error {
	return s.say(w, r, "Logged out here, not yet everywhere", http.StatusAccepted, message{
		Text:  []string{here, later(d), "Go on to log out at the login service too."},
		Links: []web.Link{{Text: "Go on", URL: next}}})
}

const here = "This browser is logged out, and this server no longer accepts your session. A service that tells the other servers " +
	"does not answer right now."

// later says what will become of it.
func later(d revocation.Delivery) string {
	if d == revocation.Pending {
		return "This server has written your logout down and tells them as soon as it can, even if it is restarted before."
	}
	return "This server tells them as soon as it can. If it is restarted before, it can't, and they would accept a copy of your session until that ends by itself."
}
