package browser

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// Tab is one tab. Selectors are CSS selectors and name the first element that matches; every method waits for its element
// or page up to 30 s and then ends the test with a message that has the address and a screenshot's path.
type Tab struct {
	t    testing.TB
	ctx  context.Context
	name string
}

// Context returns the context for chromedp actions that Tab has no method for.
func (tab *Tab) Context() context.Context { return tab.ctx }

// Open goes to address and returns when the page, after all redirects, has loaded.
func (tab *Tab) Open(address string) {
	tab.t.Helper()
	ctx, cancel := tab.limited()
	defer cancel()
	if err := tab.navigate(ctx, address, func() {}); err != nil {
		tab.fail(err)
	}
}

// Click clicks what selector names and returns when the page that this leads to has loaded.
func (tab *Tab) Click(selector string) {
	tab.t.Helper()
	click := chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible)
	if err := tab.goOn(click); err != nil {
		tab.fail(fmt.Errorf("clicking %s: %w", selector, err))
	}
}

// Press clicks what selector names and returns at once: for buttons that lead to no other page.
func (tab *Tab) Press(selector string) {
	tab.t.Helper()
	tab.run("pressing "+selector, chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
}

// Fill empties the input that selector names and types value.
func (tab *Tab) Fill(selector, value string) {
	tab.t.Helper()
	empty := "void (document.querySelector(" + strconv.Quote(selector) + ").value = '')"
	tab.run("filling "+selector, chromedp.WaitVisible(chromedp.CSS(selector)),
		chromedp.Evaluate[chromedp.Void](empty), chromedp.SendKeys(chromedp.CSS(selector), value))
}

// Back does what the back button does and returns when the page has loaded, or was shown again from memory.
func (tab *Tab) Back() {
	tab.t.Helper()
	back := chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		history, err := cdp.Call(ctx, target, page.GetNavigationHistory, cdp.Empty{})
		if err != nil {
			return err
		}
		if history.CurrentIndex == 0 {
			return errors.New("this is the first page of the tab")
		}
		entry := history.Entries[history.CurrentIndex-1]
		_, err = cdp.Call(ctx, target, page.NavigateToHistoryEntry, page.NavigateToHistoryEntryParams{EntryID: entry.ID})
		return err
	})
	if err := tab.goOn(back); err != nil {
		tab.fail(fmt.Errorf("going back: %w", err))
	}
}

// Reload loads the page again and returns when it has loaded.
func (tab *Tab) Reload() {
	tab.t.Helper()
	reload := chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, page.Reload, page.ReloadParams{})
		return err
	})
	if err := tab.goOn(reload); err != nil {
		tab.fail(fmt.Errorf("reloading: %w", err))
	}
}

// URL returns the address of the page.
func (tab *Tab) URL() string {
	tab.t.Helper()
	return value(tab, "reading the address", chromedp.Location())
}

// Status returns the HTTP status of the page.
func (tab *Tab) Status() int {
	tab.t.Helper()
	var status int
	tab.Eval(`performance.getEntriesByType("navigation")[0].responseStatus`, &status)
	return status
}

// Text returns the visible text of what selector names.
func (tab *Tab) Text(selector string) string {
	tab.t.Helper()
	return value(tab, "reading "+selector, chromedp.Text(chromedp.CSS(selector)))
}

// HTML returns the document as it stands now.
func (tab *Tab) HTML() string {
	tab.t.Helper()
	var html string
	tab.Eval(`document.documentElement.outerHTML`, &html)
	return html
}

// Eval evaluates JavaScript in the page and decodes its value, as JSON, into out.
func (tab *Tab) Eval(expression string, out any) {
	tab.t.Helper()
	encoded := value(tab, "evaluating "+expression, chromedp.Evaluate[[]byte](expression))
	if err := json.Unmarshal(encoded, out); err != nil {
		tab.fail(fmt.Errorf("decoding %s, the value of %s: %w", encoded, expression, err))
	}
}

// WaitVisible returns when what selector names is there and visible.
func (tab *Tab) WaitVisible(selector string) {
	tab.t.Helper()
	tab.run("waiting for "+selector, chromedp.WaitVisible(chromedp.CSS(selector)))
}

// WaitURL returns when the address matches the regular expression pattern and the page has loaded: for pages that go on by
// themselves.
func (tab *Tab) WaitURL(pattern string) {
	tab.t.Helper()
	wanted := regexp.MustCompile(pattern)
	ctx, cancel := tab.limited()
	defer cancel()
	err := tab.waitLoaded(ctx, "", wanted.MatchString, func() {})
	if err != nil {
		tab.fail(fmt.Errorf("waiting for an address that matches %s: %w", pattern, err))
	}
}

func (tab *Tab) run(what string, actions ...chromedp.Action[chromedp.Void]) {
	tab.t.Helper()
	value(tab, what, chromedp.Steps(actions...))
}

// value runs action within the limit and returns its value.
func value[T any](tab *Tab, what string, action chromedp.Action[T]) T {
	tab.t.Helper()
	ctx, cancel := context.WithTimeout(tab.ctx, limit)
	defer cancel()
	result, err := chromedp.Run(ctx, action)
	if err != nil {
		tab.fail(fmt.Errorf("%s: %w", what, err))
	}
	return result
}

// limited is the time for one wait.
func (tab *Tab) limited() (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(tab.ctx, limit, fmt.Errorf("not within %v", limit))
}

// navigate goes to address and may be used from any goroutine.
func (tab *Tab) navigate(ctx context.Context, address string, step func()) error {
	err := tab.leave(ctx, chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		result, err := cdp.Call(ctx, target, page.Navigate, page.NavigateParams{URL: address})
		if err == nil && result.ErrorText != "" {
			err = errors.New(result.ErrorText)
		}
		return err
	}), step)
	if err != nil {
		return fmt.Errorf("opening %s: %w", address, err)
	}
	return nil
}

// goOn is leave within the limit.
func (tab *Tab) goOn(action chromedp.Action[chromedp.Void]) error {
	ctx, cancel := tab.limited()
	defer cancel()
	return tab.leave(ctx, action, func() {})
}

// leave runs action and waits until another document has loaded. The present document is marked first; a document without
// that mark is another one, be it fresh or an earlier one shown from memory.
func (tab *Tab) leave(ctx context.Context, action chromedp.Action[chromedp.Void], step func()) error {
	mark := rand.Text()
	setMark := chromedp.Evaluate[chromedp.Void]("void (window.edgeauthTestMark = " + strconv.Quote(mark) + ")")
	if err := chromedp.Do(ctx, setMark, action); err != nil {
		return err
	}
	step()
	return tab.waitLoaded(ctx, mark, func(string) bool { return true }, step)
}

// waitLoaded waits for a loaded document that does not carry mark and whose address is wanted. It calls step whenever the
// document is another one than before, or has loaded further.
func (tab *Tab) waitLoaded(ctx context.Context, mark string, wanted func(address string) bool, step func()) error {
	type document struct{ Mark, Ready, Address string }
	const look = `({Mark: window.edgeauthTestMark || "", Ready: document.readyState, Address: location.href})`
	var before document
	for {
		// In the middle of a navigation there is no document to ask, which is an error like any other: ask again.
		state, err := chromedp.Run(ctx, chromedp.Evaluate[document](look))
		if err == nil && (mark == "" || state.Mark != mark) && state.Ready == "complete" && wanted(state.Address) {
			return nil
		}
		if err == nil && state != before {
			before = state
			step()
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("no such page: %w (%+v, %v)", context.Cause(ctx), state, err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Prefer makes pages believe that the person prefers a colour scheme: "light" or "dark".
func (tab *Tab) Prefer(scheme string) {
	tab.t.Helper()
	tab.run("preferring "+scheme, chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		features := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}
		_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features})
		return err
	}))
}
