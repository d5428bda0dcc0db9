package api

import (
	"context"
	"net/http"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"github.com/grpc-ecosystem/grpc-gateway/v2/utilities"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/edgeauth/edgeauth/admin/edgeauthv1"
)

// restEvents is ListEvents as the gateway writes streams: one JSON object a line, {"result": …}, and {"error": …} as the last one.
// The gateway's own would need a connection to this very server.
func (a *API) restEvents(mux *runtime.ServeMux) http.Handler {
	method := edgeauthv1.SessionService_ServiceDesc.Streams[0]
	info := &grpc.StreamServerInfo{FullMethod: edgeauthv1.SessionService_ListEvents_FullMethodName, IsServerStream: true}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := &restStream{ctx: r.Context(), w: w, flush: http.NewResponseController(w), request: &edgeauthv1.ListEventsRequest{}}
		asked, err := known(r.URL, s.request.ProtoReflect().Descriptor())
		if err == nil {
			if err = runtime.PopulateQueryParameters(s.request, asked, utilities.NewDoubleArray(nil)); err != nil {
				err = status.Error(codes.InvalidArgument, err.Error())
			}
		}
		if err != nil {
			refuse(r.Context(), mux, nil, w, r, err)
			return
		}
		err = a.stream(a, s, info, method.Handler)
		switch {
		case err == nil || r.Context().Err() != nil:
		case !s.begun:
			refuse(r.Context(), mux, nil, w, r, err)
		default:
			_ = s.line("error", status.Convert(err).Proto()) // a caller who has gone needs no answer
		}
	})
}

// restStream is a gRPC stream to one REST client.
type restStream struct {
	ctx     context.Context
	w       http.ResponseWriter
	flush   *http.ResponseController
	request *edgeauthv1.ListEventsRequest
	begun   bool
}

// Context implements grpc.ServerStream.
func (s *restStream) Context() context.Context { return s.ctx }

// RecvMsg implements grpc.ServerStream.
func (s *restStream) RecvMsg(m any) error {
	proto.Merge(m.(proto.Message), s.request)
	return nil
}

// SendHeader implements grpc.ServerStream.
func (s *restStream) SendHeader(metadata.MD) error {
	s.begun = true
	s.w.Header().Set("Content-Type", "application/x-ndjson")
	s.w.WriteHeader(http.StatusOK)
	return s.flush.Flush()
}

// SendMsg implements grpc.ServerStream.
func (s *restStream) SendMsg(m any) error { return s.line("result", m.(proto.Message)) }

// line writes one object.
func (s *restStream) line(name string, m proto.Message) error {
	body, err := newForm().Marshal(m)
	if err != nil {
		return status.Error(codes.Internal, "an item cannot be written")
	}
	if _, err := s.w.Write([]byte(`{"` + name + `":` + string(body) + "}\n")); err != nil {
		return status.Error(codes.Unavailable, "the client has gone")
	}
	return s.flush.Flush()
}

// SetHeader implements grpc.ServerStream: there are none.
func (s *restStream) SetHeader(metadata.MD) error { return nil }

// SetTrailer implements grpc.ServerStream: there are none.
func (s *restStream) SetTrailer(metadata.MD) {}
