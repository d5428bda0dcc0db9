package history

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/policy"
)

// ProvedOn reports whether the subject was seen on a device before a moment with an acr and amr that the proof names, and with
// nothing left to prove then. A history without a pepper knows no device. Errors are those of Read but ErrUnreadable.
func (h *History) ProvedOn(ctx context.Context, subject identity.Subject, d identity.DeviceID, p policy.Proof, before time.Time) (bool, error) {
	device := h.Hasher().Device(d)
	if device.IsZero() || len(p.ACR) == 0 && len(p.AMR) == 0 {
		return false, nil
	}
	all, err := h.Read(ctx, subject)
	if err != nil && !errors.Is(err, ErrUnreadable) { // what can be read may be enough
		return false, fmt.Errorf("looking for an earlier proof: %w", err)
	}
	need := policy.Need{Proof: policy.Proof{ACR: p.ACR, AMR: p.AMR}}
	return slices.ContainsFunc(all, func(s policy.Sighting) bool {
		then := policy.Authentication{Assurance: s.Assurance}
		return s.Device == device && !s.Unproven && s.At.Before(before) && need.MetBy(&then, s.At)
	}), nil
}
