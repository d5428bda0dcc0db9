package login_test

import (
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// browser is a person's browser without JavaScript. It shows every answer and goes nowhere by itself.
type browser struct {
	*bed
	client http.Client
	jar    *cookiejar.Jar
}

// page is one answer.
type page struct {
	*http.Response
	body string
}

func (b *bed) browser() *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		b.t.Fatal(err)
	}
	transport := b.edge.Client().Transport.(*http.Transport).Clone() // trusts the edge's certificate
	b.t.Cleanup(transport.CloseIdleConnections)
	return &browser{bed: b, jar: jar, client: http.Client{Jar: jar, Timeout: limit, Transport: transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// get shows an address; a path is one of the edge's.
func (c *browser) get(address string, header ...string) page {
	c.t.Helper()
	return c.send(http.MethodGet, address, nil, header...)
}

// post sends a form as a page of the given origin would.
func (c *browser) post(address string, form url.Values, header ...string) page {
	c.t.Helper()
	return c.send(http.MethodPost, address, form, header...)
}

func (c *browser) send(method, address string, form url.Values, header ...string) page {
	c.t.Helper()
	if strings.HasPrefix(address, "/") {
		address = c.edge.URL + address
	}
	r, err := http.NewRequest(method, address, strings.NewReader(form.Encode()))
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("Accept", "text/html")
	r.Header.Set("Sec-Fetch-Mode", "navigate")
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
		if header[i+1] == "" {
			r.Header.Del(header[i])
		}
	}
	resp, err := c.client.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return page{resp, string(body)}
}

// to is where an answer redirects, as an absolute address; empty if it does not.
func (p page) to() string {
	if p.StatusCode != http.StatusSeeOther && p.StatusCode != http.StatusFound {
		return ""
	}
	u, err := p.Request.URL.Parse(p.Header.Get("Location"))
	if err != nil {
		return ""
	}
	return u.String()
}

// refresh is where a page goes by itself.
func (p page) refresh() string {
	_, to, _ := strings.Cut(p.Header.Get("Refresh"), ";url=")
	return to
}

// set reports whether the answer sets a cookie with a value, by the name without prefix.
func (p page) set(name string) bool {
	for _, c := range p.Cookies() {
		if strings.TrimPrefix(c.Name, "__Host-") == name && c.Value != "" {
			return true
		}
	}
	return false
}

// follow goes on until an answer is no redirect; form_post pages are sent as a browser with JavaScript would.
func (c *browser) follow(p page) page {
	c.t.Helper()
	for range 20 {
		switch {
		case p.to() != "":
			p = c.get(p.to())
		case strings.Contains(p.body, `name="state"`):
			p = c.postBack(p)
		default:
			return p
		}
	}
	c.t.Fatalf("more than 20 steps, at %s", p.Request.URL)
	return p
}

var (
	action = regexp.MustCompile(`action="([^"]+)"`)
	hidden = regexp.MustCompile(`name="([a-z_]+)" value="([^"]*)"`)
)

// postBack sends a form_post answer. It comes from another site, so no Lax cookie goes with it.
func (c *browser) postBack(p page) page {
	c.t.Helper()
	form := url.Values{}
	for _, m := range hidden.FindAllStringSubmatch(p.body, -1) {
		form.Add(m[1], html.UnescapeString(m[2]))
	}
	return c.withoutLax(func() page {
		return c.post(html.UnescapeString(action.FindStringSubmatch(p.body)[1]), form, "Origin", c.idp.Issuer())
	})
}

// withoutLax hides the session and device cookies for one request.
func (c *browser) withoutLax(do func() page) page {
	at := c.edgeURL()
	all := c.jar.Cookies(at)
	for _, k := range all {
		if !strings.HasSuffix(k.Name, "-login") && strings.Contains(k.Name, "edgeauth") {
			c.drop(k.Name)
		}
	}
	p := do()
	set := map[string]bool{}
	for _, k := range p.Cookies() {
		set[k.Name] = true
	}
	for _, k := range all {
		if !set[k.Name] {
			k.Path, k.Secure = "/", c.setup.cookies
			c.jar.SetCookies(at, []*http.Cookie{k})
		}
	}
	return p
}

func (c *browser) edgeURL() *url.URL {
	u, err := url.Parse(c.edge.URL)
	if err != nil {
		c.t.Fatal(err)
	}
	return u
}

// cookie is a cookie's value, by the name without prefix.
func (c *browser) cookie(name string) string {
	for _, k := range c.jar.Cookies(c.edgeURL()) {
		if strings.TrimPrefix(k.Name, "__Host-") == name {
			return k.Value
		}
	}
	return ""
}

func (c *browser) put(name, value string) {
	c.jar.SetCookies(c.edgeURL(), []*http.Cookie{{Name: name, Value: value, Path: "/"}})
}

func (c *browser) drop(name string) {
	c.jar.SetCookies(c.edgeURL(), []*http.Cookie{{Name: name, Value: "", Path: "/", MaxAge: -1}})
}

// login shows a page of the application and goes on until it is seen.
func (c *browser) login(path string) page {
	c.t.Helper()
	p := c.follow(c.get(path))
	if p.StatusCode != http.StatusOK || !strings.HasPrefix(p.body, path+" ") {
		c.t.Fatalf("login for %s ended at %s with %d:\n%s", path, p.Request.URL, p.StatusCode, p.body)
	}
	return p
}

// callback begins a login and returns the address of the callback that the provider sends the browser to.
func (c *browser) callback(path string) string {
	c.t.Helper()
	p := c.get(path)
	for range 5 {
		if to := p.to(); strings.HasPrefix(to, c.edge.URL+"/.edgeauth/callback?") {
			return to
		}
		p = c.get(p.to())
	}
	c.t.Fatalf("no callback for %s", path)
	return ""
}

// edited is an address with parameters set anew; an empty value removes one.
func edited(t *testing.T, address string, pairs ...string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	for i := 0; i < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
		if pairs[i+1] == "" {
			q.Del(pairs[i])
		}
	}
	u.RawQuery = q.Encode()
	return u.String()
}
