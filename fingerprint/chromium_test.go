package fingerprint_test

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/edgeauth/edgeauth/fingerprint"
	"github.com/edgeauth/edgeauth/internal/browser"
)

// visit is what a server sees of one request.
type visit struct {
	client  fingerprint.Client
	resumed bool
	proto   string
}

// serve runs a server that closes each connection after one request, so that a browser resumes its session.
func serve(t *testing.T, offer ...string) (address string, visits <-chan visit) {
	t.Helper()
	hellos, seen := make(chan string, 100), make(chan visit, 100)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close")
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "<!doctype html><title>a page</title><link rel=icon href=data:,>")
		seen <- visit{fingerprint.Of(r.Header, <-hellos), r.TLS.DidResume, r.Proto}
	}))
	s.EnableHTTP2 = true
	s.TLS = &tls.Config{NextProtos: offer, GetConfigForClient: func(info *tls.ClientHelloInfo) (*tls.Config, error) {
		hellos <- fingerprint.Program(info)
		return nil, nil
	}}
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.URL, seen
}

func TestARealChromiumIsConsistentAndKeepsItsFigureWhereItResumes(t *testing.T) {
	for _, protocol := range []string{"h2", "http/1.1"} {
		address, visits := serve(t, protocol)
		tab := browser.Start(t, "--ignore-certificate-errors").NewTab()
		var first visit
		resumed := false
		for i := range 5 {
			tab.Open(fmt.Sprint(address, "/", i))
			v := <-visits
			if i == 0 {
				first = v
			}
			resumed = resumed || v.resumed
			if v.client.JA4 != first.client.JA4 {
				t.Errorf("%s: %s became %s", v.proto, first.client.JA4, v.client.JA4)
			}
			if len(v.client.Contradictions) > 0 {
				t.Errorf("%s: %q for %q", v.proto, v.client.Contradictions, v.client.Agent)
			}
		}
		if !resumed || !strings.HasPrefix(first.client.Browser, "Headless Chrome ") || first.client.OS != "Linux" {
			t.Errorf("%s: resumed %v; %+v", first.proto, resumed, first.client)
		}
		t.Logf("%s: %s, %s", first.proto, first.client.Browser, first.client.JA4)
	}
}

func TestAChromiumThatHidesThatItIsHeadlessContradictsItself(t *testing.T) {
	address, visits := serve(t, "h2")
	browser.Start(t, "--ignore-certificate-errors", "--user-agent="+firefoxWindows).NewTab().Open(address)
	v := <-visits
	found := strings.Join(v.client.Contradictions, "; ")
	if !strings.Contains(found, "client hints of a Chromium") {
		t.Errorf("%q: %q", v.client.Agent, found)
	}
	// The whole figure is known of some releases only; others show themselves by their hints alone.
	if strings.HasSuffix(v.client.JA4, "_cb7bf5808d99") && !strings.Contains(found, "TLS hello of a Chromium") {
		t.Errorf("%q with %s: %q", v.client.Agent, v.client.JA4, found)
	}
}

func TestGosClientInDisguiseContradictsItself(t *testing.T) {
	for _, line := range []string{chromeWindows, firefoxWindows, safariMac} {
		address, visits := serve(t, "h2", "http/1.1")
		req, err := http.NewRequest(http.MethodGet, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("User-Agent", line)
		client := &http.Client{Transport: &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if v := <-visits; len(v.client.Contradictions) != 1 || !strings.HasPrefix(v.client.Contradictions[0], "the TLS hello of Go, ") {
			t.Errorf("%s: %q with %s", line, v.client.Contradictions, v.client.JA4)
		}
		client.CloseIdleConnections()
	}
}
