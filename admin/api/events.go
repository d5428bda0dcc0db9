package api

import (
	"slices"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/edgeauth/edgeauth/admin/edgeauthv1"
	"github.com/edgeauth/edgeauth/audit"
	"github.com/edgeauth/edgeauth/identity"
)

const (
	pulse         = 15 * time.Second // how often a silent stream says that it lives
	longestStream = time.Hour        // so that nobody follows for longer than their role is looked at
)

type eventStream = grpc.ServerStreamingServer[edgeauthv1.ListEventsResponse]

// ListEvents implements edgeauthv1.SessionServiceServer. It ends when the client goes, when what proved the client ends, after an
// hour, and when this API does.
func (a *API) ListEvents(req *edgeauthv1.ListEventsRequest, out eventStream) error {
	wants, err := a.wanted(req)
	if err != nil {
		return err
	}
	f := a.o.Events.follow(wants)
	defer a.o.Events.leave(f)
	if err := out.SendHeader(metadata.MD{}); err != nil { // from now on nothing is missed
		return err
	}
	end := time.NewTimer(a.left(callOf(out.Context()).caller))
	defer end.Stop()
	tick := time.NewTicker(pulse)
	defer tick.Stop()
	for {
		select {
		case <-out.Context().Done():
			return status.FromContextError(out.Context().Err()).Err()
		case <-a.ended:
			return status.Error(codes.Unavailable, "this edge stops, or has another configuration: begin again")
		case <-end.C:
			return status.Error(codes.Unauthenticated, "the stream has lasted as long as one may: prove again who you are, and begin again")
		case <-tick.C:
			err = out.Send(&edgeauthv1.ListEventsResponse{Item: &edgeauthv1.ListEventsResponse_Pulse{Pulse: &edgeauthv1.Pulse{At: stamp(a.o.Now())}}})
		case <-f.ready:
			err = drain(f, out)
		}
		if err != nil {
			return err
		}
	}
}

// left is how long a stream may last.
func (a *API) left(c Caller) time.Duration {
	if c.Until.IsZero() {
		return longestStream
	}
	return max(0, min(longestStream, c.Until.Sub(a.o.Now())))
}

// drain sends all that waits.
func drain(f *follower, out eventStream) error {
	for e, lost := f.next(); e != nil; e, lost = f.next() {
		if lost > 0 {
			item := &edgeauthv1.ListEventsResponse_Lost{Lost: &edgeauthv1.Lost{Events: lost}}
			if err := out.Send(&edgeauthv1.ListEventsResponse{Item: item}); err != nil {
				return err
			}
		}
		if err := out.Send(&edgeauthv1.ListEventsResponse{Item: &edgeauthv1.ListEventsResponse_Event{Event: event(e)}}); err != nil {
			return err
		}
	}
	return nil
}

// wanted is what a request asks for.
func (a *API) wanted(req *edgeauthv1.ListEventsRequest) (func(*audit.Event) bool, error) {
	var subject identity.Subject
	if req.GetSubject() != nil {
		var err error
		if subject, err = a.subject(req.GetSubject()); err != nil {
			return nil, err
		}
	}
	for _, n := range req.GetNames() {
		if !slices.Contains(audit.Names(), audit.Name(n)) {
			return nil, status.Errorf(codes.InvalidArgument, "names: there is no event %q", n)
		}
	}
	return func(e *audit.Event) bool {
		return (len(req.GetNames()) == 0 || slices.Contains(req.GetNames(), string(e.Name))) &&
			(subject.IsZero() || e.Subject == subject) &&
			(req.GetSession() == "" || e.Session == req.GetSession())
	}, nil
}
