package login

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/edgeauth/edgeauth/audit"
	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/login/internal/flow"
	"github.com/edgeauth/edgeauth/oidc"
	"github.com/edgeauth/edgeauth/policy"
	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/session"
)

// maxStepRounds is how often a step-up is asked for before a page says that it does not work.
const maxStepRounds = 2

// step is a step-up that begins (RFC 9470): what is to be proven. A nil step is none, a plain login.
type step struct {
	level identity.Level // whose proof it is; empty: proof names it
	proof [4]byte
	round uint8

	need policy.Need // what is asked for; nothing that comes back is believed for having been asked

	// Of the session that steps up, once that is known. It stays with the flow, because a provider that answers by a
	// cross-site POST sends the browser back without its cookie.
	subject  identity.Subject
	previous flow.Previous
	was      identity.Level
	raised   revocation.Millis
}

// of notes who steps up.
func (st *step) of(c *session.Session) {
	st.subject, st.previous, st.was, st.raised = c.Subject, previousOf(c), c.Level, millisOf(c.RaisedAt)
}

// readStep reads `level=NAME` or `proof=HEX`; nil if a login names neither.
func (s *Server) readStep(q url.Values) (*step, error) {
	switch level, proof := q.Get("level"), q.Get("proof"); {
	case level == "" && proof == "":
		return nil, nil
	case level != "" && proof != "":
		return nil, errors.New("a login link names both a level and a proof")
	case level != "":
		if _, known := s.opt.Levels[identity.Level(level)]; !known {
			return nil, fmt.Errorf("unknown level %.40q", level)
		}
		return &step{level: identity.Level(level), round: 1}, nil
	default:
		id, err := hex.DecodeString(proof)
		if err != nil || len(id) != 4 {
			return nil, fmt.Errorf("%.40q is no proof", proof)
		}
		st := &step{proof: [4]byte(id), round: 1}
		if _, known := s.proof(st.proof); !known {
			return nil, fmt.Errorf("no route asks for proof %x", id)
		}
		return st, nil
	}
}

// proof is what a route asks for.
func (s *Server) proof(id [4]byte) (policy.Proof, bool) {
	for _, p := range s.opt.Proofs {
		if p.ID() == id {
			return p, true
		}
	}
	return policy.Proof{}, false
}

// stepUp begins a step-up of the browser's session, at the provider that it came from. Without a session in good standing
// it is a login like any other; the address that is wanted then asks again.
func (s *Server) stepUp(w http.ResponseWriter, r *http.Request, b beginning) error {
	c, live := s.live(r)
	if !live {
		return s.justLogin(w, r, b)
	}
	from, known := s.providerOf(c.Subject.Issuer)
	if !known {
		return s.justLogin(w, r, b)
	}
	b.provider = from
	b.step.of(c)
	if b.hint == "" {
		b.hint = c.Username
	}
	if !s.needs(b.step, s.burdenOf(c, from)) {
		return s.land(w, r, &flow.Flow{Fixed: flow.Fixed{Cut: b.cut}, ReturnURL: b.returnURL})
	}
	return s.begin(w, r, b)
}

// justLogin begins a login in the place of a step-up that nobody is there for.
func (s *Server) justLogin(w http.ResponseWriter, r *http.Request, b beginning) error {
	if b.step = nil; b.provider == nil {
		return s.choose(w, r, b)
	}
	return s.begin(w, r, b)
}

// burdenOf is the strictest level that a session is under now.
func (s *Server) burdenOf(c *session.Session, from *oidc.Provider) policy.Burden {
	known, standing := s.inPolicy(c, from)
	b, _ := s.opt.Levels.Weigh(&known, &standing, s.opt.Now())
	return b
}

// needs fills in what a step-up has to prove. Where the session's own level was raised, or a floor raised it, the proof
// has to be newer than that. False: no route asks for it any more.
func (s *Server) needs(st *step, b policy.Burden) bool {
	if st.level == "" {
		p, known := s.proof(st.proof)
		st.need = policy.Need{Proof: p}
		return known
	}
	asked := policy.Need{Level: st.level, Proof: s.opt.Levels[st.level].Proof}
	switch {
	case b.Proven:
		st.need = asked
	case s.opt.Levels.Stricter(st.level, b.Need.Level):
		st.need, st.need.Since = asked, b.Need.Since
	default:
		st.need = b.Need
	}
	st.level = st.need.Level
	return true
}

// ask puts into an authorization request what is to be proven: acr_values and the claims parameter for the acr, max_age for
// an authentication that came after the level was raised, and in the second round prompt for one that is made now.
func (st *step) ask(r *oidc.AuthRequest, now time.Time) {
	if st == nil {
		return
	}
	r.ACRValues, r.Claims = st.need.ACR, true
	if age, asked := st.maxAge(now); asked {
		r.MaxAge = &age
	}
	if st.round > 1 {
		r.Prompt = "login"
	}
}

func (st *step) maxAge(now time.Time) (age time.Duration, asked bool) {
	age, asked = st.need.MaxAge, st.need.MaxAge > 0
	if since := st.need.Since; !since.IsZero() {
		if passed := max(now.Sub(since), 0); !asked || passed < age {
			age, asked = passed, true
		}
	}
	if st.round > 1 {
		age, asked = 0, true
	}
	return age.Truncate(time.Second), asked
}

// note writes into a flow what its callback needs to know.
func (st *step) note(f *flow.Flow) {
	if st == nil {
		return
	}
	f.Level, f.Was, f.Previous = st.level, st.was, st.previous
	f.Step = flow.Step{Round: st.round, Proof: st.proof, Since: millisOf(st.need.Since), WasRaised: st.raised}
}

// millisOf keeps the zero time zero.
func millisOf(t time.Time) revocation.Millis {
	if t.IsZero() {
		return 0
	}
	return revocation.MillisOf(t)
}

// timeOf is the inverse of millisOf.
func timeOf(m revocation.Millis) time.Time {
	if m == 0 {
		return time.Time{}
	}
	return m.Time()
}

// stepOf is the step-up that a flow was for, in the round that it was in; nil if it was a login. It does not know the
// subject: that is a digest in the flow.
func stepOf(f *flow.Flow) *step {
	if f.Step.Round == 0 {
		return nil
	}
	return &step{level: f.Level, proof: f.Step.Proof, round: f.Step.Round, previous: f.Previous, was: f.Was, raised: f.Step.WasRaised}
}

// query names the step-up in a login link.
func (st *step) query(q url.Values) {
	switch {
	case st == nil:
	case st.level != "":
		q.Set("level", string(st.level))
	default:
		q.Set("proof", hex.EncodeToString(st.proof[:]))
	}
}

// started is the audit event of a flow that begins.
func (b *beginning) started() audit.Event {
	e := audit.Event{Name: audit.LoginStarted, Provider: b.provider.Name()}
	if b.step == nil {
		return e
	}
	e.Name, e.Level = audit.StepUpAsked, string(b.step.level)
	e.Subject, e.Session = b.step.subject, b.step.previous.Family.String()
	e.Detail = fmt.Sprintf("round %d", b.step.round)
	return e
}
