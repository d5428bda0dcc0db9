package session_test

import (
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/session"
)

func Test_a_sealed_value_says_which_key_it_needs(t *testing.T) {
	now := time.Now()
	ours, err := session.GenerateKey(now.Add(-time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	other, err := session.GenerateKey(now.Add(-time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	retired := ours
	retired.RetireAfter = now
	ring := func(keys ...session.Key) *session.Ring {
		r, err := session.NewRing(keys)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	value, err := ring(ours).Seal(now, session.PurposeOutbox, "a place", "", []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		ring   *session.Ring
		usable bool
	}{"its ring": {ring(ours), true}, "a ring that has retired it": {ring(retired, other), false}, "another ring": {ring(other), false}} {
		if id, usable, ok := c.ring.SealedBy(now, value); id != ours.ID || usable != c.usable || !ok {
			t.Errorf("%s: key %s, usable %v, %v", name, id, usable, ok)
		}
	}
	for _, text := range []string{"", "AQ", "????????", "AgAAAAAAAAAAAAA"} {
		if _, _, ok := ring(ours).SealedBy(now, text); ok {
			t.Errorf("%q counts as sealed", text)
		}
	}
}
