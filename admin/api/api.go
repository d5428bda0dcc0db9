package api

import (
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"buf.build/go/protovalidate"
	"google.golang.org/grpc"

	"github.com/edgeauth/edgeauth/admin/edgeauthv1"
	"github.com/edgeauth/edgeauth/audit"
	"github.com/edgeauth/edgeauth/identity"
)

// maxRequest bounds a request's message, in bytes: the longest honest one is an explanation with many groups and claims.
const maxRequest = 256 << 10

// Options are what an API is made of. All are needed but Explain: without one, Explain is not implemented.
type Options struct {
	Index     Index
	Standings Standings
	Log       Log
	Events    *Hub
	Explain   Explainer
	Providers []Provider
	Levels    []identity.Level // the weakest first
	Audit     *audit.Log
	Logger    *slog.Logger
	Now       func() time.Time
	Lead      func() time.Duration // by how much other edges' clocks may be ahead of this one's
	Burden    Weigh
}

// Provider is an identity provider by the names that it goes by.
type Provider struct{ Name, Issuer string }

// API serves the governance API for one configuration. It is safe for concurrent use.
type API struct {
	edgeauthv1.UnimplementedSessionServiceServer

	o     Options
	valid protovalidate.Validator
	limit *limits
	grpc  *grpc.Server
	rest  http.Handler

	end   sync.Once
	ended chan struct{} // closed when streams have to end
}

// New makes an API. It does no network and starts nothing.
func New(o Options) (*API, error) {
	valid, err := protovalidate.New(protovalidate.WithMessages(requests()...), protovalidate.WithDisableLazy())
	if err != nil {
		return nil, fmt.Errorf("compiling the rules of requests: %w", err)
	}
	a := &API{o: o, valid: valid, limit: newLimits(o.Now), ended: make(chan struct{})}
	a.grpc = grpc.NewServer(grpc.MaxRecvMsgSize(maxRequest), grpc.UnaryInterceptor(a.unary), grpc.StreamInterceptor(a.stream))
	edgeauthv1.RegisterSessionServiceServer(a.grpc, a)
	a.rest, err = newREST(a)
	return a, err
}

// End ends all streams, so that a server can shut down or another API take this one's place. Other calls go on.
func (a *API) End() { a.end.Do(func() { close(a.ended) }) }

// Handler answers gRPC (over HTTP/2) and REST for callers whom who knows.
func (a *API) Handler(who Authenticator) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = r.WithContext(a.withCaller(r, who))
		a.bound(w, r)
		if r.ProtoMajor == 2 && strings.HasPrefix(r.Header.Get("Content-Type"), "application/grpc") {
			a.serveGRPC(w, r)
			return
		}
		a.rest.ServeHTTP(w, r)
	})
}
