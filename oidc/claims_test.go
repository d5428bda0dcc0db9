package oidc_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/internal/idp"
	"github.com/edgeauth/edgeauth/internal/idp/jose"
	"github.com/edgeauth/edgeauth/oidc"
)

func es256(c *oidc.Config) { c.Algorithms = []string{"ES256"} }

func TestJW11_an_issuer_that_is_not_exactly_ours_is_refused(t *testing.T) {
	b := newBed(t)
	issuer := b.idp.Issuer()
	refusesIDTokens(t, b, map[string]idp.Lies{
		"other":          setClaim("iss", "https://evil.example"),
		"slash added":    setClaim("iss", issuer+"/"),
		"upper case":     setClaim("iss", strings.ToUpper(issuer)),
		"no scheme":      setClaim("iss", strings.TrimPrefix(issuer, "http://")),
		"google":         setClaim("iss", "accounts.google.com"),
		"list":           setClaim("iss", []string{issuer}),
		"missing":        dropClaim("iss"),
		"null":           setClaim("iss", nil),
		"line end added": setClaim("iss", issuer+"\n"),
	})
}

func TestJW12_an_audience_that_is_not_ours_is_refused(t *testing.T) {
	both := func(aud, azp any) idp.Lies {
		return claimLie(func(c map[string]any) {
			c["aud"] = aud
			if delete(c, "azp"); azp != nil {
				c["azp"] = azp
			}
		})
	}
	refusesIDTokens(t, newBed(t), map[string]idp.Lies{
		"other":               both("other", nil),
		"missing":             dropClaim("aud"),
		"null":                setClaim("aud", nil),
		"empty list":          both([]string{}, nil),
		"object":              both(map[string]any{clientID: 1}, nil),
		"mixed":               both([]any{clientID, 1}, clientID),
		"list without us":     both([]string{"other", "another"}, clientID),
		"several, no azp":     both([]string{clientID, "other"}, nil),
		"several, other azp":  both([]string{clientID, "other"}, "other"),
		"one, other azp":      both(clientID, "other"),
		"azp is a number":     both(clientID, 5),
		"azp is a list":       both(clientID, []string{clientID}),
		"upper case":          both(strings.ToUpper(clientID), nil),
		"space at the end":    both(clientID+" ", nil),
		"comma-joined string": both(clientID+",other", nil),
	})
}

func TestJW12_several_audiences_with_us_as_azp_are_accepted(t *testing.T) {
	b := newBed(t)
	b.idp.Lie(setClaim("aud", []string{clientID, "other"}))
	if _, err := redeem(t, b.rp); err != nil {
		t.Error(err)
	}
}

func TestJW13_times_that_are_wrong_are_refused(t *testing.T) {
	now := time.Now().Unix()
	literal := func(name, number string) idp.Lies { return setClaim(name, json.RawMessage(number)) }
	refusesIDTokens(t, newBed(t), map[string]idp.Lies{
		"exp past":           setClaim("exp", now-60),
		"exp missing":        dropClaim("exp"),
		"exp null":           setClaim("exp", nil),
		"exp string":         setClaim("exp", "99999999999"),
		"exp 1e300":          literal("exp", "1e300"),
		"exp beyond floats":  literal("exp", "1e999"),
		"exp after 9999":     literal("exp", "253402300800"),
		"exp negative":       setClaim("exp", -1),
		"exp list":           setClaim("exp", []int64{now + 60}),
		"iat missing":        dropClaim("iat"),
		"iat one day old":    setClaim("iat", now-86400),
		"iat 11 minutes old": setClaim("iat", now-660),
		"iat one day ahead":  setClaim("iat", now+86400),
		"iat a minute ahead": setClaim("iat", now+60),
		"iat string":         setClaim("iat", "1"),
		"nbf ahead":          setClaim("nbf", now+120),
		"nbf string":         setClaim("nbf", "1"),
		"auth_time ahead":    setClaim("auth_time", now+3600),
		"auth_time string":   setClaim("auth_time", "1"),
	})
}

func TestJW13_the_stated_skew_is_allowed_and_no_more(t *testing.T) {
	server := newIDP(t)
	for _, c := range []struct {
		skew   time.Duration
		claim  string
		offset time.Duration
		want   bool
	}{
		{60 * time.Second, "iat", 45 * time.Second, true}, {60 * time.Second, "exp", -45 * time.Second, true},
		{60 * time.Second, "nbf", 45 * time.Second, true}, {60 * time.Second, "iat", 90 * time.Second, false},
		{60 * time.Second, "exp", -90 * time.Second, false}, {60 * time.Second, "nbf", 90 * time.Second, false},
		{5 * time.Second, "iat", 45 * time.Second, false}, {5 * time.Second, "exp", -45 * time.Second, false},
	} {
		rp := startReady(t, server, func(config *oidc.Config) { config.ClockSkew = c.skew })
		server.Lie(setClaim(c.claim, time.Now().Add(c.offset).Unix()))
		_, err := redeem(t, rp)
		server.Lie(idp.Lies{})
		if (err == nil) != c.want {
			t.Errorf("%s %v off with skew %v: %v", c.claim, c.offset, c.skew, err)
		}
	}
}

func TestJW13_a_fraction_of_a_second_is_accepted(t *testing.T) {
	b := newBed(t)
	b.idp.Lie(setClaim("iat", float64(time.Now().Unix())+0.5))
	if _, err := redeem(t, b.rp); err != nil {
		t.Error(err)
	}
}

func TestJW14_an_ID_token_without_sub_is_refused(t *testing.T) {
	refusesIDTokens(t, newBed(t), map[string]idp.Lies{
		"missing":        dropClaim("sub"),
		"null":           setClaim("sub", nil),
		"empty":          setClaim("sub", ""),
		"number":         setClaim("sub", 5),
		"300 characters": setClaim("sub", longText(300)),
		"line end":       setClaim("sub", "alice\n"),
		"space at end":   setClaim("sub", "alice "),
		"space at start": setClaim("sub", " alice"),
		"wide space":     setClaim("sub", "alice\u00a0"),
		"NUL":            setClaim("sub", "alice\x00"),
		"broken escape":  setClaim("sub", json.RawMessage(`"alice\ud800"`)),
		"other case":     claimLie(func(c map[string]any) { c["Sub"] = c["sub"]; delete(c, "sub") }),
	})
}

func TestJW14_a_sub_in_another_case_is_another_user(t *testing.T) {
	b := newBed(t)
	b.idp.Lie(setClaim("sub", "DEMO-ALICE"))
	login, err := redeem(t, b.rp)
	if err != nil {
		t.Fatal(err)
	}
	if login.Subject.Sub != "DEMO-ALICE" {
		t.Errorf("subject %v", login.Subject)
	}
}

func TestJW15_claims_named_twice_or_in_two_cases_are_refused(t *testing.T) {
	member := func(text string) idp.Lies {
		return idp.Lies{SignIDToken: func(s *idp.Server, header, claims map[string]any) string {
			h, _ := json.Marshal(header)
			c, _ := json.Marshal(claims)
			return jose.Raw(h, append([]byte("{"+text+","), c[1:]...), s.Key("RS256").Sign)
		}}
	}
	refusesIDTokens(t, newBed(t), map[string]idp.Lies{
		"sub twice":        member(`"sub":"bob"`),
		"Sub":              member(`"Sub":"bob"`),
		"ſub folds to sub": member(`"ſub":"bob"`),
		"escaped twice":    member(`"\u0073ub":"bob"`),
		"EXP":              member(`"EXP":99999999999`),
		"Groups":           member(`"Groups":["admin"]`),
		"nested twice":     member(`"address":{"a":1,"a":2}`),
		"not UTF-8":        member("\"x\":\"\xff\""),
	})
}

func TestJW16_a_token_of_another_kind_is_no_ID_token(t *testing.T) {
	b := newBed(t)
	b.idp.SetClient(idp.Client{ID: "other", Secret: "x"})
	refusesIDTokens(t, b, map[string]idp.Lies{
		"typ at+jwt":     setHeader("typ", "at+jwt"),
		"typ logout+jwt": setHeader("typ", "logout+jwt"),
		"typ a number":   setHeader("typ", 5),
		"access token": {TokenResponse: func(resp map[string]any) {
			resp["id_token"] = resp["access_token"]
		}},
		"logout token": signed(func(string) string {
			return b.idp.LogoutToken(func(_, c map[string]any) { c["aud"], c["sub"] = clientID, "demo-alice" })
		}),
		"logout token with typ JWT and nonce": signed(func(string) string {
			return b.idp.LogoutToken(func(h, c map[string]any) {
				h["typ"], c["aud"], c["sub"], c["nonce"] = "JWT", clientID, "demo-alice", nonce
			})
		}),
		"another client's": claimLie(func(c map[string]any) { c["aud"], c["azp"] = "other", "other" }),
		"userinfo":         claimLie(func(c map[string]any) { delete(c, "exp"); delete(c, "nonce"); delete(c, "iat") }),
		"nested token":     setHeader("cty", "JWT"),
	})
}

func TestJW16_a_nonce_that_is_not_this_flows_is_refused(t *testing.T) {
	b := newBed(t)
	refusesIDTokens(t, b, map[string]idp.Lies{
		"other":   setClaim("nonce", "other"),
		"missing": dropClaim("nonce"),
		"empty":   setClaim("nonce", ""),
		"null":    setClaim("nonce", nil),
		"number":  setClaim("nonce", 5),
		"list":    setClaim("nonce", []string{nonce}),
	})
	b.idp.Lie(claimLie(func(c map[string]any) { delete(c, "nonce"); delete(c, "at_hash") }))
	_, err := redeem(t, b.rp, func(r *oidc.Redemption) { r.Nonce = "" })
	wantKind(t, err, oidc.KindInvalid)
	_, _ = redeem(t, b.rp) // so that there is a token without nonce
	issued := b.idp.Issued()
	_, err = b.rp.Admit(t.Context(), issued[len(issued)-1].IDToken, oidc.Redemption{})
	wantKind(t, err, oidc.KindInvalid)
}

func TestJW17_an_access_token_that_does_not_fit_at_hash_is_refused(t *testing.T) {
	refusesIDTokens(t, newBed(t), map[string]idp.Lies{
		"other hash":     setClaim("at_hash", "AAAAAAAAAAAAAAAAAAAAAA"),
		"empty":          setClaim("at_hash", ""),
		"number":         setClaim("at_hash", 1),
		"other token":    {TokenResponse: func(resp map[string]any) { resp["access_token"] = "other" }},
		"acr is a list":  setClaim("acr", []string{"mfa"}),
		"acr is number":  setClaim("acr", 2),
		"amr is string":  setClaim("amr", "mfa"),
		"amr is mixed":   setClaim("amr", []any{"pwd", 1}),
		"amr has a line": setClaim("amr", []string{"pwd\nmfa"}),
		"sid is number":  setClaim("sid", 7),
		"sid is empty":   setClaim("sid", ""),
	})
}

func TestJW19_claim_sources_are_never_visited(t *testing.T) {
	var visits atomic.Int32
	metadata := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { visits.Add(1) }))
	defer metadata.Close()
	b := newBed(t)
	b.idp.Lie(claimLie(func(c map[string]any) {
		delete(c, "groups")
		c["_claim_names"] = map[string]any{"groups": "src1"}
		c["_claim_sources"] = map[string]any{"src1": map[string]any{"endpoint": metadata.URL, "access_token": "x"}}
	}))
	login, err := redeem(t, b.rp)
	if err != nil {
		t.Fatal(err)
	}
	if visits.Load() != 0 || login.Groups != nil {
		t.Errorf("%d visits, groups %q", visits.Load(), login.Groups)
	}
}
