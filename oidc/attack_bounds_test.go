package oidc_test

import (
	"compress/gzip"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/internal/idp"
	"github.com/edgeauth/edgeauth/oidc"
)

// constant table: answers that no client may read to their end.
var unreasonable = map[string]http.HandlerFunc{
	"endless": func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for chunk := []byte(strings.Repeat(" ", 64<<10)); r.Context().Err() == nil; {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	},
	"gzip bomb": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Encoding", "gzip")
		bomb := gzip.NewWriter(w)
		_, _ = bomb.Write(make([]byte, 8<<20))
		_ = bomb.Close()
	},
	"a length of 1 GiB": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", "1073741824")
		_, _ = w.Write(make([]byte, 2<<20))
	},
	"large headers": func(w http.ResponseWriter, _ *http.Request) {
		for i := range 100 {
			w.Header().Set("X-"+longText(i+1), longText(4096))
		}
	},
	"204":           answer(http.StatusNoContent, "application/json", ""),
	"HTML":          answer(http.StatusOK, "text/html", "<html>"),
	"a number":      answer(http.StatusOK, "application/json", "5"),
	"null":          answer(http.StatusOK, "application/json", "null"),
	"other types":   answer(http.StatusOK, "application/json", `{"issuer":5,"keys":5,"id_token":{},"access_token":[],"token_type":1,"sub":{}}`),
	"100,000 deep":  answer(http.StatusOK, "application/json", strings.Repeat(`{"keys":`, 100_000)),
	"two documents": answer(http.StatusOK, "application/json", `{}{}`),
}

// at puts an answer in place of an endpoint's own.
func at(endpoint string, h http.HandlerFunc) idp.Lies {
	return map[string]idp.Lies{idp.JWKS: {JWKSRaw: h}, idp.Token: {TokenRaw: h}, idp.Userinfo: {UserinfoRaw: h}}[endpoint]
}

func TestID02_no_answer_without_the_form_of_one_is_read_without_bounds_or_more_than_an_outage(t *testing.T) {
	server := newIDP(t)
	for _, endpoint := range []string{idp.JWKS, idp.Token, idp.Userinfo} {
		for name, h := range unreasonable {
			t.Run(endpoint+", "+name, func(t *testing.T) {
				server.Lie(at(endpoint, h))
				defer server.Lie(idp.Lies{})
				rp := start(t, server, withUserinfo)
				waitFor(t, "discovery", func() bool { return rp.Status().Ready })
				before := server.Count(endpoint)
				_, err := redeem(t, rp)
				wantKind(t, err, oidc.KindUnavailable)
				if endpoint != idp.JWKS && server.Count(endpoint) != before+1 {
					t.Errorf("asked %d times, want once", server.Count(endpoint)-before)
				}
			})
		}
	}
	if _, err := redeem(t, startReady(t, server, withUserinfo)); err != nil {
		t.Errorf("an honest login afterwards: %v", err)
	}
}

// A provider that was there and talks nonsense since is one that is not there: who is logged in stays so, because nothing
// of a session is asked for there.
func TestID02_nonsense_in_place_of_the_discovery_document_ends_new_logins_until_it_is_back(t *testing.T) {
	for name, h := range unreasonable {
		t.Run(name, func(t *testing.T) {
			server := brief(t)
			inVirtualTime(t, server, func(t *testing.T, rp *oidc.Provider) {
				server.Lie(idp.Lies{DiscoveryRaw: h})
				time.Sleep(time.Minute)
				if s := rp.Status(); s.Ready || oidc.KindOf(s.Err) != oidc.KindUnavailable {
					t.Errorf("status: %+v", s)
				}
				_, err := rp.AuthorizeURL(t.Context(), validRequest())
				wantKind(t, err, oidc.KindUnavailable)
				server.Lie(idp.Lies{})
				time.Sleep(time.Minute)
				if s := rp.Status(); !s.Ready || s.Err != nil {
					t.Errorf("status afterwards: %+v", s)
				}
			})
		})
	}
}

func TestID02_an_endpoint_that_drips_ends_a_login_at_the_time_limit(t *testing.T) {
	if testing.Short() {
		t.Skip("takes the ten seconds of the limit")
	}
	t.Parallel()
	drip := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for r.Context().Err() == nil {
			_, _ = w.Write([]byte(" ")) // the end is told by the context
			_ = http.NewResponseController(w).Flush()
			select {
			case <-r.Context().Done():
			case <-time.After(100 * time.Millisecond):
			}
		}
	}
	for _, endpoint := range []string{idp.JWKS, idp.Token, idp.Userinfo} {
		t.Run(endpoint, func(t *testing.T) {
			t.Parallel()
			b := newBed(t, withUserinfo)
			b.idp.RotateKeys(false) // so that the keys are asked for
			b.idp.Lie(at(endpoint, drip))
			_, err := redeem(t, b.rp)
			wantKind(t, err, oidc.KindUnavailable)
		})
	}
}
