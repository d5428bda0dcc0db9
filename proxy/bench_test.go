package proxy_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/proxy"
)

// browser is a request as a browser sends it: 15 header fields and the session.
func browser(b *bed, target string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, target, nil)
	r.Host = publicHost
	for name, value := range map[string]string{
		"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 Safari/537.36", "Accept-Language": "en-GB,en;q=0.9,de;q=0.8",
		"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8", "Accept-Encoding": "gzip, deflate, br, zstd", "Cache-Control": "max-age=0",
		"Sec-Ch-Ua": `"Chromium";v="146", "Not=A?Brand";v="24"`, "Sec-Ch-Ua-Mobile": "?0", "Sec-Ch-Ua-Platform": `"Linux"`, "Sec-Fetch-Dest": "document", "Sec-Fetch-Mode": "navigate",
		"Sec-Fetch-Site": "same-origin", "Sec-Fetch-User": "?1", "Upgrade-Insecure-Requests": "1", "Referer": "https://app.corp.test/start", "Cookie": "theme=dark; __Host-edgeauth=" + b.value(b.alice()) + "; lang=en",
	} {
		r.Header.Set(name, value)
	}
	return r
}

// BenchmarkAdmission is the way from the parsed request to the verdict, in the steady state: the session was opened
// before and the log has not changed.
func BenchmarkAdmission(b *testing.B) {
	bed := newBed(b, options{})
	r := browser(bed, "/reports/2026/11?page=2")
	b.ReportAllocs()
	for b.Loop() {
		if err := proxy.Decide(bed.handler, r); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkAdmissionAfterLogChange is the same when the log has changed since the session's last request.
func BenchmarkAdmissionAfterLogChange(b *testing.B) {
	bed := newBed(b, options{})
	r := browser(bed, "/reports/2026/11?page=2")
	b.ReportAllocs()
	for b.Loop() {
		bed.log.version.Add(1)
		if err := proxy.Decide(bed.handler, r); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkAdmissionOpening is the same with a cookie that was not seen before: the cache never holds it.
func BenchmarkAdmissionOpening(b *testing.B) {
	bed := newBed(b, options{})
	r := browser(bed, "/reports/2026/11?page=2")
	b.ReportAllocs()
	for b.Loop() {
		proxy.Forget(bed.handler)
		if err := proxy.Decide(bed.handler, r); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCookieOpen is opening alone.
func BenchmarkCookieOpen(b *testing.B) {
	bed := newBed(b, options{})
	value := bed.value(bed.alice())
	b.ReportAllocs()
	b.SetBytes(int64(len(value)))
	for b.Loop() {
		if _, err := bed.cookies.Open(value); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkScrub is removing what clients may not say and adding the identity.
func BenchmarkScrub(b *testing.B) {
	bed := newBed(b, options{})
	outgoing := proxy.Outgoing(bed.handler, browser(bed, "/x"))
	r := browser(bed, "/x")
	b.ReportAllocs()
	for b.Loop() {
		h := make(http.Header, len(r.Header)+8)
		for name, values := range r.Header {
			h[name] = values
		}
		outgoing(h)
	}
}

// withToken is a bed whose application gets an access token of about the size that Keycloak issues.
func withToken(b *testing.B, backend string) *bed {
	p := &purse{token: strings.Repeat("t", 1200)}
	return newBed(b, options{backend: backend, handler: p.into, upstream: func(c *proxy.UpstreamConfig) {
		c.AccessToken = proxy.AccessTokenHeader{Name: "Authorization", Scheme: "Bearer"}
	}})
}

// BenchmarkAccessToken is getting the token of a session for an upstream that asks for it: with the opened session, as for all requests
// until the token is due to be renewed.
func BenchmarkAccessToken(b *testing.B) {
	bed := withToken(b, "")
	lend := proxy.Lending(bed.handler, browser(bed, "/x"))
	b.ReportAllocs()
	for b.Loop() {
		if err := lend(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkHop is a whole exchange over loopback, beside a bare ReverseProxy with the same connections.
func BenchmarkHop(b *testing.B) {
	body := strings.Repeat("x", 1024)
	backend := answering(b, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) })
	bed := newBed(b, options{backend: backend})
	b.Run("edge", func(b *testing.B) { hop(b, bed.edge.URL, browser(bed, "/x")) })
	tokens := withToken(b, backend)
	b.Run("edge with an access token", func(b *testing.B) { hop(b, tokens.edge.URL, browser(tokens, "/x")) })
	to, err := url.Parse(backend)
	if err != nil {
		b.Fatal(err)
	}
	bare := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite:   func(pr *httputil.ProxyRequest) { pr.SetURL(to) },
		Transport: &http.Transport{MaxIdleConnsPerHost: 1024, DisableCompression: true, IdleConnTimeout: time.Minute},
	})
	b.Cleanup(bare.Close)
	b.Run("bare", func(b *testing.B) { hop(b, bare.URL, browser(bed, "/x")) })
}

func hop(b *testing.B, address string, like *http.Request) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 8, DisableCompression: true}}
	defer client.CloseIdleConnections()
	b.ReportAllocs()
	for b.Loop() {
		r, err := http.NewRequest(http.MethodGet, address+"/x", nil)
		if err != nil {
			b.Fatal(err)
		}
		r.Host, r.Header = like.Host, like.Header
		res, err := client.Do(r)
		if err != nil || res.StatusCode != http.StatusOK {
			b.Fatal(res, err)
		}
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
	}
}
