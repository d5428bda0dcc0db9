package login_test

import (
	"net/http"
	"strings"
	"testing"
)

func TestALoginEndsAtTheDeepLinkWithASession(t *testing.T) {
	b := open(t)
	c := b.browser()
	p := c.login("/deep/link?x=1&y=%2F")
	if !strings.Contains(p.body, "alice") {
		t.Errorf("the page knows nobody: %s", p.body)
	}
	if c.cookie("edgeauth") == "" || c.cookie("edgeauth-device") == "" {
		t.Error("session or device cookie is missing")
	}
	if again := c.get("/deep/link?x=1&y=%2F"); again.StatusCode != http.StatusOK {
		t.Errorf("the second visit is answered %d", again.StatusCode)
	}
}
