package proxy

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"time"

	"github.com/edgeauth/edgeauth/audit"
	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/policy"
	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/risk"
	"github.com/edgeauth/edgeauth/web"
)

// Watch looks at sessions whose requests come from elsewhere than before.
type Watch interface {
	// Digest tells network, place and client of a visit from others. It reads memory only.
	Digest(*risk.Visit) risk.Digest
	// Assess never fails: what it cannot tell, it says.
	Assess(context.Context, risk.Visit) risk.Finding
}

// Revoker writes to the log. What it was given acts on this edge at once.
type Revoker interface {
	Write(ctx context.Context, entries ...revocation.Entry) (revocation.Delivery, error)
}

const (
	// assessTimeout bounds what an assessment within a session may wait for the store.
	assessTimeout = 2 * time.Second
	// assessAgain is after which time one is tried again that went without the history, or was one too many. The session goes on meanwhile:
	// an outage raises nobody's level.
	assessAgain = 10 * time.Second
)

var errMovesOften = errors.New("the session moves too often for each move to be assessed")

// whereabouts are what of a request says where it comes from, as it stands in the request: as long as that is the same,
// nothing has to be looked up.
type whereabouts struct {
	client netip.Addr
	agent  string
	ja4    string
}

// seen is where a session's requests came from last, and what that was found to be.
type seen struct {
	whereabouts
	digest risk.Digest
	until  time.Time // after which it is looked at again; zero: never
	raised bool      // the subject's level was raised for it
}

// moved has a session assessed whose request comes from another network, place or client than it was issued for and than
// its last request. It reports whether that raised its level, so that the request has to be decided anew.
func (x *exchange) moved(r *http.Request, v policy.Verdict, o *opened) bool {
	h := x.h
	if h.opt.Watch == nil || o == nil || risk.Digest(o.session.Signals) == (risk.Digest{}) || !living(v) {
		return false
	}
	here := whereabouts{x.record.Client, r.Header.Get("User-Agent"), x.record.JA4}
	if o.at(here, x.now) {
		return false
	}
	o.looking.Lock() // requests that arrive together are one move
	defer o.looking.Unlock()
	if o.at(here, x.now) {
		return o.last.Load().raised
	}
	visit := x.visit(r, o)
	now := &seen{whereabouts: here, digest: h.opt.Watch.Digest(&visit)}
	last := o.last.Load()
	if now.digest != risk.Digest(o.session.Signals) && (last == nil || last.digest != now.digest || !last.until.IsZero()) {
		if web.IsWebSocket(r) {
			visit.JA4 = "" // history compares the hello of pages, which offers more; the digest does not tell them apart
		}
		x.assess(r, o, visit, now)
	}
	o.last.Store(now)
	return now.raised
}

// living reports whether a verdict is about a session in good standing. A public route admits what was revoked or has ended
// as nobody; such a session speaks for its subject no more, and must not raise their level.
func living(v policy.Verdict) bool {
	if v.Action == policy.Allow {
		return v.Identified
	}
	return v.Action != policy.Login && v.Action != policy.Stale
}

// at reports whether the session's last request came from there, and was looked at for good.
func (o *opened) at(here whereabouts, now time.Time) bool {
	last := o.last.Load()
	return last != nil && last.whereabouts == here && (last.until.IsZero() || now.Before(last.until))
}

// visit is a request of a session as an assessment sees it.
func (x *exchange) visit(r *http.Request, o *opened) risk.Visit {
	s := o.session
	v := risk.Visit{Subject: s.Subject, Groups: s.Groups, Assurance: s.Assurance,
		Address: x.record.Client, Header: r.Header, JA4: x.record.JA4}
	// A session's cookie without its device's is a copy more often than a browser.
	if v.Device = identity.NewDeviceID(); s.Device.IsZero() {
		v.Device = identity.DeviceID{}
	}
	if d, known := x.h.opt.Cookies.Device(r); known && d.ID == s.Device {
		v.Device, v.DeviceSince = d.ID, d.Since
	}
	return v
}

// assess raises the subject's level if the visit asks for more than the session has proven since.
func (x *exchange) assess(r *http.Request, o *opened, v risk.Visit, now *seen) {
	if !x.h.moves.permits(o.session.Family, x.now) {
		now.until = x.now.Add(assessAgain)
		x.record.Note(errMovesOften)
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), assessTimeout)
	defer cancel()
	st := x.h.standing(o)
	b, known := x.h.opt.Levels.Weigh(&o.policy, &st, x.now)
	v.Unmet = !b.Proven
	f := x.h.opt.Watch.Assess(ctx, v)
	e := f.Event()
	e.Subject, e.Session = o.session.Subject, o.family
	x.event(r, e)
	if !f.HistoryKnown {
		now.until = x.now.Add(assessAgain)
		return
	}
	if !f.Enforced || !known || !x.h.opt.Levels.Stricter(f.Level, x.h.opt.Levels.Weakest()) || !b.Proven && !x.h.opt.Levels.Stricter(f.Level, b.Need.Level) {
		return
	}
	d, err := x.h.opt.Revoker.Write(ctx, f.Floor(o.session.Subject, revocation.MillisOf(x.now)))
	if err != nil {
		x.record.Note(err)
		return
	}
	now.raised = true
	x.event(r, audit.Event{Name: audit.LevelRaised, Subject: o.session.Subject, Session: o.family, Level: string(f.Level), Reason: f.Why(),
		Actor: "risk", Delivery: d.String()})
}

// elsewhere returns the digest of where the session's requests come from now, if a new cookie should carry it: it was
// assessed, and nothing was found.
func (o *opened) elsewhere() (risk.Digest, bool) {
	last := o.last.Load()
	if last == nil || last.raised || !last.until.IsZero() || last.digest == risk.Digest(o.session.Signals) {
		return risk.Digest{}, false
	}
	return last.digest, true
}
