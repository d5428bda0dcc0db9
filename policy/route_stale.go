package policy

import "time"

// tooOld reports whether the copy of the log is too old to let a session in here.
func (r *Route) tooOld(s *Session, st *Standing, b *Burden, q *Request, now time.Time) bool {
	if st.Staleness <= b.Rule.MaxStaleness {
		return false
	}
	switch b.Rule.Past {
	case PastAllow:
		return false
	case PastDowngrade:
		return r.guarded() && r.guards(s, b, q, now)
	}
	return true
}

// guarded reports whether the route is more than every session may have: it asks for a level or a proof, or some level can
// close it. Whether the session has proven that is no matter. The log may have taken the proof back, or raised the person
// since.
func (r *Route) guarded() bool {
	if r.Level != "" || !r.Proof.IsZero() || r.Allow.Uses().Proof {
		return true
	}
	for _, rule := range r.Levels {
		if overlap(rule.Blocks, r.Classes) {
			return true
		}
	}
	return false
}

// guards reports whether that holds for this request. What cannot be told counts as yes.
func (r *Route) guards(s *Session, b *Burden, q *Request, now time.Time) bool {
	if r.When == nil || r.unkept(r.When, s) {
		return true
	}
	j := r.When.judge(s, b.situation(), q, now)
	return j.holds || j.fault != ""
}
