package browser

import (
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// AnswerDialogs answers every alert, confirm and prompt of the tab from now on: yes, and with text where it is asked for.
// Without it a dialog stands open, and its page with it.
func (tab *Tab) AnswerDialogs(text string) {
	tab.t.Helper()
	opening := chromedp.Events(tab.ctx, page.JavascriptDialogOpening)
	go func() {
		for _, err := range opening {
			if err != nil {
				return // the tab is closed
			}
			answer := page.HandleJavaScriptDialogParams{Accept: true, PromptText: text}
			if _, err := chromedp.Call(tab.ctx, page.HandleJavaScriptDialog, answer); err != nil {
				return
			}
		}
	}()
}
