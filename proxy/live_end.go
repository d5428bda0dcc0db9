package proxy

import (
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/edgeauth/edgeauth/web"
)

// answers prepares an exchange for the answer that begins, by what that turns out to be. The error, one too many, is for the
// client.
//
// An event stream that is cut just ends: whoever reads events drops a half one at the end and asks again (HTML, 9.2.6), to be
// told then what is missing. A gRPC call ends with a status. Everything else breaks off, so that nobody takes a part for the
// whole.
func (l *live) answers(res *http.Response, body *trailed) error {
	media, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type"))
	if media == eventStream {
		body.cut = io.EOF
		return l.in.become(l, Events)
	}
	if l.asked == GRPC && strings.HasPrefix(media, "application/grpc") {
		l.call(res, media)
	}
	if l.asked == Events {
		return l.in.become(l, Other)
	}
	return nil
}

// instead answers a request that was cut before its answer began, like one that comes now.
func (l *live) instead(w http.ResponseWriter, r *http.Request) {
	x, v := l.x, *l.ended()
	x.record.Verdict, x.record.Reason = v.Action.String(), string(v.Reason)
	if err := x.refuse(w, r, v); err != nil {
		x.h.opt.Pages.Fail(w, r, err)
	}
}

// tooMany reports whether an exchange failed because its answer showed that it is one too many.
func tooMany(err error) (*web.Error, bool) {
	e, ok := err.(*web.Error)
	return e, ok && e.Reason == reasonTooMany
}
