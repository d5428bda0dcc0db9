package session

import (
	"encoding/base64"
	"slices"
	"time"
)

// SealedBy tells which key sealed a value, as it says itself, and whether that key can open anything now. It is for those
// who look after what edges keep on disk: nobody outside is to learn why a value does not open. False: it is no sealed
// value.
func (r *Ring) SealedBy(now time.Time, value string) (id KeyID, usable, ok bool) {
	head, err := base64.RawURLEncoding.DecodeString(value[:min(len(value), 8)])
	if err != nil || len(head) < 5 || head[0] != sealVersion {
		return id, false, false
	}
	id = KeyID(head[1:5])
	return id, slices.ContainsFunc(r.Usable(now), func(k Key) bool { return k.ID == id }), true
}
