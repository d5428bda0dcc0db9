package proxy

import (
	"errors"
	"net/http"

	"github.com/edgeauth/edgeauth/audit"
	"github.com/edgeauth/edgeauth/policy"
	"github.com/edgeauth/edgeauth/proxy/internal/identify"
	"github.com/edgeauth/edgeauth/web"
)

// identify prepares what the upstream is told of a session. What cannot be told in full is not told in part.
func (x *exchange) identify(r *http.Request, o *opened) error {
	t, err := x.h.tell(o, x.route.cfg.Upstream, x.now)
	if errors.Is(err, identify.ErrTooLarge) {
		x.record.Verdict, x.record.Reason = policy.Deny.String(), reasonTooLarge
		x.audit(r, audit.AccessDenied, o, reasonTooLarge)
		return &web.Error{Code: http.StatusForbidden, Reason: reasonTooLarge, Title: "No access", Err: err,
			Public: "What is known of you does not fit into what the application can read. Please tell the operator the request ID."}
	}
	if err != nil {
		return err
	}
	x.bearer, x.told = o, t
	return nil
}

// checkOrigin refuses what a page of another origin does in somebody's name, and notes the upgrade, if any.
func (x *exchange) checkOrigin(r *http.Request) error {
	identified := x.bearer != nil
	if identified && x.h.crossOrigin(r, x.route) {
		return x.foreign(r)
	}
	if x.upgrade = upgradeOf(r); x.upgrade == "" {
		return nil
	}
	if x.h.foreignUpgrade(r, x.route, identified) {
		return x.foreign(r)
	}
	if x.upgrade != "websocket" {
		return nil
	}
	var err error
	x.accept, err = acceptOf(r)
	return err
}

func (x *exchange) foreign(r *http.Request) error {
	x.record.Verdict, x.record.Reason = policy.Deny.String(), reasonCrossOrigin
	x.audit(r, audit.AccessDenied, x.bearer, reasonCrossOrigin)
	return &web.Error{Code: http.StatusForbidden, Reason: reasonCrossOrigin, Title: "Refused",
		Public: "A page of another site made this request in your name."}
}

// carry hands the exchange to the upstream's engine, and keeps it among those that are open meanwhile.
func (x *exchange) carry(w http.ResponseWriter, r *http.Request) error {
	x.watchBody(r)
	l, err := x.begin(w, r)
	if err != nil {
		return err
	}
	defer l.finish(r)
	x.live = l
	x.hand(w, r.WithContext(l.ctx))
	for name, values := range l.trailer {
		w.Header()[http.TrailerPrefix+name] = values
	}
	return nil
}

// watchBody notes what becomes of the request's body.
func (x *exchange) watchBody(r *http.Request) {
	if r.ContentLength != 0 && r.Body != nil {
		x.body = &clientBody{ReadCloser: r.Body}
		r.Body = x.body
	}
}

// hand hands the exchange to the upstream's engine, which may panic.
func (x *exchange) hand(w http.ResponseWriter, r *http.Request) {
	answered := false
	defer func() { x.linger(w, r, answered) }()
	x.route.cfg.Upstream.engine.carry(w, r, x)
	answered = true
}
