package e2e_test

import (
	"strings"
	"testing"

	"github.com/edgeauth/edgeauth/internal/browser"
)

func Test_in_the_demo_without_JavaScript_alice_ends_her_session_in_another_browser(t *testing.T) {
	d := startDemo(t)
	tab, other := browser.Start(t).NewTab(), browser.Start(t).NewTab()
	withoutScripts(t, tab)
	d.arriveIn(other, "alice")
	d.arriveIn(tab, "alice")
	tab.Click("#sessions")
	if text := tab.Text("ul.sessions"); strings.Count(text, "Berlin, DE") != 2 || strings.Count(text, "This browser") != 1 {
		t.Errorf("the page shows\n%s", text)
	}
	tab.Click(`ul.sessions form button`)
	says(t, tab, ".notice", "The session has been ended.")
	other.Open(d.origin + "/.edgeauth/me")
	if other.Status() != 401 {
		t.Errorf("the other browser is answered %d", other.Status())
	}
	tab.Click(`button[value="all"]`)
	tab.WaitURL("^" + d.origin + `/\.edgeauth/logged-out\?`)
	d.interrupt()
}
