package oidc_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/edgeauth/edgeauth/internal/idp"
	"github.com/edgeauth/edgeauth/oidc"
)

func withUserinfo(c *oidc.Config) { c.Userinfo = true }

func infoLie(edit func(claims map[string]any)) idp.Lies {
	return idp.Lies{Userinfo: func(claims map[string]any) any { edit(claims); return claims }}
}

func TestJW17_a_userinfo_answer_of_somebody_else_or_of_no_form_is_refused(t *testing.T) {
	set := func(name string, value any) idp.Lies {
		return infoLie(func(c map[string]any) { c[name] = value })
	}
	raw := func(contentType, body string) idp.Lies {
		return idp.Lies{UserinfoRaw: answer(http.StatusOK, contentType, body)}
	}
	b := newBed(t, withUserinfo)
	refusesLogins(t, b, oidc.KindUnavailable, map[string]idp.Lies{
		"sub is a list":   set("sub", []string{"demo-alice"}),
		"a list":          {Userinfo: func(map[string]any) any { return []string{"x"} }},
		"null":            {Userinfo: func(map[string]any) any { return json.RawMessage("null") }},
		"HTML":            raw("text/html", "<html>"),
		"HTML as JSON":    raw("application/json", "<html>"),
		"no content type": raw("", `{"sub":"demo-alice"}`),
	})
	refusesIDTokens(t, b, map[string]idp.Lies{
		"other sub":         set("sub", "demo-bob"),
		"sub in other case": set("sub", "DEMO-ALICE"),
		"sub with space":    set("sub", "demo-alice "),
		"no sub":            infoLie(func(c map[string]any) { delete(c, "sub") }),
		"Sub instead":       infoLie(func(c map[string]any) { c["Sub"] = c["sub"]; delete(c, "sub") }),
		"sub twice":         raw("application/json", `{"sub":"demo-alice","sub":"demo-bob"}`),
		"email an object":   set("email", map[string]any{}),
		"groups a number":   infoLie(func(c map[string]any) { c["name"] = 5 }),
		"redirect": {UserinfoRaw: func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusFound)
		}},
	})
}

func TestJW17_userinfo_that_says_no_is_told_by_its_kind(t *testing.T) {
	b := newBed(t, withUserinfo)
	for _, c := range []struct {
		status      int
		contentType string
		want        oidc.Kind
	}{
		{401, "text/html", oidc.KindRefused}, {403, "text/html", oidc.KindRefused},
		{500, "text/html", oidc.KindUnavailable}, {404, "text/html", oidc.KindConfig},
		{200, "application/jwt", oidc.KindConfig},
	} {
		b.idp.Lie(idp.Lies{UserinfoRaw: answer(c.status, c.contentType, "a.b.c")})
		_, err := redeem(t, b.rp)
		wantKind(t, err, c.want)
	}
}

func TestJW17_userinfo_speaks_for_the_profile_only(t *testing.T) {
	b := newBed(t, withUserinfo)
	b.idp.Lie(idp.Lies{
		IDToken: func(_, c map[string]any) { delete(c, "sid") },
		Userinfo: func(c map[string]any) any {
			c["iss"], c["acr"], c["amr"], c["auth_time"] = "https://evil.example", "mfa", []string{"hwk"}, 1
			c["sid"], c["groups"], c["name"], c["title"] = "s", []string{"admin"}, "Alice by userinfo", "Dr"
			return c
		},
	})
	login, err := redeem(t, b.rp)
	if err != nil {
		t.Fatal(err)
	}
	if login.Subject.Issuer != b.idp.Issuer() || login.Assurance.ACR != "pwd" || !login.IdPSession.IsZero() {
		t.Errorf("userinfo changed the protocol's claims: %+v", login)
	}
	if login.Assurance.AuthTime.Unix() == 1 || login.Claims["sid"] != nil || login.Claims["acr"] != "pwd" {
		t.Errorf("userinfo changed the protocol's claims: %+v", login)
	}
	if !cmp.Equal(login.Groups, []string{"staff"}) || login.Name != "Alice by userinfo" || login.Claims["title"] != "Dr" {
		t.Errorf("groups %q, name %q, title %v", login.Groups, login.Name, login.Claims["title"])
	}
}

func TestJW17_groups_come_from_userinfo_where_the_ID_token_has_none(t *testing.T) {
	b := newBed(t, withUserinfo)
	b.idp.Lie(dropClaim("groups"))
	login, err := redeem(t, b.rp)
	if err != nil {
		t.Fatal(err)
	}
	if !cmp.Equal(login.Groups, []string{"staff"}) {
		t.Errorf("groups %q", login.Groups)
	}
}

func TestJW17_an_address_is_never_verified_by_another_sources_word(t *testing.T) {
	b := newBed(t, withUserinfo)
	for name, c := range map[string]struct {
		edit     func(map[string]any)
		email    string
		verified bool
	}{
		"another address without a word": {func(c map[string]any) { c["email"] = "root@example.org"; delete(c, "email_verified") }, "root@example.org", false},
		"a word without an address":      {func(c map[string]any) { delete(c, "email"); c["email_verified"] = false }, "alice@example.org", true},
		"both":                           {func(c map[string]any) { c["email"], c["email_verified"] = "a@b", true }, "a@b", true},
	} {
		t.Run(name, func(t *testing.T) {
			b.idp.Lie(infoLie(c.edit))
			login, err := redeem(t, b.rp)
			if err != nil {
				t.Fatal(err)
			}
			if login.Email != c.email || login.EmailVerified != c.verified {
				t.Errorf("email %q verified %v", login.Email, login.EmailVerified)
			}
		})
	}
}

func TestUserinfoWithoutAnEndpointIsRefusedAtDiscovery(t *testing.T) {
	server := newIDP(t)
	server.Lie(setMetadata("userinfo_endpoint", nil))
	rp := start(t, server, withUserinfo)
	waitFor(t, "a refusal", func() bool { return oidc.KindOf(rp.Status().Err) == oidc.KindInvalid })
}
