package login

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/edgeauth/edgeauth/audit"
	"github.com/edgeauth/edgeauth/oidc"
	"github.com/edgeauth/edgeauth/policy"
	"github.com/edgeauth/edgeauth/risk"
	"github.com/edgeauth/edgeauth/session"
	"github.com/edgeauth/edgeauth/web"
)

// Prefix is where all endpoints of this package lie, below every public origin.
const Prefix = "/.edgeauth/"

// Options says what a Server serves. Every field is needed but Default, Heard, Risk, Proofs and the Keep lists.
type Options struct {
	Origin    string           // public origin: scheme, host and, where it is not the scheme's own, port
	Providers []*oidc.Provider // those that may be used at this origin, at least one
	Default   string           // name of the provider where none is chosen; empty: the only one, or a page asks
	Heard     []*oidc.Provider // whose logout tokens are heard, whatever host they come under; nil: Providers

	Cookies *session.Cookies // of this origin
	Pages   *web.Pages
	Audit   *audit.Log

	Log       Log
	Revoker   Revoker
	Staleness func() time.Duration // how old Log can be at most
	Lead      func() time.Duration // by how much other edges' clocks may be ahead of this one's
	Once      Once
	Vault     Vault
	Risk      Risk // nil: logins are not assessed
	Enrolled  Enrolments
	Roster    Roster

	Levels     policy.Levels
	Proofs     []policy.Proof // that routes ask for, besides those of the levels
	KeepGroups []string       // what of groups and claims goes into sessions: policy.Select
	KeepClaims []string
	Selection  policy.Selection

	Lifetime time.Duration // of a session, at most
	Idle     time.Duration // without a request
	Now      func() time.Time
}

// Server answers the endpoints of one public origin. It is safe for concurrent use and keeps nothing of any request.
type Server struct {
	opt       Options
	providers []*oidc.Provider // by display name
	me        policy.Route     // asks for a session in good standing and nothing else
	endpoints map[string]methods
}

// methods are the handlers of one endpoint.
type methods map[string]web.HandlerFunc

// New checks the options. It does no network.
func New(o Options) (*Server, error) {
	if len(o.Providers) == 0 {
		return nil, fmt.Errorf("setting up logins at %s: no provider", o.Origin)
	}
	if o.Origin == "" || strings.HasSuffix(o.Origin, "/") {
		return nil, fmt.Errorf("setting up logins: %q is no origin such as https://app.example.com", o.Origin)
	}
	if o.Lifetime <= 0 || o.Idle <= 0 {
		return nil, fmt.Errorf("setting up logins at %s: session lifetime %v, idle time %v", o.Origin, o.Lifetime, o.Idle)
	}
	if o.Heard == nil {
		o.Heard = o.Providers
	}
	s := &Server{opt: o, providers: slices.Clone(o.Providers), me: policy.Route{Levels: o.Levels}}
	slices.SortStableFunc(s.providers, func(a, b *oidc.Provider) int {
		byTitle := cmp.Compare(strings.ToLower(a.DisplayName()), strings.ToLower(b.DisplayName()))
		return cmp.Or(byTitle, cmp.Compare(a.Name(), b.Name()))
	})
	if _, ok := s.provider(o.Default); o.Default != "" && !ok {
		return nil, fmt.Errorf("setting up logins at %s: default provider %q is not among them", o.Origin, o.Default)
	}
	s.endpoints = s.table()
	return s, nil
}

func (s *Server) provider(name string) (*oidc.Provider, bool) {
	return s.find(func(p *oidc.Provider) bool { return p.Name() == name })
}

func (s *Server) providerOf(issuer string) (*oidc.Provider, bool) {
	return s.find(func(p *oidc.Provider) bool { return p.Issuer() == issuer })
}

// clientOf is the provider as the client that tokens were given to; where that is not known, any of the issuer's.
func (s *Server) clientOf(issuer, client string) (*oidc.Provider, bool) {
	if p, ok := s.find(func(p *oidc.Provider) bool { return p.Issuer() == issuer && p.ClientID() == client }); ok {
		return p, true
	}
	return s.providerOf(issuer)
}

func (s *Server) find(is func(*oidc.Provider) bool) (*oidc.Provider, bool) {
	if i := slices.IndexFunc(s.providers, is); i >= 0 {
		return s.providers[i], true
	}
	return nil, false
}

// Handler answers everything below Prefix but what others mount in front of it. Paths are compared as they stand in the
// request, undecoded: an unusual spelling is not found. It never redirects to clean a path.
func (s *Server) Handler() http.Handler {
	return s.opt.Pages.Handle(func(w http.ResponseWriter, r *http.Request) error {
		name, ok := strings.CutPrefix(r.URL.EscapedPath(), Prefix)
		if !ok {
			return notFound()
		}
		methods, known := s.endpoints[name]
		if !known {
			return notFound()
		}
		if h, ok := methods[r.Method]; ok {
			return h(w, r)
		}
		return notAllowed(methods)
	})
}

func (s *Server) table() map[string]methods {
	get := func(h web.HandlerFunc) methods { return methods{http.MethodGet: h, http.MethodHead: h} }
	return map[string]methods{
		"login":              {http.MethodGet: s.start, http.MethodHead: s.start, http.MethodPost: s.startByForm},
		"callback":           {http.MethodGet: s.callback, http.MethodPost: s.callback}, // a HEAD would spend the code for nothing
		"logout":             {http.MethodGet: s.confirmLogout, http.MethodHead: s.confirmLogout, http.MethodPost: s.logout},
		"logged-out":         get(s.loggedOut),
		"backchannel-logout": {http.MethodPost: s.backchannel},
		"me":                 get(s.whoAmI),
		"sessions":           {http.MethodGet: s.mySessions, http.MethodHead: s.mySessions, http.MethodPost: s.endSession},
	}
}

func notFound() error {
	return &web.Error{Code: http.StatusNotFound, Reason: "not_found", Title: "There is no such page",
		Public: "The address may be misspelt.", Links: []web.Link{{Text: "Go to the start page", URL: "/"}}}
}

func notAllowed(m methods) error {
	var allow []string
	for name := range m {
		allow = append(allow, name)
	}
	slices.Sort(allow)
	return &web.Error{Code: http.StatusMethodNotAllowed, Reason: "method", Allow: strings.Join(allow, ", "),
		Public: "This address does not answer to that method.", Err: errors.New("method not allowed")}
}

// event writes an audit event with what every event of a request has.
func (s *Server) event(r *http.Request, e audit.Event) {
	rec := web.RecordOf(r.Context())
	e.RequestID, e.Host = rec.RequestID, s.opt.Origin
	if rec.Client.IsValid() {
		e.Client = rec.Client.String()
	}
	s.opt.Audit.Write(r.Context(), e)
	if s.opt.Risk != nil && failure(e.Reason) && (e.Name == audit.LoginRefused || e.Name == audit.StepUpRefused) {
		s.opt.Risk.Failed(risk.Visit{Subject: e.Subject, Address: rec.Client, Header: r.Header, JA4: rec.JA4})
	}
}

// failure reports whether a login was refused for what somebody did in the browser that began it, and not for an outage or
// a slow person. A callback that nobody here began says nothing: any page on the web can have its readers' browsers send
// thousands, and what is counted would then raise everybody's level in their network.
func failure(reason string) bool {
	switch reason {
	case "login_cancelled", "code_refused", "bad_identity", "other_subject", "not_proven", "new_authenticator":
		return true
	}
	return false
}
