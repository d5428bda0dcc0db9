package e2e_test

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/edgeauth/edgeauth/admin/client"
	"github.com/edgeauth/edgeauth/admin/edgeauthv1"
	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/internal/edgetest"
)

func personAt(provider, sub string) *edgeauthv1.Person {
	return &edgeauthv1.Person{At: &edgeauthv1.Person_Provider{Provider: provider}, Sub: sub}
}

// sessionsOf waits until the index knows as many usable sessions of a person.
func (g *governed) sessionsOf(edge int, sub string, n int) []*edgeauthv1.Session {
	g.t.Helper()
	c := g.caller(edge, g.ops())
	var got []*edgeauthv1.Session
	g.edges[edge].Until("the index knows the sessions", func() bool {
		resp, err := c.ListSessions(g.t.Context(), &edgeauthv1.ListSessionsRequest{Subject: personAt("corp", sub)})
		if err != nil {
			g.t.Fatal(err)
		}
		got = resp.GetSessions()
		return len(got) == n
	})
	return got
}

func Test_a_session_revoked_over_the_API_of_one_edge_is_refused_by_another(t *testing.T) {
	t.Parallel()
	g := newGovernedFleet(t)
	origin := g.edges[0].URL
	laptop, phone := g.browser(), g.browser()
	for _, c := range []*edgetest.Client{laptop, phone} {
		wantPage(t, c.Open(origin+"/"))
	}
	known := g.sessionsOf(1, "demo-alice", 2)
	s := known[1] // the last seen stands first: this is the laptop's
	if s.GetState() != edgeauthv1.SessionState_SESSION_STATE_ACTIVE || s.GetSubject().GetSub() != "demo-alice" || s.GetProvider() != "corp" {
		t.Fatalf("the laptop's session: %v", s)
	}
	one, err := g.caller(1, g.watcher()).GetSession(t.Context(), &edgeauthv1.GetSessionRequest{Session: s.GetName()})
	if err != nil || one.GetSession().GetName() != s.GetName() {
		t.Fatalf("GetSession without a subject: %v %v", one, err)
	}

	got, err := g.caller(0, g.ops()).RevokeSession(t.Context(), &edgeauthv1.RevokeSessionRequest{Session: s.GetName(), Reason: "lost laptop"})
	if err != nil || got.GetDelivery() != edgeauthv1.Delivery_DELIVERY_DELIVERED {
		t.Fatalf("RevokeSession: %v %v", got, err)
	}
	g.wantState("after RevokeSession", laptop, 1, http.StatusSeeOther)
	g.wantState("after RevokeSession of another", phone, 1, http.StatusOK)

	if _, err := g.caller(1, g.token("edge-operator")).RevokeSessions(t.Context(), &edgeauthv1.RevokeSessionsRequest{
		Target: &edgeauthv1.RevokeSessionsRequest_Subject{Subject: personAt("corp", "demo-alice")}}); err != nil {
		t.Fatal(err)
	}
	g.wantState("after RevokeSessions of the person", phone, 0, http.StatusSeeOther)
	g.front.to(g.edges[0].Listen)
	wantPage(t, phone.Open(origin+"/"))
	g.wantState("after a later login", phone, 1, http.StatusOK)

	if _, err := g.caller(0, g.ops()).RaiseLevel(t.Context(), &edgeauthv1.RaiseLevelRequest{Subject: personAt("corp", "demo-alice"), Level: "high"}); err != nil {
		t.Fatal(err)
	}
	g.edges[1].Until("the other edge explains with the floor", func() bool {
		x, err := g.caller(1, g.watcher()).Explain(t.Context(), &edgeauthv1.ExplainRequest{Url: "/", Subject: personAt("corp", "demo-alice")})
		if err != nil {
			t.Fatal(err)
		}
		person := x.GetExplanation().GetFields()["person"].GetStructValue().GetFields()
		return person["level"].GetStringValue() == "high"
	})
	raised := g.sessionsOf(1, "demo-alice", 1)[0]
	if raised.GetLevel() != "normal" || raised.GetUnprovenLevel() != "high" || !raised.GetEndsAt().AsTime().Before(raised.GetExpiresAt().AsTime()) {
		t.Errorf("the session of a raised person shows no sign of it: %v", raised)
	}

	event := g.edges[0].Events("revocation")[0]
	if event["actor"] != "cert:cn:ops" || event["reason"] != "lost laptop" || event["session"] != s.GetName() || event["delivery"] != "delivered" {
		t.Errorf("the audit event of a revocation: %v", event)
	}
	event = g.edges[1].Events("revocation")[0]
	if event["actor"] != "token:corp/demo-admin" || event["sub"] != "demo-alice" {
		t.Errorf("the audit event of a revocation by token: %v", event)
	}
}

// browser makes a connection for each request, so that the balancer decides about each.
func (g *governed) browser() *edgetest.Client {
	g.t.Helper()
	return edgetest.NewClient(g.t, func(tr *http.Transport) { tr.DisableKeepAlives = true })
}

// wantState waits until an edge answers a browser with a status.
func (g *governed) wantState(when string, c *edgetest.Client, edge, want int) {
	g.t.Helper()
	g.front.to(g.edges[edge].Listen)
	g.edges[edge].Until(when, func() bool { return c.Ask(g.edges[edge].URL+"/").Status == want })
}

func Test_who_may_call_the_governance_API(t *testing.T) {
	t.Parallel()
	g := newGoverned(t, "")
	stranger := newAuthority(t)
	claim := func(name string, value any) func(_, claims map[string]any) {
		return func(_, claims map[string]any) { claims[name] = value }
	}
	revoke, look := codes.OK, codes.OK
	for name, c := range map[string]struct {
		proof        []any
		look, revoke codes.Code
	}{
		"an operator's certificate":                       {[]any{g.ops()}, look, revoke},
		"a viewer's certificate":                          {[]any{g.watcher()}, look, codes.PermissionDenied},
		"a certificate without a role":                    {[]any{g.ca.sign("nobody")}, codes.PermissionDenied, codes.PermissionDenied},
		"a certificate with an operator's name as DNS":    {[]any{g.ca.sign("x", func(c *x509.Certificate) { c.DNSNames = []string{"ops"} })}, codes.PermissionDenied, codes.PermissionDenied},
		"a certificate of another authority":              {[]any{stranger.sign("ops")}, codes.Unavailable, codes.Unavailable},
		"a certificate that has expired":                  {[]any{g.ca.sign("ops", func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })}, codes.Unavailable, codes.Unavailable},
		"a server's certificate":                          {[]any{g.ca.sign("ops", func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} })}, codes.Unavailable, codes.Unavailable},
		"nothing":                                         {nil, codes.Unauthenticated, codes.Unauthenticated},
		"an operator's token":                             {[]any{g.token("edge-operator")}, look, revoke},
		"a viewer's token":                                {[]any{g.token("edge-viewer")}, look, codes.PermissionDenied},
		"a token with another role":                       {[]any{g.token("admin")}, codes.PermissionDenied, codes.PermissionDenied},
		"a token without roles":                           {[]any{g.token("", claim("realm_access", "edge-operator"))}, codes.PermissionDenied, codes.PermissionDenied},
		"a token that has expired":                        {[]any{g.token("edge-operator", claim("exp", time.Now().Add(-time.Minute).Unix()))}, codes.Unauthenticated, codes.Unauthenticated},
		"a token without an end":                          {[]any{g.token("edge-operator", func(_, c map[string]any) { delete(c, "exp") })}, codes.Unauthenticated, codes.Unauthenticated},
		"a token for another API":                         {[]any{g.token("edge-operator", claim("aud", "account"))}, codes.Unauthenticated, codes.Unauthenticated},
		"a token for the edge itself":                     {[]any{g.token("edge-operator", claim("aud", "edgeauth"))}, codes.Unauthenticated, codes.Unauthenticated},
		"an ID token for this audience":                   {[]any{g.token("edge-operator", claim("nonce", "n"))}, codes.Unauthenticated, codes.Unauthenticated},
		"Keycloak's ID token for this audience":           {[]any{g.token("edge-operator", claim("typ", "ID"))}, codes.Unauthenticated, codes.Unauthenticated},
		"a logout token for this audience":                {[]any{g.token("edge-operator", claim("events", map[string]any{}))}, codes.Unauthenticated, codes.Unauthenticated},
		"a token of another issuer":                       {[]any{g.token("edge-operator", claim("iss", "https://other.test"))}, codes.Unauthenticated, codes.Unauthenticated},
		"a token that nobody signed":                      {[]any{strings.Join(strings.Split(g.token("edge-operator"), ".")[:2], ".") + "."}, codes.Unauthenticated, codes.Unauthenticated},
		"a token of another algorithm":                    {[]any{g.token("edge-operator", func(h, _ map[string]any) { h["alg"] = "none" })}, codes.Unauthenticated, codes.Unauthenticated},
		"a token bound to a key":                          {[]any{g.token("edge-operator", claim("cnf", map[string]any{"jkt": "x"}))}, codes.Unauthenticated, codes.Unauthenticated},
		"a bad token beside an operator's certificate":    {[]any{g.ops(), "junk"}, codes.Unauthenticated, codes.Unauthenticated},
		"a viewer's token with an operator's certificate": {[]any{g.ops(), g.token("edge-viewer")}, look, codes.PermissionDenied},
	} {
		t.Run(name, func(t *testing.T) {
			api := g.caller(0, c.proof...)
			_, err := api.ListSessions(t.Context(), &edgeauthv1.ListSessionsRequest{})
			if got := status.Code(err); got != c.look {
				t.Errorf("ListSessions is answered %v (%v), want %v", got, err, c.look)
			}
			_, err = api.RevokeSession(t.Context(), &edgeauthv1.RevokeSessionRequest{Session: identity.NewFamily().String()})
			if got := status.Code(err); got != c.revoke {
				t.Errorf("RevokeSession is answered %v (%v), want %v", got, err, c.revoke)
			}
		})
	}
	var refused bool
	for _, e := range g.edges[0].Events("api_refused") {
		refused = refused || e["actor"] == "cert:dns:watch.test" && e["reason"] == "permission_denied" && e["detail"] == "RevokeSession"
	}
	if !refused {
		t.Error("no audit event says that a viewer was refused")
	}
}

func Test_the_API_takes_no_plain_text_and_no_old_TLS(t *testing.T) {
	t.Parallel()
	g := newGoverned(t, "")
	if _, err := client.New(client.Target{URL: "http://10.0.0.1:9091"}); err == nil {
		t.Error("the command line would send tokens in plain text")
	}
	plain, err := client.New(client.Target{URL: "http://" + g.api[0]})
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	if _, err := plain.ListSessions(t.Context(), &edgeauthv1.ListSessionsRequest{}); status.Code(err) != codes.Unavailable {
		t.Errorf("plain text is answered with %v", err)
	}
	conn, err := tls.Dial("tcp", g.api[0], &tls.Config{RootCAs: g.ca.pool(), MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10})
	if err == nil {
		conn.Close()
		t.Error("TLS 1.1 is spoken")
	}
}
