package login

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/login/internal/flow"
	"github.com/edgeauth/edgeauth/login/internal/returnurl"
	"github.com/edgeauth/edgeauth/oidc"
	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/session"
	"github.com/edgeauth/edgeauth/web"
)

// maxHint bounds a login hint in bytes.
const maxHint = 256

// beginning is what a login begins with.
type beginning struct {
	returnURL string
	cut       bool
	provider  *oidc.Provider
	hint      string
	restarts  uint8
	knownOf   [16]byte // see flow.Fixed
	known     revocation.Millis
	step      *step // nil: a login
}

// start is the beginning of every login: the proxy sends people here, a link may, and so may a third party
// (OpenID Connect Core 1.0, section 4: iss, login_hint, target_link_uri).
func (s *Server) start(w http.ResponseWriter, r *http.Request) error {
	if mode := r.Header.Get("Sec-Fetch-Mode"); mode != "" && mode != "navigate" {
		return &web.Error{Code: http.StatusUnauthorized, Reason: "not_a_navigation", Title: "Log in first",
			Public: "A login needs a page of its own: let the browser go to login_url.", LoginURL: r.URL.RequestURI()}
	}
	q, err := parseOnce(r.URL.RawQuery)
	if err != nil {
		return badRequest("This login link is broken", "Its parameters cannot be read.", "bad_login_link", err)
	}
	b, err := s.readBeginning(q)
	switch {
	case errors.Is(err, errNoChoice) && b.step != nil:
		return s.stepUp(w, r, b) // its session tells the provider
	case errors.Is(err, errNoChoice):
		return s.choose(w, r, b)
	case err != nil:
		return badRequest("This login link is broken",
			"It names a place or a provider that is not known here.", "bad_login_link", err)
	}
	if b.restarts > 0 && s.loggedInSince(r, b.provider, s.opt.Now().Add(-flow.Lifetime)) {
		return s.land(w, r, &flow.Flow{Fixed: flow.Fixed{Cut: b.cut}, ReturnURL: b.returnURL}) // another tab was faster
	}
	if b.step != nil {
		return s.stepUp(w, r, b)
	}
	return s.begin(w, r, b)
}

// startByForm is how a third party begins a login by POST (OpenID Connect Core 1.0, section 4). A cross-site POST brings no
// Lax cookie, so the browser is sent to the same login by GET, which then checks everything.
func (s *Server) startByForm(w http.ResponseWriter, r *http.Request) error {
	form, err := parseForm(w, r)
	if err != nil {
		return badRequest("This login cannot begin", "The form that asked for it cannot be read.", "bad_login_link", err)
	}
	q := url.Values{}
	for _, name := range []string{"iss", "login_hint", "target_link_uri"} {
		if form.Has(name) {
			q.Set(name, form.Get(name))
		}
	}
	return redirect(w, Prefix+"login?"+q.Encode())
}

// errNoChoice is a login that names no provider where there are several.
var errNoChoice = errors.New("no provider was chosen")

// readBeginning returns errNoChoice beside everything else where someone has to choose first.
func (s *Server) readBeginning(q url.Values) (b beginning, err error) {
	target := q.Get("rd")
	if q.Has("target_link_uri") {
		if q.Has("rd") {
			return b, errors.New("both rd and target_link_uri")
		}
		target = q.Get("target_link_uri")
	}
	if b.returnURL, err = returnurl.Parse(target, s.opt.Origin); err != nil {
		return b, err
	}
	b.hint = q.Get("login_hint")
	if len(b.hint) > maxHint || strings.ContainsFunc(b.hint, unicode.IsControl) {
		return b, errors.New("login_hint is too long or not text")
	}
	if q.Has("again") {
		b.restarts = 1
	}
	b.cut = q.Get("cut") == "1"
	if b.step, err = s.readStep(q); err != nil {
		return b, err
	}
	b.provider, err = s.chosen(q.Get("provider"), q.Get("iss"))
	return b, err
}

// chosen is the provider that a login names by its name or its issuer, or the one that needs no choice.
func (s *Server) chosen(name, issuer string) (*oidc.Provider, error) {
	switch {
	case name != "":
		p, ok := s.provider(name)
		if !ok || issuer != "" && p.Issuer() != issuer {
			return nil, fmt.Errorf("unknown provider %.60q", name)
		}
		return p, nil
	case issuer != "":
		p, ok := s.providerOf(issuer)
		if !ok {
			return nil, fmt.Errorf("unknown issuer %.200q", issuer)
		}
		return p, nil
	case s.opt.Default != "":
		p, _ := s.provider(s.opt.Default) // New has seen it
		return p, nil
	case len(s.providers) == 1:
		return s.providers[0], nil
	}
	return nil, errNoChoice
}

// begin sends the browser to the provider, unless it has come back too often.
func (s *Server) begin(w http.ResponseWriter, r *http.Request, b beginning) error {
	now := s.opt.Now().UTC()
	binding, ok := s.opt.Cookies.Binding(r)
	if !ok {
		binding = session.NewBinding()
	}
	if flow.Looping(binding.Trail, now) {
		return s.breakLoop(w, r, b, binding)
	}
	f := flow.New(binding)
	f.Begin(binding.Trail, now)
	f.Provider, f.ReturnURL, f.Cut, f.Restarts = b.provider.Name(), b.returnURL, b.cut, b.restarts
	f.KnownOf, f.Known = b.knownOf, b.known
	f.Previous, f.Device = s.before(r)
	s.noteDevice(f)
	b.step.note(f)
	state, err := f.Seal(s.opt.Cookies)
	if err != nil {
		return badRequest("This address is too long",
			"Please go to the start page and find your way from there.", "state_too_long", err)
	}
	ask := oidc.AuthRequest{RedirectURI: s.redirectURI(), State: state, Nonce: f.Nonce(binding), Verifier: f.Verifier(binding),
		LoginHint: b.hint}
	b.step.ask(&ask, now)
	to, err := b.provider.AuthorizeURL(r.Context(), ask)
	if err != nil {
		return s.cannotBegin(r, b, err)
	}
	if err := s.opt.Cookies.SetBinding(w, binding); err != nil {
		return fmt.Errorf("setting the login cookie: %w", err)
	}
	s.event(r, b.started())
	return redirect(w, to)
}

func (s *Server) redirectURI() string { return s.opt.Origin + Prefix + "callback" }

// before is what the browser holds already: a session, if it is in good standing apart from its times, and a device.
func (s *Server) before(r *http.Request) (flow.Previous, identity.DeviceID) {
	known, _ := s.opt.Cookies.Device(r)
	device := known.ID
	old, err := s.opt.Cookies.Read(r)
	if err != nil {
		return flow.Previous{}, device
	}
	names := old.Bearer().Names()
	if st := s.opt.Log.Standing(&names); st.Revoked || !st.Vouched {
		return flow.Previous{}, device
	}
	return previousOf(old), device
}

func previousOf(c *session.Session) flow.Previous {
	return flow.Previous{Family: c.Family, ID: c.ID, Subject: subjectDigest(c.Subject), Expires: revocation.MillisOf(c.Ends())}
}

// noteDevice notes what the log has ended of the browser before this flow begins, unless the flow knows of its subject's already.
func (s *Server) noteDevice(f *flow.Flow) {
	if f.KnownOf != ([16]byte{}) || f.Device.IsZero() {
		return
	}
	names := revocation.Bearer{Device: f.Device}.Names()
	f.KnownOf, f.Known = deviceDigest(f.Device), s.opt.Log.NotBefore(&names)
}

func deviceDigest(d identity.DeviceID) [16]byte {
	return identity.Digest("edgeauth flow device", string(d[:]))
}

func subjectDigest(s identity.Subject) [16]byte {
	return identity.Digest("edgeauth flow subject", s.Issuer, s.Sub)
}

func (s *Server) cannotBegin(r *http.Request, b beginning, err error) error {
	switch oidc.KindOf(err) {
	case oidc.KindUnavailable:
	case oidc.KindConfig:
		return notSetUp("The login service is not the one that this site was set up for.", err,
			[]web.Link{{Text: "Try again", URL: s.loginURL(b)}})
	default:
		return fmt.Errorf("beginning a login at provider %q: %w", b.provider.Name(), err)
	}
	return &web.Error{Code: http.StatusServiceUnavailable, Reason: "provider_unavailable",
		Title:      "Logging in is not possible right now",
		Public:     "The login service does not answer. If you are logged in already, you can go on working.",
		RetryAfter: 5 * time.Second, RefreshTo: s.loginURL(b),
		Links: []web.Link{{Text: "Try now", URL: s.loginURL(b)}}, Err: err}
}

// loginURL is where the same login begins anew.
func (s *Server) loginURL(b beginning) string {
	q := url.Values{"rd": {b.returnURL}}
	if b.provider != nil {
		q.Set("provider", b.provider.Name())
	}
	if b.cut {
		q.Set("cut", "1")
	}
	if b.restarts > 0 {
		q.Set("again", "1")
	}
	b.step.query(q)
	return Prefix + "login?" + q.Encode()
}

// choice is one provider on the page that asks.
type choice struct{ Name, URL string }

func (s *Server) choose(w http.ResponseWriter, r *http.Request, b beginning) error {
	var choices []choice
	for _, p := range s.providers {
		b.provider = p
		to := s.loginURL(b)
		if b.hint != "" {
			to += "&login_hint=" + url.QueryEscape(b.hint)
		}
		choices = append(choices, choice{p.DisplayName(), to})
	}
	return s.opt.Pages.Render(w, r, web.Page{Template: "choose", Title: "How do you want to log in?",
		Status: http.StatusOK, Data: choices})
}

// redirect sends the browser on by GET, whatever it came with, and tells nobody where it was.
func redirect(w http.ResponseWriter, to string) error {
	web.Harden(w.Header())
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusSeeOther)
	return nil
}
