package login

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/edgeauth/edgeauth/audit"
	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/login/internal/flow"
	"github.com/edgeauth/edgeauth/oidc"
	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/session"
)

// callbackTimeout bounds all that a callback asks of store and provider. It goes on when the browser hangs up: a code
// that is being spent should bring its session.
const callbackTimeout = 30 * time.Second

// arrival is a callback on its way through the checks.
type arrival struct {
	flow     *flow.Flow
	provider *oidc.Provider
	binding  session.Binding
	ours     bool // the flow began in this browser, whose binding it is
	answer   url.Values

	incarnation identity.Incarnation // to mint under
	before      time.Time            // taken before the code was spent
	knownOf     [16]byte             // see flow.Fixed, for a flow that follows this one
	known       revocation.Millis
}

// callback is where the provider sends the browser back (OpenID Connect Core 1.0, 3.1.2.5). Each check comes before
// any effect of the next: the state opens, it is not too old, this browser began it, the right provider answers, nobody
// used it before; only then is the code spent.
func (s *Server) callback(w http.ResponseWriter, r *http.Request) error {
	a, err := s.arrive(w, r)
	if err != nil {
		s.event(r, audit.Event{Name: audit.LoginRefused, Reason: "bad_callback"})
		return badRequest("This login cannot go on",
			"What came back from the login service cannot be read. Please start again.", "bad_callback", err)
	}
	if b, ok := s.opt.Cookies.Binding(r); ok && a.flow.BoundTo(b) {
		a.binding, a.ours = b, true
	}
	switch {
	case a.flow.Expired(s.opt.Now()):
		return s.restart(w, r, a, "login_expired", errors.New("the login took too long"))
	case !a.ours:
		return s.foreign(r, a)
	}
	if err := a.provider.CheckIssuer(a.answer["iss"]); err != nil {
		return s.redeemFailed(w, r, a, err)
	}
	if a.answer.Has("error") {
		return s.providerRefused(w, r, a)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), callbackTimeout)
	defer cancel()
	return s.claim(ctx, w, r.WithContext(ctx), a)
}

// arrive reads the answer and opens its state. The answer comes in the way that the provider was asked for, its
// parameters each once, and holds either a code or an error.
func (s *Server) arrive(w http.ResponseWriter, r *http.Request) (*arrival, error) {
	answer, err := readAnswer(w, r)
	if err != nil {
		return nil, err
	}
	if answer.Has("error") == answer.Has("code") || answer.Has("code") && answer.Get("code") == "" {
		return nil, errors.New("the answer holds neither a code nor an error, or both")
	}
	f, err := flow.Open(s.opt.Cookies, answer.Get("state"))
	if err != nil {
		return nil, err
	}
	p, ok := s.provider(f.Provider)
	if !ok {
		return nil, fmt.Errorf("provider %q is no longer configured", f.Provider)
	}
	if (p.ResponseMode() == "form_post") != (r.Method == http.MethodPost) {
		return nil, fmt.Errorf("provider %q answered by %s, its response mode is %s", f.Provider, r.Method, p.ResponseMode())
	}
	return &arrival{flow: f, provider: p, answer: answer}, nil
}

func readAnswer(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	if r.Method != http.MethodPost {
		return parseOnce(r.URL.RawQuery)
	}
	if r.URL.RawQuery != "" || r.URL.ForceQuery {
		return nil, fmt.Errorf("%w: a form with a query", errParams)
	}
	return parseForm(w, r)
}

// claim sets the flow's once-mark and goes on according to what it finds.
func (s *Server) claim(ctx context.Context, w http.ResponseWriter, r *http.Request, a *arrival) error {
	var ready bool
	if a.incarnation, ready = s.opt.Log.Current(); !ready {
		return s.retryLater(w, r, a, "log_not_ready", errors.New("the revocation log has not been read yet"))
	}
	code := a.binding.Derive("code", a.answer.Get("code")) // tells the store nothing of the code
	key := "flow:" + base64.RawURLEncoding.EncodeToString(a.flow.ID[:])
	claim, err := s.opt.Once.Claim(ctx, key, []byte(code), flow.Lifetime+2*maxAhead)
	switch {
	case err != nil:
		return s.retryLater(w, r, a, "store_unavailable", err)
	case claim == Fresh:
		return s.redeem(ctx, w, r, a)
	case claim == Own:
		return s.restart(w, r, a, "login_repeated", errors.New("the callback was loaded again; its code is spent, or being spent"))
	}
	// This browser began the flow, so more often than a replay it is the back button, upon which the provider answers the
	// old request once more. That code is not spent either way.
	s.event(r, audit.Event{Name: audit.ReplayRefused, Provider: a.flow.Provider, Reason: "flow_replayed"})
	return s.restart(w, r, a, "login_replayed", errors.New("another code for a used flow"))
}

// redeem spends the code and mints a session of what it brings.
func (s *Server) redeem(ctx context.Context, w http.ResponseWriter, r *http.Request, a *arrival) error {
	a.before = s.opt.Now()
	who, err := a.provider.Redeem(ctx, oidc.Redemption{
		Code: a.answer.Get("code"), RedirectURI: s.redirectURI(),
		Verifier: a.flow.Verifier(a.binding), Nonce: a.flow.Nonce(a.binding),
	})
	if err != nil {
		return s.redeemFailed(w, r, a, err)
	}
	return s.mint(ctx, w, r, a, who)
}
