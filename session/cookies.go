package session

import (
	"errors"
	"fmt"
	"net/http"
	"time"
)

// The results of looking for a session cookie, besides a session.
var (
	ErrNoCookie   = errors.New("no session cookie")
	ErrTwoCookies = errors.New("two session cookies in one request")
	ErrTooLarge   = errors.New("session does not fit into a cookie")
)

// maxCookie bounds a sealed session in bytes, name and value: with its attributes it stays under the 4,096 that
// browsers keep, and it is never cut into pieces.
const maxCookie = 3800

// BindingLifetime is how long a browser may take for a login.
const BindingLifetime = 15 * time.Minute

// CookieOptions says for which public origin cookies are made.
type CookieOptions struct {
	Keys           func() *Ring
	Host           string // public host, with port where it is not the scheme's own
	Secure         bool   // false only on plain-http loopback: no Secure, no __Host- prefix
	FormPost       bool   // some provider of this host answers by a cross-site POST
	DeviceLifetime time.Duration
	Now            func() time.Time
}

// Cookies reads and writes the cookies of one public origin. It is safe for concurrent use.
type Cookies struct {
	opt     CookieOptions
	session string
	binding string
	device  string
}

// NewCookies returns the cookies of one origin.
func NewCookies(o CookieOptions) *Cookies {
	prefix := ""
	if o.Secure {
		prefix = "__Host-"
	}
	return &Cookies{opt: o, session: prefix + baseName, binding: prefix + baseName + "-login", device: prefix + baseName + "-device"}
}

// Find returns the value of the one session cookie of the request: ErrNoCookie if there is none, ErrTwoCookies if
// there are several, whatever they hold.
func (c *Cookies) Find(r *http.Request) (string, error) { return find(r, c.session) }

// Open opens a session cookie's value. Every failure is ErrSealed. It does not look at the session's times.
func (c *Cookies) Open(value string) (*Session, error) {
	if len(value) > maxCookie {
		return nil, ErrSealed
	}
	plaintext, err := c.open(PurposeSession, c.session, value)
	if err != nil {
		return nil, err
	}
	s, err := decode(plaintext)
	if err != nil {
		return nil, ErrSealed
	}
	return s, nil
}

// Read is Find and Open in one.
func (c *Cookies) Read(r *http.Request) (*Session, error) {
	value, err := c.Find(r)
	if err != nil {
		return nil, err
	}
	return c.Open(value)
}

// Set seals s into the session cookie of the answer: ErrTooLarge if it does not fit, and then nothing is set.
func (c *Cookies) Set(w http.ResponseWriter, s *Session) error {
	value, err := c.seal(PurposeSession, c.session, s.encode())
	if err != nil {
		return err
	}
	if len(c.session)+1+len(value) > maxCookie {
		return fmt.Errorf("%w: %d bytes, %d are possible", ErrTooLarge, len(c.session)+1+len(value), maxCookie)
	}
	http.SetCookie(w, c.cookie(c.session, value, s.Expires))
	return nil
}

// Clear removes the session cookie from the browser. It is for a logout, never for an error.
func (c *Cookies) Clear(w http.ResponseWriter) {
	gone := c.cookie(c.session, "", time.Time{})
	gone.MaxAge = -1
	http.SetCookie(w, gone)
}

func (c *Cookies) cookie(name, value string, expires time.Time) *http.Cookie {
	return &http.Cookie{
		Name: name, Value: value, Path: "/", Expires: expires,
		Secure: c.opt.Secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
}

func (c *Cookies) seal(p Purpose, name string, plaintext []byte) (string, error) {
	return c.opt.Keys().Seal(c.opt.Now(), p, name, c.opt.Host, plaintext)
}

func (c *Cookies) open(p Purpose, name, value string) ([]byte, error) {
	return c.opt.Keys().Open(c.opt.Now(), p, name, c.opt.Host, value)
}
