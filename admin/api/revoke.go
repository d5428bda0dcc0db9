package api

import (
	"cmp"
	"context"
	"slices"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/edgeauth/edgeauth/admin/edgeauthv1"
	"github.com/edgeauth/edgeauth/audit"
	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/session"
)

// Log is where revocations and floors are written. The one error is of an entry that makes no sense.
type Log interface {
	Write(ctx context.Context, entries ...revocation.Entry) (revocation.Delivery, error)
}

// defaultReason is why, where nobody says.
const defaultReason = "operator"

// RevokeSession implements edgeauthv1.SessionServiceServer.
func (a *API) RevokeSession(ctx context.Context, req *edgeauthv1.RevokeSessionRequest) (*edgeauthv1.RevokeSessionResponse, error) {
	family, err := identity.ParseFamily(req.GetSession())
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, "session: is no session's name")
	}
	d, _, err := a.write(ctx, revocation.Family(family), a.soon(), audit.Event{Name: audit.RevocationMade, Session: family.String(), Reason: req.GetReason()})
	return &edgeauthv1.RevokeSessionResponse{Delivery: deliveryOf(d)}, err
}

// RevokeSessions implements edgeauthv1.SessionServiceServer.
func (a *API) RevokeSessions(ctx context.Context, req *edgeauthv1.RevokeSessionsRequest) (*edgeauthv1.RevokeSessionsResponse, error) {
	register, e := revocation.All(), audit.Event{Name: audit.RevocationMade, Reason: req.GetReason()}
	if !req.GetEverybody() {
		subject, err := a.subject(req.GetSubject())
		if err != nil {
			return nil, err
		}
		register, e.Subject = revocation.Subject(subject), subject
	}
	d, since, err := a.write(ctx, register, a.soon(), e)
	return &edgeauthv1.RevokeSessionsResponse{Delivery: deliveryOf(d), NotBefore: stamp(since)}, err
}

// RaiseLevel implements edgeauthv1.SessionServiceServer.
func (a *API) RaiseLevel(ctx context.Context, req *edgeauthv1.RaiseLevelRequest) (*edgeauthv1.RaiseLevelResponse, error) {
	subject, err := a.subject(req.GetSubject())
	if err != nil {
		return nil, err
	}
	level := identity.Level(req.GetLevel())
	if slices.Index(a.o.Levels, level) < 1 {
		return nil, status.Errorf(codes.InvalidArgument, "level: is none that sessions can be raised to; there are %q", a.o.Levels[1:])
	}
	d, since, err := a.write(ctx, revocation.Floor(subject, level), a.o.Now(),
		audit.Event{Name: audit.LevelRaised, Subject: subject, Level: string(level), Reason: req.GetReason()})
	return &edgeauthv1.RaiseLevelResponse{Delivery: deliveryOf(d), Since: stamp(since)}, err
}

// soon is up to when sessions end: an edge with a faster clock may have begun some ahead of ours.
func (a *API) soon() time.Time { return a.o.Standings.Cover(a.o.Now(), a.o.Lead()).Time() }

// write puts a register into the log, for as long as any session can live that it is about, and records that.
func (a *API) write(ctx context.Context, register revocation.Register, since time.Time, e audit.Event) (revocation.Delivery, time.Time, error) {
	until := since.Add(session.MaxLifetime + 2*identity.MaxClockSkew)
	entry := revocation.Entry{Register: register, Value: revocation.Value{Since: revocation.MillisOf(since), Until: revocation.MillisOf(until),
		Reason: cmp.Or(e.Reason, defaultReason), Actor: callOf(ctx).caller.Name}}
	d, err := a.o.Log.Write(ctx, entry)
	if err != nil {
		a.o.Logger.Error("the log takes no entry of the governance API", "error", err)
		return d, since, status.Error(codes.Internal, "the log does not take this")
	}
	e.Reason, e.Actor, e.Client, e.Delivery = entry.Reason, entry.Actor, callOf(ctx).client, d.String()
	e.Detail, _ = entry.Encode()
	if e.Name == audit.RevocationMade {
		e.Detail += "; " + audit.ProviderGoesOn
	}
	a.o.Audit.Write(context.WithoutCancel(ctx), e)
	return d, entry.Since.Time(), nil
}
