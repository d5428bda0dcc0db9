package login_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/edgeauth/edgeauth/internal/idp"
	"github.com/edgeauth/edgeauth/oidc"
)

func says(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func TestID02_a_provider_that_talks_nonsense_is_one_that_is_away(t *testing.T) {
	b := open(t, func(s *setup) { s.provider = func(c *oidc.Config) { c.Userinfo = true } })
	member := b.browser()
	member.login("/x")
	for name, h := range map[string]http.HandlerFunc{
		"204": says(http.StatusNoContent, "application/json", ""), "HTML": says(http.StatusOK, "text/html", "<html>"),
		"a list":      says(http.StatusOK, "application/json", "[]"),
		"other types": says(http.StatusOK, "application/json", `{"id_token":{},"access_token":[],"token_type":1,"sub":{}}`),
		"too much":    says(http.StatusOK, "application/json", `{"x":"`+strings.Repeat("x", 2<<20)+`"}`),
		"compressed": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			says(http.StatusOK, "application/json", "{}")(w, r)
		},
	} {
		for endpoint, lies := range map[string]idp.Lies{"token": {TokenRaw: h}, "userinfo": {UserinfoRaw: h}} {
			b.idp.Lie(lies)
			person := b.browser()
			p := person.follow(person.get("/x"))
			if p.StatusCode != http.StatusServiceUnavailable || p.set("edgeauth") || p.refresh() == "" || p.Header.Get("Retry-After") == "" {
				t.Errorf("%s from %s: answered %d, refresh %q", name, endpoint, p.StatusCode, p.refresh())
			}
			if p := member.get("/x"); !strings.HasPrefix(p.body, "/x ") {
				t.Errorf("%s from %s: who was logged in got %d", name, endpoint, p.StatusCode)
			}
		}
	}
	b.idp.Lie(idp.Lies{})
	b.browser().login("/x")
}

func TestID01_a_provider_that_is_another_issuer_is_a_matter_for_the_operator(t *testing.T) {
	b := open(t)
	b.idp.Lie(idp.Lies{Discovery: func(doc map[string]any) { doc["issuer"] = "https://evil.example" }})
	wrong, err := oidc.New(oidc.Config{Name: "wrong", Issuer: b.idp.Issuer(), ClientID: "x", ClientSecret: "y"})
	if err != nil {
		t.Fatal(err)
	}
	b.run(wrong.Run)
	within(t, "its document is judged", func() bool { return oidc.KindOf(wrong.Status().Err) == oidc.KindConfig })
	b.opt.Providers = append(b.opt.Providers, wrong)
	b.restart()
	p := b.browser().get("/.edgeauth/login?rd=/x&provider=wrong")
	if p.StatusCode != http.StatusBadGateway || p.Header.Get("Location") != "" || p.refresh() != "" || strings.Contains(p.body, "evil") ||
		!strings.Contains(p.body, "operator") {
		t.Errorf("answered %d, refresh %q:\n%s", p.StatusCode, p.refresh(), p.body)
	}
}

func TestTheAuditLogHasTheProvidersErrorCodeForACodeThatWasNotRedeemed(t *testing.T) {
	for code, status := range map[string]int{"invalid_client": 401, "invalid_grant": 400, "temporarily_unavailable": 400} {
		b := open(t)
		b.idp.Lie(idp.Lies{TokenRaw: says(status, "application/json", `{"error":"`+code+`"}`)})
		person := b.browser()
		person.follow(person.get("/x"))
		if log := b.events.String(); !strings.Contains(log, "detail="+code) {
			t.Errorf("%s does not stand in\n%s", code, log)
		}
	}
}
