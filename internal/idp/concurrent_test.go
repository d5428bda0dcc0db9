package idp_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/edgeauth/edgeauth/internal/idp"
	"github.com/edgeauth/edgeauth/internal/leak"
)

func TestMain(m *testing.M) { leak.Verify(m) }

func TestManyLoginsAtOnceWhileKeysRotateAndLiesChange(t *testing.T) {
	first := open(t)
	first.idp.AutoLogin("bob")
	var running sync.WaitGroup
	for range 8 {
		b := another(t, first.idp)
		running.Go(func() {
			for range 5 {
				if err := b.loginOnce(); err != "" {
					t.Error(err)
				}
			}
		})
	}
	for range 4 {
		first.idp.RotateKeys(true)
		first.idp.Lie(idp.Lies{IDToken: func(_, claims map[string]any) { claims["x"] = 1 }})
		_, _, _ = first.idp.Sessions(), first.idp.Requests(), first.idp.Issued()
	}
	running.Wait()
	if got := first.idp.Count(idp.Token); got != 40 || len(first.idp.Sessions()) != 8 {
		t.Errorf("%d token requests and %d sessions, want 40 and 8", got, len(first.idp.Sessions()))
	}
}

// loginOnce runs a flow without ending the test, so that it may run beside others. It returns what went wrong.
func (b *browser) loginOnce() string {
	resp, err := b.Get(b.idp.Issuer() + "/authorize?" + request().Encode())
	if err != nil {
		return err.Error()
	}
	_ = resp.Body.Close()
	_, query, _ := strings.Cut(resp.Header.Get("Location"), "?")
	answer, _ := url.ParseQuery(query)
	resp, err = b.PostForm(b.idp.Issuer()+"/token", url.Values{"grant_type": {"authorization_code"},
		"code": answer["code"], "redirect_uri": {callback}, "code_verifier": {verifier}, "client_id": {"edge"},
		"client_secret": {"edge s%cret"}})
	if err != nil {
		return err.Error()
	}
	defer func() { _ = resp.Body.Close() }()
	var out map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil || resp.StatusCode != http.StatusOK || out["id_token"] == nil {
		return resp.Status
	}
	return ""
}
