package browser

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/chromedp/chromedp"
)

// Screenshot saves the whole page as PNG and returns its path: ARTIFACTS/TEST/name.png, where ARTIFACTS is
// $EDGEAUTH_ARTIFACTS, else the folder artifacts of the repository, which git ignores.
func (tab *Tab) Screenshot(name string) string {
	tab.t.Helper()
	path, err := tab.screenshot(name)
	if err != nil {
		tab.t.Fatalf("browser: taking screenshot %s: %v", name, err)
	}
	return path
}

func (tab *Tab) screenshot(name string) (string, error) {
	ctx, cancel := context.WithTimeout(tab.ctx, limit)
	defer cancel()
	// Quality 100 is chromedp's way to say PNG.
	png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err != nil {
		return "", err
	}
	dir, err := artifacts()
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, fileName(tab.t.Name()), fileName(name)+".png")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return "", err
	}
	return path, os.WriteFile(path, png, 0o644)
}

// fail ends the test with err, the address and a screenshot of what was there instead.
func (tab *Tab) fail(err error) {
	tab.t.Helper()
	ctx, cancel := context.WithTimeout(tab.ctx, 5*time.Second)
	defer cancel()
	address, e := chromedp.Run(ctx, chromedp.Location())
	if e != nil {
		address = fmt.Sprintf("unknown (%v)", e)
	}
	path, e := tab.screenshot("failure-" + tab.name)
	if e != nil {
		path = fmt.Sprintf("none (%v)", e)
	}
	tab.t.Fatalf("browser: %v\n\taddress: %s\n\tscreenshot: %s", err, address, path)
}

// artifacts returns the directory for screenshots.
func artifacts() (string, error) {
	if dir := os.Getenv("EDGEAUTH_ARTIFACTS"); dir != "" {
		return dir, nil
	}
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for parent := filepath.Dir(dir); ; dir, parent = parent, filepath.Dir(parent) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(dir, "artifacts"), nil
		}
		if parent == dir {
			return "", fmt.Errorf("no go.mod above the working directory; set EDGEAUTH_ARTIFACTS")
		}
	}
}

// fileName makes a name of one path element out of a test's name.
func fileName(name string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(`/\:*?"<>| `, r) {
			return '_'
		}
		return r
	}, name)
}
