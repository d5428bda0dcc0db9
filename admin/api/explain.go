package api

import (
	"context"
	"errors"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/edgeauth/edgeauth/admin/edgeauthv1"
	"github.com/edgeauth/edgeauth/audit"
	"github.com/edgeauth/edgeauth/identity"
)

// ErrQuestion is wrapped by an Explainer's error about the question itself. Its text is shown to whoever asked.
var ErrQuestion = errors.New("the question makes no sense")

// Question is a request that somebody might make who has just logged in.
type Question struct {
	URL, Method     string // an empty method is GET
	Who             *identity.Subject
	Username, Email string
	EmailUnverified bool
	Groups          []string
	Claims          map[string][]string
	Level           identity.Level // empty: what the assessment and the log ask for
	ACR             string
	AMR             []string
	AuthTime        time.Time // zero: At
	NoAuthTime      bool
	Client          string    // address; empty: no assessment
	At              time.Time // zero: now
	Device          string    // new, known or an age; empty: new
	UserAgent, JA4  string
}

// Explanation is a verdict with all that led to it, as the JSON of docs/explain.md.
type Explanation struct {
	Action, Reason string
	JSON           []byte
}

// Explainer decides a request as this edge would. Errors about the question wrap ErrQuestion.
type Explainer interface {
	Explain(context.Context, *Question) (Explanation, error)
}

// Explain implements edgeauthv1.SessionServiceServer.
func (a *API) Explain(ctx context.Context, req *edgeauthv1.ExplainRequest) (*edgeauthv1.ExplainResponse, error) {
	if a.o.Explain == nil {
		return nil, status.Error(codes.Unimplemented, "this edge explains nothing")
	}
	q, err := a.question(req)
	if err != nil {
		return nil, err
	}
	x, err := a.o.Explain.Explain(ctx, q)
	switch {
	case errors.Is(err, ErrQuestion):
		return nil, status.Error(codes.InvalidArgument, audit.Text(err.Error(), longest))
	case err != nil:
		a.o.Logger.Warn("a request cannot be explained", "error", err)
		return nil, status.Error(codes.Internal, "it cannot be explained")
	}
	all := &structpb.Struct{}
	if err := protojson.Unmarshal(x.JSON, all); err != nil {
		a.o.Logger.Warn("an explanation cannot be read", "error", err)
		return nil, status.Error(codes.Internal, "it cannot be explained")
	}
	return &edgeauthv1.ExplainResponse{Action: x.Action, Reason: x.Reason, Explanation: all}, nil
}

func (a *API) question(req *edgeauthv1.ExplainRequest) (*Question, error) {
	q := &Question{
		URL: req.GetUrl(), Method: req.GetMethod(), Username: req.GetUsername(), Email: req.GetEmail(), EmailUnverified: req.GetEmailUnverified(),
		Groups: req.GetGroups(), Claims: map[string][]string{}, Level: identity.Level(req.GetLevel()), ACR: req.GetAcr(), AMR: req.GetAmr(),
		AuthTime: moment(req.GetAuthTime()), NoAuthTime: req.GetNoAuthTime(), Client: req.GetClient(), At: moment(req.GetAt()),
		Device: req.GetDevice(), UserAgent: req.GetUserAgent(), JA4: req.GetJa4(),
	}
	for _, c := range req.GetClaims() {
		q.Claims[c.GetName()] = append(q.Claims[c.GetName()], c.GetValues()...)
	}
	if req.GetSubject() == nil {
		return q, nil
	}
	who, err := a.subject(req.GetSubject())
	q.Who = &who
	return q, err
}

// moment is the inverse of stamp.
func moment(t *timestamppb.Timestamp) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.AsTime()
}
