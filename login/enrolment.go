package login

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"github.com/edgeauth/edgeauth/audit"
	"github.com/edgeauth/edgeauth/oidc"
	"github.com/edgeauth/edgeauth/policy"
	"github.com/edgeauth/edgeauth/session"
)

// noticeEnrolment remembers an authenticator that was enrolled on the spot, in answer to a step-up. It comes before all that
// the answer is used for: at the provider it has happened, whatever session asked for it and whatever becomes of that.
func (s *Server) noticeEnrolment(ctx context.Context, r *http.Request, a *arrival, who *oidc.Login, fresh *session.Session) error {
	if a.flow.Step.Round == 0 || !s.enrolledOnTheSpot(a, who) {
		return nil
	}
	if err := s.opt.Enrolled.MarkEnrolled(ctx, who.Subject, s.tellsNothingUntil(a, fresh)); err != nil {
		return fmt.Errorf("remembering an enrolment: %w", err)
	}
	s.event(r, audit.Event{Name: audit.AuthenticatorEnrolled, Provider: a.flow.Provider, Subject: who.Subject,
		Level: string(a.flow.Level), Detail: assuranceText(who)})
	return nil
}

// enrolledOnTheSpot looks at the acr that came back beside the amr that was asked for with it. Where a route asks for an acr
// alone, that is the amr of the levels that ask for this acr; a provider that names no amr at all tells nothing then.
func (s *Server) enrolledOnTheSpot(a *arrival, who *oidc.Login) bool {
	need, _ := s.needOf(a.flow)
	auth := policy.Authentication{Assurance: who.Assurance, ClockSkew: a.provider.ClockSkew()}
	began := a.flow.Started.Time()
	if len(need.AMR) > 0 {
		return need.EnrolledOnTheSpot(&auth, began)
	}
	if !slices.Contains(need.ACR, auth.ACR) || len(auth.AMR) == 0 {
		return false
	}
	for _, rule := range s.opt.Levels {
		if rule.Proof.EnrolledOnTheSpot(&auth, began) {
			return true
		}
	}
	return false
}
