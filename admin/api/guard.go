package api

import (
	"context"
	"errors"
	"path"
	"runtime/debug"
	"strings"
	"time"

	"buf.build/go/protovalidate"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/edgeauth/edgeauth/admin/edgeauthv1"
	"github.com/edgeauth/edgeauth/audit"
)

// callTimeout bounds every call but a stream.
const callTimeout = 10 * time.Second

// needed is the role that a method asks for. A method that is missing here is nobody's.
func needed(method string) Role {
	switch method {
	case edgeauthv1.SessionService_GetSession_FullMethodName, edgeauthv1.SessionService_ListSessions_FullMethodName,
		edgeauthv1.SessionService_ListEvents_FullMethodName, edgeauthv1.SessionService_Explain_FullMethodName:
		return Viewer
	case edgeauthv1.SessionService_RevokeSession_FullMethodName, edgeauthv1.SessionService_RevokeSessions_FullMethodName,
		edgeauthv1.SessionService_RaiseLevel_FullMethodName:
		return Operator
	}
	return Operator + 1
}

// requests are the messages whose rules are compiled when an API is made.
func requests() []proto.Message {
	return []proto.Message{
		&edgeauthv1.GetSessionRequest{}, &edgeauthv1.ListSessionsRequest{}, &edgeauthv1.RevokeSessionRequest{},
		&edgeauthv1.RevokeSessionsRequest{}, &edgeauthv1.RaiseLevelRequest{}, &edgeauthv1.ListEventsRequest{}, &edgeauthv1.ExplainRequest{},
	}
}

// unary is what every call goes through: is the caller known, may they, is the request one; then the record of what became of it.
func (a *API) unary(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (resp any, err error) {
	defer a.survive(&err)
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	c := callOf(ctx)
	if err = a.admit(&c, info.FullMethod); err == nil {
		if !a.limit.begin() {
			err = status.Error(codes.ResourceExhausted, "too many calls at once; try again in a second")
		} else {
			defer a.limit.done()
			if err = a.check(req); err == nil {
				resp, err = next(ctx, req)
			}
		}
	}
	err = inTime(ctx, err)
	a.record(ctx, &c, info.FullMethod, req, err)
	return resp, err
}

// stream is unary for methods that send many answers. Their request is checked when the method reads it.
func (a *API) stream(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) (err error) {
	defer a.survive(&err)
	ctx := ss.Context()
	c := callOf(ctx)
	err = a.admit(&c, info.FullMethod)
	if err == nil && !a.limit.open(c.caller.Name) {
		err = status.Errorf(codes.ResourceExhausted, "too many streams: %d for one caller, %d for all", callerStream, mostStreams)
	} else if err == nil {
		defer a.limit.shut(c.caller.Name)
	}
	if err != nil {
		a.record(ctx, &c, info.FullMethod, nil, err)
		return err
	}
	return next(srv, &checkedStream{ServerStream: ss, api: a, call: &c, method: info.FullMethod})
}

// survive makes an error of a panic: gRPC calls methods in goroutines of its own, where one would end the edge.
func (a *API) survive(err *error) {
	if p := recover(); p != nil {
		a.o.Logger.Error("a handler panicked", "handler", "governance API", "panic", p, "stack", string(debug.Stack()))
		*err = status.Error(codes.Internal, "something went wrong; the edge's log says what")
	}
}

// checkedStream checks and records the request of a stream.
type checkedStream struct {
	grpc.ServerStream
	api    *API
	call   *call
	method string
}

// RecvMsg implements grpc.ServerStream.
func (s *checkedStream) RecvMsg(m any) error {
	err := s.ServerStream.RecvMsg(m)
	if err == nil {
		err = s.api.check(m)
	}
	s.api.record(s.Context(), s.call, s.method, m, err)
	return err
}

// admit says whether a caller may call a method now.
func (a *API) admit(c *call, method string) error {
	switch {
	case errors.Is(c.err, ErrUnproven):
		return status.Error(codes.Unavailable, ErrUnproven.Error())
	case errors.Is(c.err, ErrNoProof):
		return status.Error(codes.Unauthenticated, ErrNoProof.Error())
	case errors.Is(c.err, ErrOldProof):
		return status.Error(codes.Unauthenticated, ErrOldProof.Error())
	case c.err != nil:
		return status.Error(codes.Unauthenticated, ErrBadProof.Error())
	case c.caller.Role < needed(method):
		return status.Errorf(codes.PermissionDenied, "%s has not the role that %s needs", audit.Text(c.caller.Name, 200), path.Base(method))
	case !a.limit.take(c.caller.Name):
		return status.Error(codes.ResourceExhausted, "too many calls; try again in a second")
	}
	return nil
}

// check refuses what the rules of the .proto do not allow, and fields that this release does not know: who sends them relies on
// something that would not happen.
func (a *API) check(req any) error {
	m, ok := req.(proto.Message)
	if !ok {
		return status.Error(codes.Internal, "no message")
	}
	if hasUnknown(m.ProtoReflect()) {
		return status.Error(codes.InvalidArgument, "the request has a field that this release does not know")
	}
	if name := oddTime(m.ProtoReflect()); name != "" {
		return wrong(&errdetails.BadRequest_FieldViolation{Field: name, Description: "must be a time of the years 1 to 9999, with up to 999,999,999 nanoseconds"})
	}
	err := a.valid.Validate(m)
	broken, ok := errors.AsType[*protovalidate.ValidationError](err)
	switch {
	case err == nil:
		return nil
	case !ok:
		a.o.Logger.Error("a request's rules cannot be applied", "error", err)
		return status.Error(codes.Internal, "the request cannot be checked")
	}
	return violations(broken)
}

// violations says all that is wrong with a request, for people and, field by field, for programs.
func violations(e *protovalidate.ValidationError) error {
	var fields []*errdetails.BadRequest_FieldViolation
	for _, v := range e.Violations {
		fields = append(fields, &errdetails.BadRequest_FieldViolation{Field: protovalidate.FieldPathString(v.Proto.GetField()), Description: v.Proto.GetMessage()})
	}
	return wrong(fields...)
}

func wrong(fields ...*errdetails.BadRequest_FieldViolation) error {
	var texts []string
	for _, f := range fields {
		texts = append(texts, strings.TrimPrefix(f.GetField()+": "+f.GetDescription(), ": "))
	}
	st := status.New(codes.InvalidArgument, audit.Text(strings.Join(texts, "; "), 1000))
	if with, err := st.WithDetails(&errdetails.BadRequest{FieldViolations: fields}); err == nil {
		st = with
	}
	return st.Err()
}

// oddTime names a time that no calendar has. JSON has no way to write one, and the rules of the .proto compare them as they are.
func oddTime(m protoreflect.Message) (name string) {
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		if f.IsList() || f.IsMap() || f.Message() == nil { // no request has a list of times, or one further down
			return true
		}
		if t, ok := v.Message().Interface().(*timestamppb.Timestamp); ok && t.CheckValid() != nil {
			name = string(f.Name())
		}
		return name == ""
	})
	return name
}

func hasUnknown(m protoreflect.Message) bool {
	found := len(m.GetUnknown()) > 0
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.IsMap() || f.Message() == nil: // no request has a map
		case f.IsList():
			for i := range v.List().Len() {
				found = found || hasUnknown(v.List().Get(i).Message())
			}
		default:
			found = found || hasUnknown(v.Message())
		}
		return !found
	})
	return found
}

// inTime names the time limit as the reason for what it broke off.
func inTime(ctx context.Context, err error) error {
	if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return status.Errorf(codes.DeadlineExceeded, "not within %v", callTimeout)
	}
	return err
}
