package keycloak

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"time"
)

// maxRedirects is what browsers follow before they give up.
const maxRedirects = 20

// Client is a user agent without a browser: it keeps cookies, follows redirects and fills in forms. It runs no script and
// knows no SameSite. Its methods may be used by several goroutines, but for Send and LoginUpTo.
type Client struct {
	http   *http.Client
	stopAt []string
	header map[string]string
}

// NewClient returns a client without cookies. A redirect to an address that begins with one of stopAt is not followed but
// returned, which is how a test looks at the answer to a redirect URI that nobody serves.
func NewClient(stopAt ...string) *Client {
	jar, err := cookiejar.New(nil)
	if err != nil {
		panic(err) // it never fails without options
	}
	return &Client{
		http: &http.Client{
			Jar:           localhostJar{jar},
			Timeout:       30 * time.Second,
			Transport:     &http.Transport{DisableKeepAlives: true}, // nothing is left behind when a test ends
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		stopAt: stopAt,
	}
}

// Send adds a header to every request from now on.
func (c *Client) Send(name, value string) {
	if c.header == nil {
		c.header = map[string]string{}
	}
	c.header[name] = value
}

// Page is where a request ended after all its redirects.
type Page struct {
	URL    *url.URL // for a redirect that was not followed: where it leads
	Status int
	Header http.Header
	Body   string
}

// Get opens an address and follows redirects.
func (c *Client) Get(ctx context.Context, address string) (Page, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return Page{}, err
	}
	request.Header.Set("Accept", "text/html")
	return c.follow(request)
}

// Submit posts the first form of page with its hidden fields and those in values, and follows redirects.
func (c *Client) Submit(ctx context.Context, page Page, values map[string]string) (Page, error) {
	form, err := firstForm(page)
	if err != nil {
		return Page{}, fmt.Errorf("reading the form of %s: %w", page.URL, err)
	}
	for name, value := range values {
		form.fields.Set(name, value)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, form.action, strings.NewReader(form.fields.Encode()))
	if err != nil {
		return Page{}, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Accept", "text/html")
	request.Header.Set("Origin", page.URL.Scheme+"://"+page.URL.Host)
	return c.follow(request)
}

// Ask opens an address and follows no redirect.
func (c *Client) Ask(ctx context.Context, address string) (Page, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return Page{}, err
	}
	request.Header.Set("Accept", "text/html")
	return c.send(request)
}

// LoginUpTo is Login, but the first redirect to an address that begins with stopAt is not followed but returned.
func (c *Client) LoginUpTo(ctx context.Context, address, username, password, stopAt string) (Page, error) {
	c.stopAt = append(c.stopAt, stopAt)
	defer func() { c.stopAt = c.stopAt[:len(c.stopAt)-1] }()
	return c.Login(ctx, address, username, password)
}

// Login opens address, expects to end at Keycloak's login form, fills it in, and returns the page after it: the
// application's, a redirect that was not followed, or the form again when the password was wrong.
func (c *Client) Login(ctx context.Context, address, username, password string) (Page, error) {
	page, err := c.Get(ctx, address)
	if err != nil {
		return Page{}, err
	}
	if !page.IsLoginForm() {
		return Page{}, fmt.Errorf("no login form at %s (status %d): %.300s", page.URL, page.Status, page.Body)
	}
	return c.Submit(ctx, page, map[string]string{"username": username, "password": password})
}

// IsLoginForm reports whether the page is Keycloak's form for user name and password.
func (p Page) IsLoginForm() bool { return strings.Contains(p.Body, `id="kc-form-login"`) }

// IsCodeForm reports whether the page is Keycloak's form for a one-time code.
func (p Page) IsCodeForm() bool { return strings.Contains(p.Body, `id="kc-otp-login-form"`) }

// follow sends request and then GETs the redirects that it is answered with.
func (c *Client) follow(request *http.Request) (Page, error) {
	for range maxRedirects {
		page, err := c.send(request)
		location := page.Header.Get("Location")
		if err != nil || location == "" || page.Status/100 != 3 {
			return page, err
		}
		if page.URL, err = request.URL.Parse(location); err != nil {
			return Page{}, fmt.Errorf("%s redirects to %q: %w", request.URL, location, err)
		}
		if c.stops(page.URL) {
			return page, nil
		}
		if request, err = http.NewRequestWithContext(request.Context(), http.MethodGet, page.URL.String(), nil); err != nil {
			return Page{}, err
		}
		request.Header.Set("Accept", "text/html")
	}
	return Page{}, fmt.Errorf("more than %d redirects, the last to %s", maxRedirects, request.URL)
}

func (c *Client) send(request *http.Request) (Page, error) {
	for name, value := range c.header {
		request.Header.Set(name, value)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return Page{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return Page{}, fmt.Errorf("reading %s: %w", request.URL, err)
	}
	return Page{URL: request.URL, Status: response.StatusCode, Header: response.Header, Body: string(body)}, nil
}

func (c *Client) stops(address *url.URL) bool {
	for _, prefix := range c.stopAt {
		if strings.HasPrefix(address.String(), prefix) {
			return true
		}
	}
	return false
}

// localhostJar treats http://localhost as secure, as browsers do: Keycloak's cookies are always Secure, and a jar that is
// strict would not send them back over http. An IP address gets no such favour, because not every browser grants it, though
// Go's jar does since 1.26.
type localhostJar struct{ http.CookieJar }

func (j localhostJar) SetCookies(u *url.URL, cookies []*http.Cookie) {
	secure := asSecure(u)
	if secure.Scheme != "https" {
		cookies = slices.DeleteFunc(slices.Clone(cookies), func(c *http.Cookie) bool { return c.Secure })
	}
	j.CookieJar.SetCookies(secure, cookies)
}

func (j localhostJar) Cookies(u *url.URL) []*http.Cookie { return j.CookieJar.Cookies(asSecure(u)) }

func asSecure(u *url.URL) *url.URL {
	if u.Scheme != "http" || u.Hostname() != "localhost" {
		return u
	}
	secure := *u
	secure.Scheme = "https"
	return &secure
}
