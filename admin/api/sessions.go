package api

import (
	"context"
	"encoding/base64"
	"errors"
	"slices"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/edgeauth/edgeauth/admin/edgeauthv1"
	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/sessions"
)

// ErrCursor is wrapped by an Index's error about a cursor that it never gave out.
var ErrCursor = errors.New("no cursor of this index")

// Index is who is logged in where, as far as is known. Its other errors are a store's that could not be asked.
type Index interface {
	Of(ctx context.Context, subject identity.Subject) ([]sessions.Record, error)
	All(ctx context.Context, after string, limit int) (records []sessions.Record, next string, err error)
}

// Standings is this edge's copy of the revocation log.
type Standings interface {
	Standing(*revocation.Names) revocation.Standing
	// Cover is the Since of a not-before that ends whatever there is now, where clocks may be ahead by lead.
	Cover(now time.Time, lead time.Duration) revocation.Millis
}

const notHandedOut = "page_token: is none that was handed out for this list"

const (
	defaultPage = 100
	searchPage  = 500 // records that a search for one name reads at once
)

// GetSession implements edgeauthv1.SessionServiceServer.
func (a *API) GetSession(ctx context.Context, req *edgeauthv1.GetSessionRequest) (*edgeauthv1.GetSessionResponse, error) {
	family, err := identity.ParseFamily(req.GetSession())
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, "session: is no session's name")
	}
	r, err := a.find(ctx, family, req.GetSubject())
	if err != nil {
		return nil, err
	}
	return &edgeauthv1.GetSessionResponse{Session: a.session(r)}, nil
}

// find looks among the sessions of a person, or, where none is given, goes through the whole index.
func (a *API) find(ctx context.Context, family identity.Family, of *edgeauthv1.Person) (*sessions.Record, error) {
	named := func(r sessions.Record) bool { return r.Family == family }
	if of != nil {
		subject, err := a.subject(of)
		if err != nil {
			return nil, err
		}
		records, err := a.o.Index.Of(ctx, subject)
		if err != nil {
			return nil, a.away("reading the sessions of a person", err)
		}
		if i := slices.IndexFunc(records, named); i >= 0 {
			return &records[i], nil
		}
		return nil, errNoSession()
	}
	if !a.limit.walk() {
		return nil, status.Error(codes.ResourceExhausted, "too many searches through the whole index at once; say whose session it is, or try again in a second")
	}
	defer a.limit.walked()
	return a.search(ctx, named)
}

// search reads the whole index until it has found one.
func (a *API) search(ctx context.Context, named func(sessions.Record) bool) (*sessions.Record, error) {
	for after := ""; ; {
		records, next, err := a.o.Index.All(ctx, after, searchPage)
		if err != nil {
			return nil, a.away("looking for a session", err)
		}
		if i := slices.IndexFunc(records, named); i >= 0 {
			return &records[i], nil
		}
		if after = next; next == "" {
			return nil, errNoSession()
		}
	}
}

func errNoSession() error {
	return status.Error(codes.NotFound, "the index knows no session of this name; it is advisory: what it does not know may live, and can be revoked all the same")
}

// ListSessions implements edgeauthv1.SessionServiceServer.
func (a *API) ListSessions(ctx context.Context, req *edgeauthv1.ListSessionsRequest) (*edgeauthv1.ListSessionsResponse, error) {
	records, next, err := a.page(ctx, req)
	if err != nil {
		return nil, err
	}
	resp := &edgeauthv1.ListSessionsResponse{NextPageToken: base64.RawURLEncoding.EncodeToString([]byte(next))}
	for i := range records {
		s := a.session(&records[i])
		ended := s.State == edgeauthv1.SessionState_SESSION_STATE_REVOKED || s.State == edgeauthv1.SessionState_SESSION_STATE_EXPIRED
		if !ended || req.GetIncludeEnded() {
			resp.Sessions = append(resp.Sessions, s)
		}
	}
	return resp, nil
}

func (a *API) page(ctx context.Context, req *edgeauthv1.ListSessionsRequest) (records []sessions.Record, next string, err error) {
	after, err := base64.RawURLEncoding.Strict().DecodeString(req.GetPageToken())
	switch {
	case err != nil, base64.RawURLEncoding.EncodeToString(after) != req.GetPageToken(), // decoding passes over line ends
		req.GetSubject() != nil && len(after) > 0:
		return nil, "", status.Error(codes.InvalidArgument, notHandedOut)
	case req.GetSubject() != nil:
		subject, err := a.subject(req.GetSubject())
		if err != nil {
			return nil, "", err
		}
		if records, err = a.o.Index.Of(ctx, subject); err != nil {
			return nil, "", a.away("reading the sessions of a person", err)
		}
		return records, "", nil
	}
	size := int(req.GetPageSize())
	if size == 0 {
		size = defaultPage
	}
	records, next, err = a.o.Index.All(ctx, string(after), size)
	switch {
	case errors.Is(err, ErrCursor):
		return nil, "", status.Error(codes.InvalidArgument, notHandedOut)
	case err != nil:
		return nil, "", a.away("reading a page of sessions", err)
	}
	return records, next, nil
}

// subject resolves who is meant.
func (a *API) subject(p *edgeauthv1.Person) (identity.Subject, error) {
	name, issuer := p.GetProvider(), p.GetIssuer()
	if issuer != "" {
		return identity.Subject{Issuer: issuer, Sub: p.GetSub()}, nil
	}
	if name == "" && len(a.o.Providers) == 1 {
		name = a.o.Providers[0].Name
	}
	i := slices.IndexFunc(a.o.Providers, func(o Provider) bool { return o.Name == name })
	if i < 0 {
		return identity.Subject{}, status.Errorf(codes.InvalidArgument,
			"subject.provider: is none of the %d that are configured; a sub has a meaning only together with its provider", len(a.o.Providers))
	}
	return identity.Subject{Issuer: a.o.Providers[i].Issuer, Sub: p.GetSub()}, nil
}

// away logs what a store said and tells the caller that it could not be asked.
func (a *API) away(doing string, err error) error {
	a.o.Logger.Warn("the governance API cannot read the session index", "doing", doing, "error", err)
	return status.Error(codes.Unavailable, "the store that holds the session index cannot be asked; revoking works without it")
}
