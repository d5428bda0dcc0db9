package policy

import (
	"strings"
	"time"
)

// facts are the values of an expression's names.
type facts struct {
	session *Session
	under   situation
	request Request
	now     time.Time
}

// value returns what a name stands for: a string, bool, time, duration, list of strings, or mapping to these. It fails
// for what is not known, which makes an error of the expression that asks for it: an unknown is not an empty value.
func (f *facts) value(name string) (any, bool) {
	section, field, _ := strings.Cut(name, ".")
	switch section {
	case "user":
		return f.user(field)
	case "session":
		return f.ofSession(field)
	case "request":
		return f.ofRequest(field)
	case "risk":
		return f.risk(field)
	case "now":
		return f.now, true
	}
	return nil, false
}

func (f *facts) user(field string) (any, bool) {
	s := f.session
	switch field {
	case "sub":
		return s.Sub, true
	case "issuer":
		return s.Issuer, true
	case "username":
		return s.Username, s.Username != ""
	case "name":
		return s.Name, s.Name != ""
	case "email":
		return mailbox(s)
	case "email_verified":
		return s.EmailVerified, true
	case "groups":
		return s.Groups, true
	case "claims":
		return s.Claims, true
	}
	return nil, false
}

// mailbox is an address in small letters, as the key emails compares it. One that nobody vouches for is not known.
func mailbox(s *Session) (any, bool) {
	if _, ok := domainOf(s.Email); !ok || !s.EmailVerified {
		return nil, false
	}
	return strings.Map(func(r rune) rune {
		if r < 0x80 {
			return rune(lower(byte(r)))
		}
		return r
	}, s.Email), true
}

func (f *facts) ofSession(field string) (any, bool) {
	s := f.session
	switch field {
	case "level":
		return string(s.Level), true
	case "proven":
		return f.under.proven, true
	case "reasons":
		return s.Reasons, true
	case "acr":
		return s.Authentication.ACR, s.Authentication.ACR != ""
	case "amr":
		return s.Authentication.AMR, true
	case "auth_time":
		return s.Authentication.AuthTime, !s.Authentication.AuthTime.IsZero()
	case "auth_age":
		return max(0, f.now.Sub(s.Authentication.AuthTime)), !s.Authentication.AuthTime.IsZero()
	case "login_time":
		return s.Epoch, !s.Epoch.IsZero()
	case "login_age":
		return max(0, f.now.Sub(s.Epoch)), !s.Epoch.IsZero()
	}
	return nil, false
}

func (f *facts) ofRequest(field string) (any, bool) {
	q := &f.request
	if q.Method == "" {
		return nil, false
	}
	switch field {
	case "method":
		return q.Method, true
	case "host":
		return q.Host, true
	case "path":
		return q.Path, true
	case "query":
		return q.Query, q.Query != nil
	case "client":
		return q.Client.Unmap().String(), q.Client.IsValid()
	}
	return nil, false
}

func (f *facts) risk(field string) (any, bool) {
	switch field {
	case "level":
		return string(f.under.level), true
	case "reasons":
		switch {
		case !f.under.raised:
			return f.session.Reasons, true
		case f.under.reason == "":
			return []string(nil), true
		}
		return []string{f.under.reason}, true
	}
	return nil, false
}
