package edgetest

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"
)

// Client is a browser without scripts: it keeps cookies, asks for pages and follows redirects when told.
type Client struct {
	t    testing.TB
	http *http.Client
}

// Page is an answer with its body read.
type Page struct {
	Status int
	Proto  string // HTTP/1.1 or HTTP/2.0
	URL    *url.URL
	Header http.Header
	Body   string
}

// NewClient returns a client without cookies. Edits change how it connects.
func NewClient(t testing.TB, edits ...func(*http.Transport)) *Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	tr := &http.Transport{}
	for _, edit := range edits {
		edit(tr)
	}
	t.Cleanup(tr.CloseIdleConnections)
	return &Client{t: t, http: &http.Client{Jar: jar, Transport: tr, Timeout: Patience}}
}

// Open navigates to an address and follows redirects.
func (c *Client) Open(address string) Page {
	c.t.Helper()
	return c.send(c.http, http.MethodGet, address, nil)
}

// Ask navigates to an address and does not follow redirects.
func (c *Client) Ask(address string) Page {
	c.t.Helper()
	return c.send(c.stopping(), http.MethodGet, address, nil)
}

// Post sends a form from a page of the same origin and follows redirects.
func (c *Client) Post(address string, form url.Values) Page {
	c.t.Helper()
	return c.send(c.http, http.MethodPost, address, form)
}

func (c *Client) stopping() *http.Client {
	s := *c.http
	s.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &s
}

// Cookie returns the value of a cookie that the client would send to an address, or "".
func (c *Client) Cookie(address, name string) string {
	u, err := url.Parse(address)
	if err != nil {
		c.t.Fatal(err)
	}
	for _, ck := range c.http.Jar.Cookies(u) {
		if ck.Name == name {
			return ck.Value
		}
	}
	return ""
}

// SetCookie plants a cookie, as a thief would.
func (c *Client) SetCookie(address, name, value string) {
	u, err := url.Parse(address)
	if err != nil {
		c.t.Fatal(err)
	}
	c.http.Jar.SetCookies(u, []*http.Cookie{{Name: name, Value: value, Path: "/", Expires: time.Now().Add(time.Hour)}})
}

func (c *Client) send(client *http.Client, method, address string, form url.Values) Page {
	c.t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	req, err := http.NewRequestWithContext(c.t.Context(), method, address, body)
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Accept", "text/html,*/*")
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Origin", req.URL.Scheme+"://"+req.URL.Host)
		req.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	resp, err := client.Do(req)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, address, err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, address, err)
	}
	return Page{Status: resp.StatusCode, Proto: resp.Proto, URL: resp.Request.URL, Header: resp.Header, Body: string(b)}
}
