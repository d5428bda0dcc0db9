package oidc_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/edgeauth/edgeauth/internal/idp"
	"github.com/edgeauth/edgeauth/oidc"
)

func tokenLie(name string, value any) idp.Lies {
	return idp.Lies{TokenResponse: func(resp map[string]any) {
		if resp[name] = value; value == nil {
			delete(resp, name)
		}
	}}
}

func TestID05_a_token_answer_that_is_no_answer_is_refused(t *testing.T) {
	raw := func(status int, contentType, body string) idp.Lies {
		return idp.Lies{TokenRaw: answer(status, contentType, body)}
	}
	b := newBed(t)
	refusesLogins(t, b, oidc.KindUnavailable, map[string]idp.Lies{
		"id_token is a list":  tokenLie("id_token", []string{"x"}),
		"access_token a list": tokenLie("access_token", []string{"x"}),
		"token_type a number": tokenLie("token_type", 1),
		"HTML":                raw(http.StatusOK, "text/html", "<html>"),
		"form":                raw(http.StatusOK, "application/x-www-form-urlencoded", "access_token=a&id_token=b&token_type=bearer"),
		"a list":              raw(http.StatusOK, "application/json", "[]"),
		"over 256 KiB":        raw(http.StatusOK, "application/json", `{"x":"`+longText(256<<10)+`"}`),
	})
	refusesIDTokens(t, b, map[string]idp.Lies{
		"no id_token":       tokenLie("id_token", nil),
		"id_token is empty": tokenLie("id_token", ""),
		"token_type mac":    tokenLie("token_type", "mac"),
		"no token_type":     tokenLie("token_type", nil),
		"no access_token":   tokenLie("access_token", nil),
		"a name twice":      raw(http.StatusOK, "application/json", `{"id_token":"a","id_token":"b"}`),
		"400 with HTML":     raw(http.StatusBadRequest, "text/html", "<script>alert(1)</script>"),
		"400 with odd code": raw(http.StatusBadRequest, "application/json", `{"error":"<script>"}`),
		"redirect": {TokenRaw: func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/token2", http.StatusTemporaryRedirect)
		}},
		"302 without Location": raw(http.StatusFound, "text/html", "secret"),
	})
}

func TestID05_a_token_answer_that_does_not_say_it_is_JSON_is_refused(t *testing.T) {
	b := newBed(t)
	redemption := oidc.Redemption{Code: authorize(t, b.rp, nil).Get("code"), Verifier: verifier, Nonce: nonce, RedirectURI: redirectURI}
	if _, err := b.rp.Redeem(t.Context(), redemption); err != nil {
		t.Fatal(err)
	}
	issued := b.idp.Issued()[0]
	body, err := json.Marshal(map[string]string{"access_token": issued.AccessToken, "id_token": issued.IDToken, "token_type": "Bearer"})
	if err != nil {
		t.Fatal(err)
	}
	for contentType, want := range map[string]oidc.Kind{"application/json; charset=utf-8": 0, "text/html": oidc.KindUnavailable, "": oidc.KindUnavailable} {
		b.idp.Lie(idp.Lies{TokenRaw: answer(http.StatusOK, contentType, string(body))})
		if _, err := b.rp.Redeem(t.Context(), redemption); oidc.KindOf(err) != want {
			t.Errorf("content type %q: %v", contentType, err)
		}
	}
}

func TestID05_odd_lifetimes_and_refresh_tokens_do_not_matter(t *testing.T) {
	b := newBed(t)
	for _, value := range []any{-1, "3600", 1e12, json.RawMessage("1e12"), "x", nil, []int{1}} {
		b.idp.Lie(tokenLie("expires_in", value))
		if _, err := redeem(t, b.rp); err != nil {
			t.Errorf("expires_in %v: %v", value, err)
		}
	}
	for _, value := range []any{nil, "a %&+\" b", 5} {
		b.idp.Lie(tokenLie("refresh_token", value))
		if _, err := redeem(t, b.rp); err != nil {
			t.Errorf("refresh_token %v: %v", value, err)
		}
	}
}

func TestID05_an_error_of_the_token_endpoint_has_the_kind_that_tells_what_to_do(t *testing.T) {
	b := newBed(t)
	body := func(code string) string {
		return `{"error":"` + code + `","error_description":"<script>alert(1)</script> secret-code"}`
	}
	for name, c := range map[string]struct {
		status int
		body   string
		want   oidc.Kind
		code   string
	}{
		"invalid_grant":       {400, body("invalid_grant"), oidc.KindRefused, "invalid_grant"},
		"error with 200":      {200, body("invalid_grant"), oidc.KindRefused, "invalid_grant"},
		"error with 201":      {201, body("invalid_grant"), oidc.KindRefused, "invalid_grant"},
		"access_denied":       {403, body("access_denied"), oidc.KindRefused, "access_denied"},
		"invalid_client":      {401, body("invalid_client"), oidc.KindConfig, "invalid_client"},
		"unauthorized_client": {400, body("unauthorized_client"), oidc.KindConfig, "unauthorized_client"},
		"bare 401":            {401, "<html>", oidc.KindConfig, ""},
		"bare 404":            {404, "<html>", oidc.KindConfig, ""},
		"temporarily":         {400, body("temporarily_unavailable"), oidc.KindUnavailable, "temporarily_unavailable"},
		"500":                 {500, body("server_error"), oidc.KindUnavailable, ""},
		"503":                 {503, "<html>", oidc.KindUnavailable, ""},
		"429":                 {429, "<html>", oidc.KindUnavailable, ""},
	} {
		t.Run(name, func(t *testing.T) {
			b.idp.Lie(idp.Lies{TokenRaw: answer(c.status, "application/json", c.body)})
			_, err := redeem(t, b.rp)
			wantKind(t, err, c.want)
			if code := err.(*oidc.Error).Code; code != c.code {
				t.Errorf("code %q, want %q", code, c.code)
			}
			wantNoLeak(t, err, "script", "secret-code", clientSecret, verifier)
		})
	}
	b.idp.Lie(idp.Lies{TokenRaw: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }})
	_, err := redeem(t, b.rp)
	wantKind(t, err, oidc.KindUnavailable)
}

func TestASpentCodeAWrongVerifierAndAWrongSecretAreToldApart(t *testing.T) {
	b := newBed(t)
	_, err := redeem(t, b.rp, func(r *oidc.Redemption) { r.Code = "spent" })
	wantKind(t, err, oidc.KindRefused)
	_, err = redeem(t, b.rp, func(r *oidc.Redemption) { r.Verifier = verifier + "x" })
	wantKind(t, err, oidc.KindRefused)
	_, err = redeem(t, startReady(t, b.idp, func(c *oidc.Config) { c.ClientSecret = "wrong" }))
	wantKind(t, err, oidc.KindConfig)
	if code := oidc.CodeOf(err); code != "invalid_client" {
		t.Errorf("code %q", code)
	}
	_, err = redeem(t, b.rp, func(r *oidc.Redemption) { r.Code = "" })
	wantKind(t, err, oidc.KindInvalid)
}

func TestTheTokenRequestCarriesWhatItMustOnce(t *testing.T) {
	b := newBed(t)
	if _, err := redeem(t, b.rp); err != nil {
		t.Fatal(err)
	}
	for _, request := range b.idp.Requests() {
		if request.Endpoint != idp.Token {
			continue
		}
		for name, want := range map[string]string{"grant_type": "authorization_code", "redirect_uri": redirectURI, "code_verifier": verifier} {
			if got := request.Form[name]; len(got) != 1 || got[0] != want {
				t.Errorf("%s is %q", name, got)
			}
		}
		if len(request.Query) != 0 || request.Form.Has("client_secret") {
			t.Errorf("query %v, form %v", request.Query, request.Form)
		}
	}
}
