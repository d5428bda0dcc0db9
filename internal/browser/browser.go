// Package browser drives a real headless Chromium for tests. It owns the Chromium process, its throw-away profile and the
// screenshots; it must not know whose pages it opens.
package browser

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/storage"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/remote"

	"github.com/edgeauth/edgeauth/internal/child"
	"github.com/edgeauth/edgeauth/internal/need"
)

// limit bounds every wait of this package.
const limit = 30 * time.Second

// Browser is one Chromium with a fresh profile: no cookies, no history. Its methods end the test when they cannot do what
// they say, so they belong on the test's own goroutine.
type Browser struct {
	t       testing.TB
	profile string
	process *child.Process
	ctx     context.Context // of chromedp; its first tab stays empty
	tabs    int
}

// flags keep Chromium from talking to anyone but the pages that a test opens. It runs as root in containers, hence no sandbox.
func flags(profile string) []string {
	return []string{
		"--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions",
		"--no-default-browser-check", "--password-store=basic", "--window-size=1280,900", "--lang=en",
		"--user-data-dir=" + profile, "--remote-debugging-port=0",
	}
}

// Start runs a Chromium and ends it with the test. Further flags, such as "--ignore-certificate-errors", come last. Where
// there is no Chromium it skips the test (see need).
func Start(t testing.TB, further ...string) *Browser {
	t.Helper()
	program := need.Chromium(t)
	profile, err := os.MkdirTemp("", "edgeauth-chromium-")
	if err != nil {
		t.Fatalf("browser: %v", err)
	}
	b := &Browser{t: t, profile: profile}
	t.Cleanup(b.end)
	if err := b.run(program, append(flags(profile), further...)); err != nil {
		t.Fatalf("browser: %v\n%s", err, b.log())
	}
	return b
}

// run starts the process and connects to it.
func (b *Browser) run(program string, args []string) error {
	cmd := exec.Command(program, append(args, "about:blank")...)
	out, err := os.Create(b.logFile())
	if err != nil {
		return err
	}
	defer out.Close()
	cmd.Stdout, cmd.Stderr = out, out
	if b.process, err = child.Start(cmd, b.profile); err != nil {
		return err
	}
	address, err := b.devTools()
	if err != nil {
		return err
	}
	allocator, cancelAllocator := remote.NewAllocator(context.Background(), address, remote.NoModifyURL)
	ctx, cancel := chromedp.NewContext(allocator)
	b.t.Cleanup(func() {
		cancel()
		cancelAllocator()
	})
	b.ctx = ctx
	return chromedp.Do(ctx)
}

// devTools returns the address of the DevTools protocol, which Chromium writes into its profile when it listens.
func (b *Browser) devTools() (string, error) {
	file := filepath.Join(b.profile, "DevToolsActivePort")
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		data, _ := os.ReadFile(file)
		if port, path, found := strings.Cut(string(data), "\n"); found && path != "" {
			return "ws://127.0.0.1:" + port + strings.TrimSpace(path), nil
		}
		select {
		case <-b.process.Done():
			return "", fmt.Errorf("chromium ended while starting: %v", b.process.Err())
		default:
		}
	}
	return "", fmt.Errorf("chromium did not listen within %v", limit)
}

// end kills Chromium and removes its profile, into which a dying helper process may still write for a moment.
func (b *Browser) end() {
	if b.process != nil {
		b.process.Kill()
	}
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if os.RemoveAll(b.profile) == nil {
			return
		}
	}
}

func (b *Browser) logFile() string { return filepath.Join(b.profile, "chromium.log") }

func (b *Browser) log() string {
	data, _ := os.ReadFile(b.logFile())
	return string(data)
}

// NewTab opens an empty tab. All tabs share the profile, and so their cookies.
func (b *Browser) NewTab() *Tab {
	b.t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx)
	b.t.Cleanup(cancel)
	b.tabs++
	tab := &Tab{t: b.t, ctx: ctx, name: fmt.Sprintf("tab%d", b.tabs)}
	// The first Run makes the tab and ties it to the context it is given, so that one must not have a time limit.
	if err := chromedp.Do(ctx); err != nil {
		b.t.Fatalf("browser: opening a tab: %v", err)
	}
	return tab
}

// OpenAll opens each address in a tab of its own, all at the same moment, as a browser does that restores its tabs. It
// returns when every page has loaded. The tabs share the processor, so the time that all of them take together has no
// limit; what has one, 30 s, is the time without progress: until the next tab has landed, or has at least got further with
// its page or to another one.
func (b *Browser) OpenAll(addresses ...string) []*Tab {
	b.t.Helper()
	tabs := make([]*Tab, len(addresses))
	for i := range addresses {
		tabs[i] = b.NewTab()
	}
	stuck := time.NewTimer(limit)
	defer stuck.Stop()
	step := func() { stuck.Reset(limit) }
	landed := make(chan error, len(addresses))
	var stops []context.CancelCauseFunc
	for i, address := range addresses {
		ctx, stop := context.WithCancelCause(tabs[i].ctx)
		stops = append(stops, stop)
		defer stop(nil)
		go func() { landed <- tabs[i].navigate(ctx, address, step) }()
	}
	for waiting := len(addresses); waiting > 0; {
		select {
		case err := <-landed:
			if waiting--; err != nil {
				b.t.Errorf("browser: %v", err)
			}
		case <-stuck.C:
			for _, stop := range stops {
				stop(fmt.Errorf("no tab got any further for %v", limit))
			}
		}
	}
	if b.t.Failed() {
		b.t.FailNow()
	}
	return tabs
}

// Cookies returns all cookies of the profile, whatever their host.
func (b *Browser) Cookies() []*http.Cookie {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, limit)
	defer cancel()
	found, err := chromedp.Call(ctx, storage.GetCookies, storage.GetCookiesParams{})
	if err != nil {
		b.t.Fatalf("browser: reading the cookies: %v", err)
	}
	cookies := make([]*http.Cookie, len(found.Cookies))
	for i, c := range found.Cookies {
		cookies[i] = asHTTP(c)
	}
	return cookies
}

func asHTTP(c *network.Cookie) *http.Cookie {
	cookie := &http.Cookie{
		Name: c.Name, Value: c.Value, Domain: c.Domain, Path: c.Path, Secure: c.Secure, HttpOnly: c.HTTPOnly,
	}
	if !c.Session {
		cookie.Expires = time.UnixMilli(int64(c.Expires * 1000))
	}
	switch c.SameSite {
	case network.CookieSameSiteLax:
		cookie.SameSite = http.SameSiteLaxMode
	case network.CookieSameSiteStrict:
		cookie.SameSite = http.SameSiteStrictMode
	case network.CookieSameSiteNone:
		cookie.SameSite = http.SameSiteNoneMode
	}
	return cookie
}
