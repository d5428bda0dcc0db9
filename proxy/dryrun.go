package proxy

import (
	"errors"
	"net/http"
	"time"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/policy"
	"github.com/edgeauth/edgeauth/proxy/internal/target"
	"github.com/edgeauth/edgeauth/web"
)

// Candidate is a policy that is evaluated beside the one in force, for each request that is decided. It changes no answer:
// it comes second, writes nothing that a decision reads, and what goes wrong in it stays in it.
type Candidate struct {
	table  *table
	report func(*http.Request, Difference)
}

// NewCandidate compiles the candidate's routes of one origin. Report is called for each difference, while the request waits.
func NewCandidate(routes []RouteConfig, report func(*http.Request, Difference)) (*Candidate, error) {
	t, err := compileAll(routes)
	if err != nil {
		return nil, err
	}
	return &Candidate{t, report}, nil
}

// Difference is a request that a candidate would answer otherwise.
type Difference struct {
	Live, Candidate Outcome
	Subject         identity.Subject // zero: nobody is known
	Session         string           // its family's name
}

// Outcome is what becomes of a request under one policy.
type Outcome struct {
	Action string // a policy.Action; "refuse" where no route is met, "error" where a candidate failed
	Reason string
	Route  string // its name; empty: none
}

const (
	actionRefuse = "refuse"
	actionError  = "error"
)

// refused is the outcome of a request that no route decides.
func refused(err error) Outcome {
	var answer *web.Error
	if errors.As(err, &answer) {
		return Outcome{Action: actionRefuse, Reason: answer.Reason}
	}
	return Outcome{Action: actionRefuse, Reason: "invalid"}
}

func decided(r *Route, v policy.Verdict) Outcome {
	return Outcome{Action: v.Action.String(), Reason: string(v.Reason), Route: r.cfg.Name}
}

// compare reports a request that the candidate would answer otherwise. O is the session that the request was decided with.
func (h *Handler) compare(r *http.Request, t target.Target, live Outcome, o *opened, now time.Time) {
	c := h.opt.Candidate
	if c == nil {
		return
	}
	d := Difference{Live: live, Candidate: c.try(h, r, t, o, now)}
	if d.Live.Action == d.Candidate.Action {
		return
	}
	if o != nil {
		d.Subject, d.Session = o.session.Subject, o.family
	}
	defer func() { _ = recover() }() // a report that fails is no reason to fail the request
	c.report(r, d)
}

// refuse reports to the candidate that a request is refused without a verdict, and returns the error.
func (h *Handler) refuse(r *http.Request, t target.Target, err error) error {
	if h.opt.Candidate != nil && err != nil {
		now := h.opt.Now()
		o, _ := h.find(r, now)
		h.compare(r, t, refused(err), o, now)
	}
	return err
}

// try decides by the candidate.
func (c *Candidate) try(h *Handler, r *http.Request, t target.Target, o *opened, now time.Time) (out Outcome) {
	defer func() {
		if recover() != nil {
			out = Outcome{Action: actionError, Reason: "panic"}
		}
	}()
	route, err := c.table.find(t, r.Method)
	if err != nil {
		return refused(err)
	}
	q, err := h.asked(r, route, t)
	if err != nil {
		return refused(err)
	}
	v := h.verdict(route, o, q, now)
	if v.Action != policy.Allow {
		return decided(route, v)
	}
	below, err := c.table.below(route, t, r.Method)
	if err != nil {
		return refused(err)
	}
	if below == nil {
		return decided(route, v)
	}
	if q, err = h.asked(r, below, t.Strip(route.strip)); err != nil {
		return refused(err)
	}
	if under := h.verdict(below, o, q, now); under.Action != policy.Allow {
		return decided(below, under)
	}
	return decided(route, v)
}

// compileAll makes a table of routes.
func compileAll(routes []RouteConfig) (*table, error) {
	var compiled []*Route
	for _, cfg := range routes {
		r, err := compile(cfg)
		if err != nil {
			return nil, err
		}
		compiled = append(compiled, r)
	}
	return newTable(compiled)
}
