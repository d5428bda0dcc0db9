package oidc_test

import (
	"context"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgeauth/edgeauth/internal/idp"
	"github.com/edgeauth/edgeauth/oidc"
)

// brief serves a provider that closes each connection after its answer, so that no goroutine of the client waits on the
// network while a test's virtual time should pass.
func brief(t *testing.T) *idp.Server {
	t.Helper()
	server, err := idp.New(idp.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ts := httptest.NewUnstartedServer(server)
	ts.Config.SetKeepAlivesEnabled(false)
	ts.Start()
	t.Cleanup(ts.Close)
	server.SetIssuer(ts.URL)
	return server
}

// inVirtualTime runs a relying party in a bubble.
func inVirtualTime(t *testing.T, server *idp.Server, body func(t *testing.T, rp *oidc.Provider)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		rp, err := oidc.New(configFor(server))
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- rp.Run(ctx) }()
		defer func() {
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
		}()
		time.Sleep(time.Millisecond)
		body(t, rp)
	})
}

func TestKeysAreReadAgainEachHourAndTheDocumentFourTimesAMinute(t *testing.T) {
	server := brief(t)
	inVirtualTime(t, server, func(t *testing.T, rp *oidc.Provider) {
		if !rp.Status().Ready || server.Count(idp.Discovery) != 1 || server.Count(idp.JWKS) != 1 {
			t.Fatalf("after the start: %+v, %d, %d", rp.Status(), server.Count(idp.Discovery), server.Count(idp.JWKS))
		}
		time.Sleep(6 * time.Hour)
		if n := server.Count(idp.JWKS); n < 5 || n > 9 {
			t.Errorf("%d readings of the keys in six hours", n)
		}
		if n := server.Count(idp.Discovery); n < 1100 || n > 2000 {
			t.Errorf("%d readings of the document in six hours", n)
		}
	})
}

func TestAKeyThatTheProviderWithdrawsIsForgottenWithinTheHour(t *testing.T) {
	server := brief(t)
	inVirtualTime(t, server, func(t *testing.T, rp *oidc.Provider) {
		old := server.Key("RS256")
		server.RotateKeys(false)
		time.Sleep(76 * time.Minute)
		token := server.LogoutToken(func(_, c map[string]any) { c["aud"], c["sub"] = clientID, "s" })
		if _, err := rp.VerifyLogoutToken(t.Context(), token); err != nil {
			t.Errorf("the new key: %v", err)
		}
		_, err := rp.VerifyLogoutToken(t.Context(), resign(t, token, old))
		wantKind(t, err, oidc.KindInvalid)
	})
}

func TestID04_what_was_read_last_stays_in_force_while_the_provider_is_down(t *testing.T) {
	server := brief(t)
	inVirtualTime(t, server, func(t *testing.T, rp *oidc.Provider) {
		server.Lie(idp.Lies{Down: true})
		time.Sleep(2 * time.Hour)
		if s := rp.Status(); s.Ready || oidc.KindOf(s.Err) != oidc.KindUnavailable {
			t.Errorf("status while down: %+v", s)
		}
		_, err := rp.AuthorizeURL(t.Context(), validRequest())
		wantKind(t, err, oidc.KindUnavailable)
		token := server.LogoutToken(func(_, c map[string]any) { c["aud"], c["sub"] = clientID, "s" })
		if _, err := rp.VerifyLogoutToken(t.Context(), token); err != nil {
			t.Errorf("a logout token while down: %v", err)
		}
		server.Lie(setMetadata("issuer", "https://evil.example"))
		time.Sleep(time.Minute)
		if s := rp.Status(); !s.Ready || oidc.KindOf(s.Err) != oidc.KindConfig {
			t.Errorf("status while lying: %+v", s)
		}
		if _, err := rp.AuthorizeURL(t.Context(), validRequest()); err != nil {
			t.Errorf("the document before the lies: %v", err)
		}
		server.Lie(idp.Lies{})
		time.Sleep(20 * time.Second)
		if s := rp.Status(); !s.Ready || s.Err != nil {
			t.Errorf("status afterwards: %+v", s)
		}
	})
}

func TestID04_a_provider_that_stays_down_is_asked_less_and_less(t *testing.T) {
	server := brief(t)
	server.Lie(idp.Lies{Down: true})
	inVirtualTime(t, server, func(t *testing.T, _ *oidc.Provider) {
		time.Sleep(10 * time.Minute)
		if n := server.Count(idp.Discovery); n < 30 || n > 130 {
			t.Errorf("%d attempts in ten minutes", n)
		}
	})
}

func TestID04_the_allowance_for_unknown_kids_comes_back_with_time(t *testing.T) {
	server := brief(t)
	inVirtualTime(t, server, func(t *testing.T, rp *oidc.Provider) {
		unknown := func() {
			_, err := rp.VerifyLogoutToken(t.Context(), server.LogoutToken(func(h, c map[string]any) {
				h["kid"], c["aud"], c["sub"] = "unknown", clientID, "s"
			}))
			if kind := oidc.KindOf(err); kind != oidc.KindInvalid && kind != oidc.KindUnavailable {
				t.Errorf("%v", err)
			}
		}
		for _, step := range []struct {
			wait time.Duration
			want int
		}{{0, 3}, {29 * time.Second, 3}, {2 * time.Second, 4}, {10 * time.Minute, 6}} {
			time.Sleep(step.wait)
			for range 5 {
				unknown()
			}
			if n := server.Count(idp.JWKS); n != step.want {
				t.Errorf("%v later: %d readings, want %d", step.wait, n, step.want)
			}
		}
	})
}
