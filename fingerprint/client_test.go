package fingerprint_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/edgeauth/edgeauth/fingerprint"
)

// What programs send.
const (
	chromeWindows  = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
	chromeLinux    = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
	chromeAndroid  = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36"
	chromeTablet   = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
	chromeIOS      = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/140.0 Mobile/15E148 Safari/604.1"
	headlessLinux  = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/156.0.0.0 Safari/537.36"
	edgeWindows    = chromeWindows + " Edg/140.0.0.0"
	operaWindows   = chromeWindows + " OPR/121.0.0.0"
	samsung        = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36"
	webView        = "Mozilla/5.0 (Linux; Android 14; Pixel 8 Build/UQ1A; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/140.0.7339.51 Mobile Safari/537.36"
	electron       = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Slack/4.45.64 Chrome/138.0.7204.35 Electron/37.1.0 Safari/537.36"
	firefoxWindows = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
	safariMac      = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15"
	safariPhone    = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"
	gnomeWeb       = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15"
	oldEdge        = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/64.0.3282.140 Safari/537.36 Edge/18.17763"
	bing           = "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm) Chrome/116.0.1938.76 Safari/537.36"
)

// Hints as browsers send them.
const (
	chromeBrands   = `"Chromium";v="140", "Not=A?Brand";v="24", "Google Chrome";v="140"`
	edgeBrands     = `"Chromium";v="140", "Not=A?Brand";v="24", "Microsoft Edge";v="140"`
	braveBrands    = `"Chromium";v="140", "Not=A?Brand";v="24", "Brave";v="140"`
	operaBrands    = `"Chromium";v="140", "Not=A?Brand";v="24", "Opera";v="121"`
	samsungBrands  = `"Chromium";v="130", "Samsung Internet";v="28.0", "Not?A_Brand";v="99"`
	webViewBrands  = `"Chromium";v="140", "Not=A?Brand";v="24", "Android WebView";v="140"`
	headlessBrands = `"Chromium";v="156", "HeadlessChrome";v="156", "Not=A?Brand";v="24"`
	electronBrands = `"Not)A;Brand";v="8", "Chromium";v="138"`
)

// Hellos, each as the real thing sent it: measured, or published (docs/client-signals.md).
const (
	chromeHello  = "t13d1517h2_8daaf6152771_cb7bf5808d99"
	chromeSocket = "t13d1516h1_8daaf6152771_5b37b36a67c0"
	firefoxHello = "t13d1715h2_5b57614c22b0_3d5424432f57"
	safariHello  = "t13d2014h2_a09f3c656075_7f0f34a4126d"
	goHello      = "t13d1312h2_f57a46bbacb6_ab7e3b40a677"
	curlHello    = "t13d3111h2_e8f1e7e78f70_375ca2c5e164"
	pythonHello  = "t13d181000_85036bcba153_d41ae481755e"
	gnutlsHello  = "t13d3012h2_723694b0fccc_288f874c93d6"
	nodeHello    = "t13d591000_a33745022dd6_1f22a2ca17c4"
	javaHello    = "t13d3713h2_db35923f8641_7c76daad20ec"
	winHello     = "t12d190800_d83cc789557e_7af1ed941c26"
)

// request is a header with what a program may say of itself.
func request(line string, hints ...string) http.Header {
	h := http.Header{"User-Agent": {line}}
	for i, name := range []string{"Sec-CH-UA", "Sec-CH-UA-Platform", "Sec-CH-UA-Mobile"} {
		if i < len(hints) {
			h.Set(name, hints[i])
		}
	}
	return h
}

func TestHonestBrowsersDoNotContradictThemselves(t *testing.T) {
	rows := []struct {
		name, ja4 string
		header    http.Header
	}{
		{"Chrome", chromeHello, request(chromeWindows, chromeBrands, `"Windows"`, "?0")},
		{"Chrome, for a WebSocket", chromeSocket, request(chromeWindows)},
		{"Chrome without hints, as over plain http", chromeHello, request(chromeWindows)},
		{"Chrome where TLS ends elsewhere", "", request(chromeWindows, chromeBrands, `"Windows"`, "?0")},
		{"Chrome over QUIC", "q13d0312h3_55b375c5d22e_06cda9e17597", request(chromeWindows, chromeBrands, `"Windows"`, "?0")},
		{"Edge", chromeHello, request(edgeWindows, edgeBrands, `"Windows"`, "?0")},
		{"Brave", chromeHello, request(chromeWindows, braveBrands, `"Windows"`, "?0")},
		{"Opera", chromeHello, request(operaWindows, operaBrands, `"Windows"`, "?0")},
		{"Samsung Internet", chromeHello, request(samsung, samsungBrands, `"Android"`, "?1")},
		{"Chrome on a phone", chromeHello, request(chromeAndroid, chromeBrands, `"Android"`, "?1")},
		{"Chrome on a tablet", chromeHello, request(chromeTablet, chromeBrands, `"Android"`, "?0")},
		{"a phone that asks for the desktop's page", chromeHello, request(chromeLinux, chromeBrands, `"Linux"`, "?0")},
		{"another one, whose hints stay", chromeHello, request(chromeLinux, chromeBrands, `"Android"`, "?1")},
		{"Android WebView", chromeHello, request(webView, webViewBrands, `"Android"`, "?1")},
		{"headless Chromium", chromeHello, request(headlessLinux, headlessBrands, `"Linux"`, "?0")},
		{"Electron", chromeHello, request(electron, electronBrands, `"Windows"`, "?0")},
		{"Chromium on a system without a name", chromeHello, request(chromeLinux, chromeBrands, `"Unknown"`, "?0")},
		{"hints that nobody can read", chromeHello, request(chromeWindows, `Chromium 140`, `Linux`, "yes")},
		{"Firefox", firefoxHello, request(firefoxWindows)},
		{"Safari on a Mac", safariHello, request(safariMac)},
		{"Safari on an iPhone", safariHello, request(safariPhone)},
		{"Chrome on an iPhone", safariHello, request(chromeIOS)},
		{"Chrome on an iPhone, where it may bring its own engine", chromeHello, request(chromeIOS, chromeBrands, `"iOS"`, "?1")},
		{"GNOME Web, built on GnuTLS", gnutlsHello, request(gnomeWeb)},
		{"Edge before it was a Chromium", winHello, request(oldEdge)},
		{"a crawler", winHello, request(bing)},
		{"Go's client, which says so", goHello, request("Go-http-client/2.0")},
		{"curl, which says so", curlHello, request("curl/8.5.0")},
		{"a program that is not known", pythonHello, request("Acme/1.0")},
		{"a browser of 2019", winHello, request(strings.Replace(chromeWindows, "140", "70", 1))},
		{"a browser whose maker fetches pages", winHello, request(chromeWindows + " Silk/140.1")},
		{"a fingerprint that is none", "t13d1517h2", request(chromeWindows)},
		{"another that is none", "t13dxxyyh2_8daaf6152771_cb7bf5808d99", request(chromeWindows)},
		{"nothing", "", http.Header{}},
	}
	for _, row := range rows {
		if got := fingerprint.Of(row.header, row.ja4).Contradictions; len(got) > 0 {
			t.Errorf("%s: %q", row.name, got)
		}
	}
}

func TestWhatCannotBeTrueTogetherIsAContradictionWithItsReason(t *testing.T) {
	rows := []struct {
		name, ja4 string
		header    http.Header
		want      string
	}{
		{"hints and Firefox", "", request(firefoxWindows, chromeBrands), "client hints of a Chromium, but the User-Agent says Firefox"},
		{"hints and Safari", "", request(safariMac, chromeBrands), "client hints of a Chromium, but the User-Agent says Safari"},
		{"a headless browser in disguise", "", request(chromeLinux, headlessBrands, `"Linux"`, "?0"), "client hints of a headless Chromium, but the User-Agent hides it"},
		{"another system", "", request(chromeWindows, chromeBrands, `"Linux"`, "?0"), "client hints say Linux, but the User-Agent says Windows"},
		{"a desktop as a phone", "", request(chromeAndroid, chromeBrands, `"macOS"`), "client hints say macOS, but the User-Agent says Android"},
		{"a phone as a desktop", "", request(chromeWindows, chromeBrands, `"Windows"`, "?1"), "client hints say mobile, but the User-Agent says Windows"},
		{"no phone", "", request(chromeAndroid, chromeBrands, `"Android"`, "?0"), "client hints say that it is not mobile, but the User-Agent says that it is"},
		{"Go as Chrome", goHello, request(chromeWindows), "the TLS hello of Go, but the User-Agent says Chrome"},
		{"Go as Safari", goHello, request(safariPhone), "the TLS hello of Go, but the User-Agent says Safari"},
		{"curl as Firefox", curlHello, request(firefoxWindows), "the TLS hello of OpenSSL, but the User-Agent says Firefox"},
		{"Python as Edge", pythonHello, request(edgeWindows), "the TLS hello of Python, but the User-Agent says Edge"},
		{"wget as Chrome", gnutlsHello, request(chromeWindows), "the TLS hello of GnuTLS, but the User-Agent says Chrome"},
		{"Node as Chrome", nodeHello, request(chromeWindows), "the TLS hello of Node.js, but the User-Agent says Chrome"},
		{"Java as a WebView", javaHello, request(webView), "the TLS hello of Java, but the User-Agent says Android WebView"},
		{"Chrome as Firefox", chromeHello, request(firefoxWindows), "the TLS hello of a Chromium, but the User-Agent says Firefox"},
		{"Chrome as Firefox, for a WebSocket", chromeSocket, request(firefoxWindows), "the TLS hello of a Chromium, but the User-Agent says Firefox"},
		{"Chrome as Safari", chromeHello, request(safariPhone), "the TLS hello of a Chromium, but the User-Agent says Safari"},
		{"Firefox as Chrome", firefoxHello, request(chromeWindows), "the TLS hello of Firefox, but the User-Agent says Chrome"},
		{"Safari as Chrome", safariHello, request(chromeWindows), "the TLS hello of Safari, but the User-Agent says Chrome"},
		{"TLS 1.2 and no ALPN", winHello, request(chromeWindows), "a TLS hello without TLS 1.3, but the User-Agent says Chrome"},
		{"no ALPN", "t13d151600_8daaf6152771_d8a2da3f94cd", request(chromeWindows), "a TLS hello without ALPN, but the User-Agent says Chrome"},
		{"ciphers of nobody", "t13d3012h2_000000000001_000000000001", request(chromeWindows), "a TLS hello with 30 ciphers, more than any browser's, but the User-Agent says Chrome"},
		{"few extensions", "t13d1509h2_000000000001_000000000001", request(chromeWindows), "a TLS hello with 9 extensions, fewer than any browser's, but the User-Agent says Chrome"},
		{"a headless browser's line by Go", goHello, request(headlessLinux), "the TLS hello of Go, but the User-Agent says Headless Chrome"},
	}
	for _, row := range rows {
		got := fingerprint.Of(row.header, row.ja4).Contradictions
		if len(got) == 0 || got[0] != row.want {
			t.Errorf("%s: %q, want %q", row.name, got, row.want)
		}
	}
}

func TestAClientIsDescribed(t *testing.T) {
	h := request(edgeWindows, edgeBrands, `"Windows"`, "?0")
	h.Set("Sec-CH-UA-Full-Version-List", `"Chromium";v="140.0.7339.51", "Not=A?Brand";v="24.0.0.0", "Microsoft Edge";v="140.0.3485.54"`)
	want := fingerprint.Client{Agent: edgeWindows, Browser: "Edge 140", OS: "Windows 10", Kind: "desktop", JA4: chromeHello, Version: "140.0.3485.54"}
	if diff := cmp.Diff(want, fingerprint.Of(h, chromeHello)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	h.Set("Sec-CH-UA-Full-Version-List", `"Chromium";v="<script>"`)
	if got := fingerprint.Of(h, "").Version; got != "" {
		t.Errorf("the version is %q", got)
	}
	h.Set("User-Agent", strings.Repeat("x", 5000))
	if got := fingerprint.Of(h, "").Agent; len(got) != fingerprint.MaxAgent {
		t.Errorf("a line of %d bytes is kept", len(got))
	}
}

func FuzzNoHeaderDoesHarm(f *testing.F) {
	f.Add(chromeWindows, chromeBrands, `"Windows"`, "?0", chromeHello)
	f.Add(safariMac, `"`, `"\`, "", goHello)
	f.Fuzz(func(t *testing.T, line, brands, platform, mobile, ja4 string) {
		h := request(line, brands, platform, mobile)
		c := fingerprint.Of(h, ja4)
		if diff := cmp.Diff(c, fingerprint.Of(h, ja4)); diff != "" {
			t.Error(diff)
		}
		if len(c.Contradictions) > 8 {
			t.Errorf("%d contradictions", len(c.Contradictions))
		}
		for _, s := range c.Contradictions {
			if len(s) > 160 || strings.ContainsAny(s, "\"\n\r<>\x1b") {
				t.Errorf("not our own words: %q", s)
			}
		}
	})
}

func BenchmarkOf(b *testing.B) {
	h := request(edgeWindows, edgeBrands, `"Windows"`, "?0")
	b.ReportAllocs()
	for b.Loop() {
		fingerprint.Of(h, chromeHello)
	}
}
