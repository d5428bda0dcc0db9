package history_test

import (
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/policy"
)

func TestOnlyTheSameProofOnTheSameDeviceBeforeThatMomentCounts(t *testing.T) {
	proof := policy.Proof{ACR: []string{"bio"}, AMR: []string{"hwk"}, MaxAge: time.Minute} // how long ago does not matter
	for name, c := range map[string]struct {
		edit   func(*policy.Sighting)
		device identity.DeviceID
		proof  policy.Proof
		want   bool
	}{
		"as it was":          {func(*policy.Sighting) {}, identity.DeviceID{1}, proof, true},
		"another device":     {func(*policy.Sighting) {}, identity.DeviceID{2}, proof, false},
		"no device":          {func(*policy.Sighting) {}, identity.DeviceID{}, proof, false},
		"just enrolled":      {func(s *policy.Sighting) { s.Assurance.AMR = []string{"pwd"} }, identity.DeviceID{1}, proof, false},
		"a code":             {func(s *policy.Sighting) { s.Assurance.ACR = "mfa" }, identity.DeviceID{1}, proof, false},
		"not proven":         {func(s *policy.Sighting) { s.Unproven = true }, identity.DeviceID{1}, proof, false},
		"at that moment":     {func(s *policy.Sighting) { s.At = noon }, identity.DeviceID{1}, proof, false},
		"a proof of nothing": {func(*policy.Sighting) {}, identity.DeviceID{1}, policy.Proof{}, false},
	} {
		b := newBed(t, openFile(t))
		s := whole()
		s.At, s.Unproven = noon.Add(-time.Second), false
		s.Device = b.Hasher().Device(identity.DeviceID{1})
		c.edit(&s)
		if err := b.Record(t.Context(), alice, s); err != nil {
			t.Fatal(err)
		}
		if got, err := b.ProvedOn(t.Context(), alice, c.device, c.proof, noon); err != nil || got != c.want {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}
