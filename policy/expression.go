package policy

import (
	"slices"
	"strings"
	"time"
)

// Expression is a condition in CEL (the Common Expression Language, cel.dev) over what is known of a person, their
// session and their request; docs/policy.md lists the names. It is made by [Compiler.Compile], never changed, and safe
// for concurrent use. It looks at nothing but what it is given: it has no clock and no environment.
type Expression struct {
	text string
	run  program
	uses Uses
}

// String is the expression as it was written.
func (e *Expression) String() string { return e.text }

// Uses is what an expression looks at.
type Uses struct {
	Groups     []string // that it asks for by name; sessions must carry them
	Claims     []string // likewise
	Request    bool     // anything of the request
	Query      bool     // its query
	Parameters []string // of the query, by name
	Now        bool     // the time
	Proof      bool     // the session's level, or how its person authenticated
}

// Uses tells what the expression looks at; nil looks at nothing.
func (e *Expression) Uses() Uses {
	if e == nil {
		return Uses{}
	}
	return e.uses
}

// momentary reports whether the expression can change its mind while session and burden stay the same.
func (u *Uses) momentary() bool { return u.Request || u.Now }

// and is what both look at.
func (u Uses) and(v Uses) Uses {
	return Uses{
		Groups: union(u.Groups, v.Groups), Claims: union(u.Claims, v.Claims), Parameters: union(u.Parameters, v.Parameters),
		Request: u.Request || v.Request, Query: u.Query || v.Query, Now: u.Now || v.Now,
		Proof: u.Proof || v.Proof,
	}
}

func union(a, b []string) []string {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}

// judgment is what an expression came to. Fault is why it came to nothing; Holds is false then.
type judgment struct {
	of    *Expression
	under situation
	holds bool
	fault string
}

// judge evaluates e for a session, or remembers what it came to.
func (e *Expression) judge(s *Session, under situation, q *Request, now time.Time) judgment {
	if e.uses.momentary() {
		return e.evaluate(s, under, q, now)
	}
	if j, known := s.Memo.find(e, under); known {
		return j
	}
	j := e.evaluate(s, under, q, now)
	s.Memo.keep(j)
	return j
}

// maxFault bounds what is told of an expression that could not be evaluated, in bytes.
const maxFault = 200

func (e *Expression) evaluate(s *Session, under situation, q *Request, now time.Time) judgment {
	j := judgment{of: e, under: under}
	var err error
	if j.holds, err = e.run.eval(&facts{session: s, under: under, request: *q, now: now}); err != nil {
		j.holds, j.fault = false, err.Error()
		j.fault = strings.ToValidUTF8(j.fault[:min(len(j.fault), maxFault)], "")
	}
	return j
}

// misses reports whether a group or claim that e asks for is not in the session.
func (e *Expression) misses(s *Session) bool {
	return e.missesClaim(s) || slices.ContainsFunc(e.uses.Groups, func(g string) bool { return !slices.Contains(s.Groups, g) })
}

func (e *Expression) missesClaim(s *Session) bool {
	for _, c := range e.uses.Claims {
		if _, ok := s.Claims[c]; !ok {
			return true
		}
	}
	return false
}
