package login

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/edgeauth/edgeauth/revocation"
)

// currentUnknown is this browser's session, which the page marks as such, where the index knows nothing of it.
const currentUnknown = "Your session"

// Device says which program it is, for people.
func (l listed) Device() string {
	switch {
	case l.Browser != "" && l.OS != "":
		return l.Browser + " on " + l.OS
	case l.Browser != "" || l.OS != "":
		return l.Browser + l.OS
	case l.Current:
		return currentUnknown
	}
	return "Unknown browser"
}

// Place says where it is, for people.
func (l listed) Place() string {
	place := strings.Join(slices.DeleteFunc([]string{l.City, l.Country}, func(s string) bool { return s == "" }), ", ")
	switch {
	case l.Hidden:
		return "Place not shown"
	case place == "" && l.Current && l.Device() == currentUnknown:
		return "Browser and place are not known right now"
	case place == "" && l.Private:
		place = "Private network"
	case place == "":
		place = "Unknown place"
	}
	return place
}

// First and Last say when, for people.
func (l listed) First() string { return l.FirstSeen.UTC().Format("2 Jan 2006, 15:04 UTC") }

func (l listed) Last() string { return ago(l.now.Sub(l.LastSeen)) }

// ago says how long ago something was, as exactly as people care.
func ago(d time.Duration) string {
	count := func(n int, unit string) string {
		if n == 1 {
			return "1 " + unit + " ago"
		}
		return fmt.Sprintf("%d %ss ago", n, unit)
	}
	switch {
	case d < 2*time.Minute:
		return "just now"
	case d < 2*time.Hour:
		return count(int(d/time.Minute), "minute")
	case d < 48*time.Hour:
		return count(int(d/time.Hour), "hour")
	}
	return count(int(d/(24*time.Hour)), "day")
}

const halfEnded = " on this server. A service that tells the other servers does not answer right now; "

// elsewhere follows what was ended.
const elsewhere = " Whoever is still logged in at the login service there comes back without a password: for a lost or stolen device, log it out at the login service too."

// told says to people what was ended.
func told(n int, d revocation.Delivery) string {
	subject, follow := "The session has been ended", "."
	switch n {
	case 0:
		return "There was nothing left to end."
	case 1:
	default:
		subject = fmt.Sprintf("%d sessions have been ended", n)
	}
	switch d {
	case revocation.Delivered:
		follow += elsewhere
	case revocation.Pending:
		follow = halfEnded + "they will follow as soon as it does, even if this server is restarted before."
	default:
		follow = halfEnded + "they will follow as soon as it does. If this server is restarted before, they do not: then end the session again."
	}
	return subject + follow
}
