package login

import (
	"net/http"

	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/web"
)

// halfLoggedOut is the honest answer while the store or the provider is away.
func (s *Server) halfLoggedOut(w http.ResponseWriter, r *http.Request, next string, d revocation.Delivery, reached bool) error {
	title, status := "Logged out here, not at the login service", http.StatusOK
	if d != revocation.Delivered {
		title, status = "Logged out here, not yet everywhere", http.StatusAccepted
	}
	m := message{Text: undone(d, reached), Links: []web.Link{{Text: "Log in again", URL: Prefix + "login"}}} // and out: so it goes where the provider is away
	if next != s.afterwards() {
		m.Text, m.Links = append(m.Text, "Go on to log out at the login service too."), []web.Link{{Text: "Go on", URL: next}}
	}
	return s.say(w, r, title, status, m)
}

// undone says what a logout could not do, and what will become of it.
func undone(d revocation.Delivery, reached bool) (out []string) {
	if d != revocation.Delivered {
		out = append(out, here, later(d))
	}
	if !reached {
		out = append(out, notThere)
	}
	return out
}

const notThere = "The login service does not answer right now, so you are still logged in there: once it answers, this browser comes back " +
	"without a password. Then log in here and out again, or log out at the login service."

const here = "This browser is logged out, and this server no longer accepts your session. A service that tells the other servers " +
	"does not answer right now."

// later says what will become of it.
func later(d revocation.Delivery) string {
	if d == revocation.Pending {
		return "This server has written your logout down and tells them as soon as it can, even if it is restarted before."
	}
	return "This server tells them as soon as it can. If it is restarted before, it can't, and they would accept a copy of your session until that ends by itself."
}
