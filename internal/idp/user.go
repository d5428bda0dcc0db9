package idp

import (
	"crypto/subtle"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/edgeauth/edgeauth/internal/idp/factor"
)

// User is one account.
type User struct {
	Name     string         // typed into the form
	Password string         // compared as it is
	Sub      string         // "" is the name
	Claims   map[string]any // for ID token and userinfo; subject to the scopes where Core 5.4 says so

	OTPSecret   string // the key of the one-time codes, byte by byte (RFC 6238); "" for none
	DemoCode    string // is taken as a one-time code too, and the page shows it; "" for none
	Fingerprint bool   // is registered. Who has none registers one when it is asked for.
}

// DemoCode is the one-time code of everybody in the demonstration.
const DemoCode = "246810"

// DemoUsers are the people of the demonstration: alice of group staff, bob of staff and admin, carol of staff, who has
// no fingerprint registered. Passwords are the names.
func DemoUsers() []User {
	return []User{
		{Name: "alice", Password: "alice", Sub: "demo-alice", DemoCode: DemoCode, Fingerprint: true, Claims: map[string]any{
			"name": "Alice Liddell", "preferred_username": "alice", "email": "alice@example.org",
			"email_verified": true, "groups": []string{"staff"}}},
		{Name: "bob", Password: "bob", Sub: "demo-bob", DemoCode: DemoCode, Fingerprint: true, Claims: map[string]any{
			"name": "Bob Dobbs", "preferred_username": "bob", "email": "bob@example.org",
			"email_verified": true, "groups": []string{"staff", "admin"}}},
		{Name: "carol", Password: "carol", Sub: "demo-carol", DemoCode: DemoCode, Claims: map[string]any{
			"name": "Carol Ng", "preferred_username": "carol", "email": "carol@example.org",
			"email_verified": true, "groups": []string{"staff"}}},
	}
}

func (u User) sub() string {
	if u.Sub == "" {
		return u.Name
	}
	return u.Sub
}

// scoped returns a copy of the claims that the scopes ask for (Core 5.4). Claims that no scope stands for, such as
// groups, are always among them.
func (u User) scoped(scopes []string) map[string]any {
	out := maps.Clone(u.Claims)
	if out == nil {
		out = map[string]any{}
	}
	for name := range out {
		if scope := scopeOf(name); scope != "" && !slices.Contains(scopes, scope) {
			delete(out, name)
		}
	}
	return out
}

// scopeOf is the scope that asks for a claim, "" for none.
func scopeOf(claim string) string {
	switch claim {
	case "email", "email_verified":
		return "email"
	case "phone_number", "phone_number_verified":
		return "phone"
	case "address":
		return "address"
	case "name", "family_name", "given_name", "middle_name", "nickname", "preferred_username", "profile", "picture",
		"website", "gender", "birthdate", "zoneinfo", "locale", "updated_at":
		return "profile"
	}
	return ""
}

// user returns the account of that name.
func (s *Server) user(name string) (User, bool) {
	i := slices.IndexFunc(s.users, func(u User) bool { return u.Name == name })
	if i < 0 {
		return User{}, false
	}
	return s.users[i], true
}

// authenticate returns the account if the password is right. A wrong name and a wrong password look the same.
func (s *Server) authenticate(name, password string) (User, bool) {
	u, ok := s.user(name)
	same := subtle.ConstantTimeCompare([]byte(u.Password), []byte(password)) == 1
	return u, ok && same
}

// can reports whether the user is able to prove a factor, if need be by registering it.
func (u User) can(f factor.Factor) bool {
	return f != factor.Code || u.OTPSecret != "" || u.DemoCode != ""
}

// validCode reports whether a one-time code is the user's at that time.
func (u User) validCode(code string, now time.Time) bool {
	return u.DemoCode != "" && code == u.DemoCode || u.OTPSecret != "" && factor.ValidTOTP(u.OTPSecret, code, now)
}

func checkUsers(users []User) error {
	names, subs := map[string]bool{}, map[string]bool{}
	for _, u := range users {
		if u.Name == "" || names[u.Name] || subs[u.sub()] {
			return fmt.Errorf("user %q has no name, or shares its name or sub with another", u.Name)
		}
		names[u.Name], subs[u.sub()] = true, true
	}
	return nil
}
