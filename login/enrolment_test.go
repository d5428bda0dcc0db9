package login_test

import (
	"context"
	"time"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/policy"
)

// Enrolled is when an authenticator of a subject was enrolled on the spot.
func (s *shop) Enrolled(ctx context.Context, who identity.Subject) (time.Time, error) {
	v, found, err := s.Get(ctx, "enrolled:"+who.String())
	if err != nil || !found {
		return time.Time{}, err
	}
	var at time.Time
	return at, at.UnmarshalText(v)
}

// MarkEnrolled remembers it.
func (s *shop) MarkEnrolled(ctx context.Context, who identity.Subject, at time.Time) error {
	text, err := at.MarshalText()
	if err != nil {
		return err
	}
	return s.Put(ctx, "enrolled:"+who.String(), text, time.Hour)
}

// ProvedOn reports what a test has set.
func (s *shop) ProvedOn(context.Context, identity.Subject, identity.DeviceID, policy.Proof, time.Time) (bool, error) {
	if s.away.Load() {
		return false, errAway
	}
	return s.proved.Load(), nil
}
