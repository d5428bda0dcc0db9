package agent_test

import (
	"strings"
	"testing"

	"github.com/edgeauth/edgeauth/fingerprint/internal/agent"
)

const (
	win    = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
	iphone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
	droid  = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) "
)

// lines are what programs really send, and what they are.
var lines = []struct {
	line, browser, os string
	kind              agent.Kind
	engine            agent.Engine
}{
	{win + "Chrome/140.0.0.0 Safari/537.36", "Chrome 140", "Windows 10", agent.Desktop, agent.Chromium},
	{win + "Chrome/140.0.0.0 Safari/537.36 Edg/141.0.3485.54", "Edge 141", "Windows 10", agent.Desktop, agent.Chromium},
	{win + "Chrome/140.0.0.0 Safari/537.36 OPR/121.0.0.0", "Opera 121", "Windows 10", agent.Desktop, agent.Chromium},
	{win + "Chrome/140.0.0.0 Safari/537.36 Vivaldi/7.5.3735.58", "Vivaldi 7", "Windows 10", agent.Desktop, agent.Chromium},
	{win + "Chrome/64.0.3282.140 Safari/537.36 Edge/18.17763", "Edge 18", "Windows 10", agent.Desktop, agent.Unknown},
	{win + "Slack/4.45.64 Chrome/138.0.7204.35 Electron/37.1.0 Safari/537.36", "Slack 4", "Windows 10", agent.Desktop, agent.Chromium},
	{"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox 140", "Windows 10", agent.Desktop, agent.Gecko},
	{"Mozilla/5.0 (Windows NT 6.1; Win64; x64; rv:115.0) Gecko/20100101 Firefox/115.0", "Firefox 115", "Windows 7", agent.Desktop, agent.Gecko},
	{"Mozilla/5.0 (Windows NT 6.3; WOW64; Trident/7.0; rv:11.0) like Gecko", "Internet Explorer 11", "Windows 8.1", agent.Desktop, agent.Unknown},
	{"Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 5.1)", "Internet Explorer 8", "Windows XP", agent.Desktop, agent.Unknown},
	{"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15",
		"Safari 18", "macOS 10.15", agent.Desktop, agent.WebKit},
	{"Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox 140", "macOS 10.15", agent.Desktop, agent.Gecko},
	{"Mozilla/5.0 (Macintosh; Intel Mac OS X 11_2_3) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/89.0.4389.90 Safari/537.36",
		"Chrome 89", "macOS 11", agent.Desktop, agent.Chromium},
	{iphone + "Version/18.5 Mobile/15E148 Safari/604.1", "Safari 18", "iOS 18", agent.Mobile, agent.WebKit},
	{iphone + "CriOS/140.0.7339.39 Mobile/15E148 Safari/604.1", "Chrome 140", "iOS 18", agent.Mobile, agent.WebKit},
	{iphone + "FxiOS/140.0 Mobile/15E148 Safari/605.1.15", "Firefox 140", "iOS 18", agent.Mobile, agent.WebKit},
	{iphone + "Mobile/15E148", "WebKit", "iOS 18", agent.Mobile, agent.WebKit},
	{"Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
		"Safari 17", "iOS 17", agent.Tablet, agent.WebKit},
	{droid + "Chrome/140.0.0.0 Mobile Safari/537.36", "Chrome 140", "Android 10", agent.Mobile, agent.Chromium},
	{droid + "Chrome/140.0.0.0 Safari/537.36", "Chrome 140", "Android 10", agent.Tablet, agent.Chromium},
	{droid + "SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36", "Samsung Internet 28", "Android 10", agent.Mobile, agent.Chromium},
	{droid + "Chrome/140.0.0.0 Mobile Safari/537.36 EdgA/140.0.0.0", "Edge 140", "Android 10", agent.Mobile, agent.Chromium},
	{"Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0", "Firefox 140", "Android 15", agent.Mobile, agent.Gecko},
	{"Mozilla/5.0 (Android 15; Tablet; rv:140.0) Gecko/140.0 Firefox/140.0", "Firefox 140", "Android 15", agent.Tablet, agent.Gecko},
	{"Mozilla/5.0 (Linux; Android 14; SM-S918B Build/UP1A.231005.007; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/140.0.7339.51 Mobile Safari/537.36",
		"Android WebView 140", "Android 14", agent.Mobile, agent.Chromium},
	{"Mozilla/5.0 (Linux; Android 9; CUBOT X19) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36",
		"Chrome 140", "Android 9", agent.Mobile, agent.Chromium},
	{"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/156.0.0.0 Safari/537.36",
		"Headless Chrome 156", "Linux", agent.Bot, agent.Chromium},
	{"Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox 140", "Linux", agent.Desktop, agent.Gecko},
	{"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
		"Chrome 140", "ChromeOS", agent.Desktop, agent.Chromium},
	{"Mozilla/5.0 (SMART-TV; LINUX; Tizen 6.0) AppleWebKit/537.36 (KHTML, like Gecko) Version/6.0 TV Safari/537.36", "Safari 6", "Tizen 6", agent.Other, agent.WebKit},
	{"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "Googlebot 2", "", agent.Bot, agent.Unknown},
	{"Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm) Chrome/116.0.1938.76 Safari/537.36",
		"bingbot 2", "", agent.Bot, agent.Chromium},
	{"curl/8.5.0", "curl 8", "", agent.Other, agent.Unknown},
	{"python-requests/2.32.3", "python-requests 2", "", agent.Other, agent.Unknown},
	{"Go-http-client/2.0", "Go-http-client 2", "", agent.Other, agent.Unknown},
	{"Dalvik/2.1.0 (Linux; U; Android 14; Pixel 8 Build/UQ1A.240105.004)", "Dalvik 2", "Android 14", agent.Mobile, agent.Unknown},
	{"Mozilla/5.0", "", "", agent.Other, agent.Unknown},
	{"", "", "", agent.Other, agent.Unknown},
}

func TestALineIsReadAsWhatItIs(t *testing.T) {
	for _, row := range lines {
		a := agent.Parse(row.line)
		if a.Browser() != row.browser || a.OS() != row.os || a.Kind != row.kind || a.Engine != row.engine {
			t.Errorf("%s\nis %q on %q, %s, engine %d; want %q on %q, %s, engine %d", row.line, a.Browser(), a.OS(), a.Kind, a.Engine,
				row.browser, row.os, row.kind, row.engine)
		}
	}
}

func TestOnlyTheBeginningOfALongLineIsRead(t *testing.T) {
	long := strings.Repeat("x ", agent.MaxLine/2)
	if a := agent.Parse(long + "Firefox/140.0"); a.Major != "" {
		t.Errorf("%q was read behind the limit", a.Browser())
	}
}

// What comes of a line goes to logs, counters and pages.
func FuzzWhatIsReadIsShortAndPlain(f *testing.F) {
	for _, row := range lines {
		f.Add(row.line)
	}
	f.Add("((((" + strings.Repeat("a/1 ", 300))
	f.Add("Mozilla/5.0 (Windows NT ")
	f.Add("Mozilla/5.0 (Macintosh; Mac OS X 10")
	f.Fuzz(func(t *testing.T, line string) {
		a := agent.Parse(line)
		for _, text := range []string{a.Browser(), a.OS()} {
			if len(text) > 40 {
				t.Errorf("%d bytes: %q", len(text), text)
			}
			if i := strings.IndexFunc(text, func(r rune) bool {
				return !strings.ContainsRune("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._- ", r)
			}); i >= 0 {
				t.Errorf("an odd letter in %q", text)
			}
		}
		switch a.Kind {
		case agent.Desktop, agent.Mobile, agent.Tablet, agent.Bot, agent.Other:
		default:
			t.Errorf("kind %q", a.Kind)
		}
		if again := agent.Parse(line); again != a {
			t.Errorf("%+v, then %+v", a, again)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	for name, line := range map[string]string{"edge": lines[1].line, "worst": strings.Repeat("(;a/1) b/", 200)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				agent.Parse(line)
			}
		})
	}
}
