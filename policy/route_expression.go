package policy

import "time"

// allowed decides by the route's expression. What cannot be evaluated lets nobody in.
func (r *Route) allowed(s *Session, b *Burden, q *Request, now time.Time) Verdict {
	switch {
	case r.Allow == nil:
		return Verdict{Action: Allow, Reason: Permitted}
	case r.unkept(r.Allow, s):
		return Verdict{Action: Login, Reason: SelectionOld}
	}
	j := r.Allow.judge(s, b.situation(), q, now)
	switch {
	case j.holds:
		return Verdict{Action: Allow, Reason: Permitted}
	case j.fault == "":
		return Verdict{Action: Deny, Reason: ExpressionFalse}
	case r.Allow.missesClaim(s): // the provider said nothing of it: that is no fault of the expression
		return Verdict{Action: Deny, Reason: ClaimMissing, Fault: j.fault}
	}
	return Verdict{Action: Deny, Reason: ExpressionError, Fault: j.fault}
}

// demanded decides by how well it was proven who somebody is, as far as that is asked of this request.
func (r *Route) demanded(s *Session, b *Burden, q *Request, now time.Time) Verdict {
	v := r.assured(s, b, now)
	if v.Action == StepUp && r.When != nil {
		return r.when(v, s, b, q, now)
	}
	return v
}

// when lets a request off what v demands if the route demands it of others only. What cannot be evaluated lets off nobody.
func (r *Route) when(v Verdict, s *Session, b *Burden, q *Request, now time.Time) Verdict {
	if r.unkept(r.When, s) {
		return Verdict{Action: Login, Reason: SelectionOld}
	}
	switch j := r.When.judge(s, b.situation(), q, now); {
	case j.fault != "":
		v.Fault = j.fault
	case !j.holds:
		return Verdict{Action: Allow, Reason: Permitted}
	}
	return v
}

// unkept reports whether e asks for a group or claim that the session may lack only because no route asked for it when
// the session began. Neither its presence nor its absence is known then.
func (r *Route) unkept(e *Expression, s *Session) bool {
	return s.Selection != r.Selection && e.misses(s)
}
