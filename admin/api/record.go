package api

import (
	"context"
	"path"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/edgeauth/edgeauth/admin/edgeauthv1"
	"github.com/edgeauth/edgeauth/audit"
	"github.com/edgeauth/edgeauth/identity"
)

// record writes the audit event of a call. What is refused beyond an allowance is not written: it would be a way to fill the log.
func (a *API) record(ctx context.Context, c *call, method string, req any, err error) {
	code := status.Code(err)
	e := audit.Event{Name: audit.APICalled, Actor: c.caller.Name, Client: c.client, Reason: reasonOf(code), Detail: path.Base(method)}
	if code == codes.ResourceExhausted {
		return
	}
	if c.err != nil || code == codes.PermissionDenied {
		if e.Name = audit.APIRefused; !a.limit.take("") {
			return
		}
	}
	if err == nil || code != codes.InvalidArgument { // what broke the rules is no name of anybody
		e.Session, e.Subject = a.about(req)
	}
	a.o.Audit.Write(context.WithoutCancel(ctx), e)
}

// about is who and what a request names.
func (a *API) about(req any) (session string, subject identity.Subject) {
	if r, ok := req.(interface{ GetSession() string }); ok {
		session = r.GetSession()
	}
	if r, ok := req.(interface{ GetSubject() *edgeauthv1.Person }); ok && r.GetSubject() != nil {
		subject, _ = a.subject(r.GetSubject()) // an unknown provider: nobody is named
	}
	return session, subject
}

// reasonOf is a code as audit events write reasons.
func reasonOf(c codes.Code) string {
	switch c {
	case codes.OK:
		return "ok"
	case codes.Canceled:
		return "canceled"
	case codes.InvalidArgument:
		return "invalid_argument"
	case codes.DeadlineExceeded:
		return "deadline_exceeded"
	case codes.NotFound:
		return "not_found"
	case codes.PermissionDenied:
		return "permission_denied"
	case codes.Unauthenticated:
		return "unauthenticated"
	case codes.Unavailable:
		return "unavailable"
	case codes.Unimplemented:
		return "unimplemented"
	}
	return "internal"
}
