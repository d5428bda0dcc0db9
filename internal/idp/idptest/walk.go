package idptest

import (
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// Step is what a person does on one page of the provider.
type Step struct {
	fields [][2]string // name, which is the id too, and value
	button string      // its id
	sends  [2]string   // the field that the button adds
}

// Password signs in. It fits the login form, first or repeated.
func Password(name, password string) Step {
	return Step{fields: [][2]string{{"username", name}, {"password", password}}, button: "sign-in"}
}

// Code types a one-time code: idp.DemoCode, or what factor.TOTP gives for the user's secret.
func Code(code string) Step {
	return Step{fields: [][2]string{{"code", code}}, button: "verify"}
}

// Touch uses the fingerprint that is registered.
func Touch() Step { return Step{button: "touch", sends: [2]string{"do", "touch"}} }

// Enrol registers a fingerprint.
func Enrol() Step { return Step{button: "enrol", sends: [2]string{"do", "enrol"}} }

// Cancel presses the second button of any of these pages.
func Cancel() Step { return Step{button: "cancel", sends: [2]string{"cancel", "yes"}} }

// Walk takes one step on each page that the provider shows, beginning with resp, and returns the answer to the last
// step. The client needs a cookie jar; whether it follows the redirect at the end is its own affair. A page on which
// the step can't be taken ends the test.
func Walk(t testing.TB, c *http.Client, resp *http.Response, steps ...Step) *http.Response {
	t.Helper()
	for _, s := range steps {
		body, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil {
			t.Fatalf("reading a page of the identity provider: %v", err)
		}
		action, ok := s.action(string(body))
		if !ok {
			t.Fatalf("no %q button at %s, status %d:\n%s", s.button, resp.Request.URL, resp.StatusCode, body)
		}
		to, err := resp.Request.URL.Parse(action)
		if err != nil {
			t.Fatalf("the form leads to %q: %v", action, err)
		}
		if resp, err = c.PostForm(to.String(), s.form()); err != nil {
			t.Fatalf("pressing %q: %v", s.button, err)
		}
	}
	return resp
}

var actionPattern = regexp.MustCompile(`<form method="post" action="([^"]*)"`)

// action is where the page's form leads, if the page has the step's button.
func (s Step) action(page string) (string, bool) {
	m := actionPattern.FindStringSubmatch(page)
	if m == nil || !strings.Contains(page, ` id="`+s.button+`"`) {
		return "", false
	}
	return html.UnescapeString(m[1]), true
}

func (s Step) form() url.Values {
	v := url.Values{}
	for _, f := range s.fields {
		v.Set(f[0], f[1])
	}
	if s.sends[0] != "" {
		v.Set(s.sends[0], s.sends[1])
	}
	return v
}

// Tab is a tab of a real browser (package browser has one).
type Tab interface {
	Fill(selector, value string)
	Click(selector string)
}

// Drive is Walk in a real browser: one step on each page, beginning with the one that the tab shows.
func Drive(tab Tab, steps ...Step) {
	for _, s := range steps {
		for _, f := range s.fields {
			tab.Fill("#"+f[0], f[1])
		}
		tab.Click("#" + s.button)
	}
}
