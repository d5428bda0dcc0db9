package api

import (
	"context"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/edgeauth/edgeauth/admin/edgeauthv1"
)

// newREST is the service as REST: grpc-gateway in front of it, in this process. Field names are those of the .proto.
func newREST(a *API) (http.Handler, error) {
	mux := runtime.NewServeMux(
		runtime.WithMarshalerOption(runtime.MIMEWildcard, newForm()),
		runtime.WithErrorHandler(refuse),
		runtime.WithIncomingHeaderMatcher(func(string) (string, bool) { return "", false }),
	)
	if err := edgeauthv1.RegisterSessionServiceHandlerClient(context.Background(), mux, edgeauthv1.NewSessionServiceClient(inside{a})); err != nil {
		return nil, fmt.Errorf("routing the governance API: %w", err)
	}
	return restRules(a.restEvents(mux), mux), nil
}

// restRules keeps pages of other origins out: a browser that has a client certificate would send it along with what any page asks for.
// What such a browser says of the page decides; and no page can send JSON elsewhere without asking first, which is not answered.
func restRules(events, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		if site := r.Header.Get("Sec-Fetch-Site"); site == "cross-site" || site == "same-site" {
			answer(w, status.New(codes.PermissionDenied, "a page of another origin made this request"), http.StatusForbidden)
			return
		}
		kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
		if r.Method == http.MethodPost && (err != nil || kind != "application/json") {
			answer(w, status.New(codes.InvalidArgument, "the body must be JSON, with Content-Type: application/json"), http.StatusUnsupportedMediaType)
			return
		}
		if r.Method == http.MethodGet && r.URL.Path == "/v1/events" {
			events.ServeHTTP(w, r)
			return
		}
		if _, err := known(r.URL, parametersOf(r)); err != nil {
			answer(w, status.Convert(err), http.StatusBadRequest)
			return
		}
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(readTimeout)) // every server of ours can
		r.Body = http.MaxBytesReader(w, r.Body, maxRequest)
		if callOf(r.Context()).mayNothing() {
			r.Body = http.NoBody // the gateway reads a message before the guard asks who sent it; see serveGRPC
		}
		next.ServeHTTP(w, r)
	})
}

// refuse writes an error as google.rpc.Status in JSON.
func refuse(_ context.Context, _ *runtime.ServeMux, _ runtime.Marshaler, w http.ResponseWriter, _ *http.Request, err error) {
	st, code := status.Convert(err), 0
	if h, ok := errors.AsType[*runtime.HTTPStatusError](err); ok {
		st, code = status.Convert(h.Err), h.HTTPStatus
	}
	if code == 0 {
		code = runtime.HTTPStatusFromCode(st.Code())
	}
	answer(w, st, code)
}

func answer(w http.ResponseWriter, st *status.Status, code int) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	switch st.Code() {
	case codes.Unauthenticated:
		h.Set("WWW-Authenticate", "Bearer") // RFC 6750, section 3
	case codes.ResourceExhausted, codes.Unavailable:
		h.Set("Retry-After", "1")
	}
	body, err := newForm().Marshal(st.Proto())
	if err != nil { // a detail of a kind that is not linked in
		body = []byte(`{"code":13}`)
	}
	w.WriteHeader(code)
	_, _ = w.Write(body) // a caller who has gone needs no answer
}

// known reads query parameters, and refuses those that name no field of a request or cannot be read, which would be passed over
// otherwise: a mistyped condition would widen what was asked for. The gateway can be told to refuse them itself, but keeps that in a variable of its package, which each new API
// would write while another one answers.
func known(of *url.URL, request protoreflect.MessageDescriptor) (url.Values, error) {
	values, err := url.ParseQuery(of.RawQuery)
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	for name := range values {
		if request == nil || !hasField(request, strings.Split(name, ".")) {
			return nil, status.Error(codes.InvalidArgument, fmt.Sprintf("there is no parameter %.100q", name))
		}
	}
	return values, nil
}

// parametersOf describes the message that the query of a request is read into; nil where none is.
func parametersOf(r *http.Request) protoreflect.MessageDescriptor {
	switch {
	case r.Method != http.MethodGet:
		return nil
	case r.URL.Path == "/v1/sessions":
		return (&edgeauthv1.ListSessionsRequest{}).ProtoReflect().Descriptor()
	}
	return (&edgeauthv1.GetSessionRequest{}).ProtoReflect().Descriptor()
}

func hasField(m protoreflect.MessageDescriptor, path []string) bool {
	f := m.Fields().ByTextName(path[0])
	if f == nil {
		f = m.Fields().ByJSONName(path[0])
	}
	switch {
	case f == nil:
		return false
	case len(path) == 1:
		return f.Message() == nil
	}
	return f.Message() != nil && hasField(f.Message(), path[1:])
}

// inside calls the service in this process, through the same guard as gRPC. It carries no streams.
type inside struct{ api *API }

// Invoke implements grpc.ClientConnInterface.
func (c inside) Invoke(ctx context.Context, method string, args, reply any, _ ...grpc.CallOption) error {
	for _, m := range edgeauthv1.SessionService_ServiceDesc.Methods {
		if m.MethodName != path.Base(method) {
			continue
		}
		read := func(in any) error { proto.Merge(in.(proto.Message), args.(proto.Message)); return nil }
		out, err := m.Handler(c.api, ctx, read, c.api.unary)
		if err == nil {
			proto.Merge(reply.(proto.Message), out.(proto.Message))
		}
		return err
	}
	return status.Error(codes.Unimplemented, "there is no such method")
}

// NewStream implements grpc.ClientConnInterface.
func (inside) NewStream(context.Context, *grpc.StreamDesc, string, ...grpc.CallOption) (grpc.ClientStream, error) {
	return nil, status.Error(codes.Unimplemented, "streams have a handler of their own")
}
