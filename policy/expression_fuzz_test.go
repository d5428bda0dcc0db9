package policy_test

import (
	"errors"
	"net/netip"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/policy"
)

// closed checks what must hold of every expression and everybody: what cannot be evaluated lets nobody in and nobody off.
func closed(t *testing.T, e *policy.Expression, s *policy.Session, q policy.Request) {
	t.Helper()
	st := policy.Standing{Vouched: true}
	allow := policy.Route{Allow: e, Levels: someLevels(), Selection: s.Selection}
	v := allow.AdmitRequest(s, st, q, noon)
	if v.Fault != "" && (v.Action != policy.Deny || v.Identified) {
		t.Fatalf("%q lets in without being evaluated: %+v", e, v)
	}
	if len(v.Fault) > 200 || !utf8.ValidString(v.Fault) {
		t.Fatalf("%q: the fault is %q", e, v.Fault)
	}
	when := policy.Route{When: e, Proof: policy.Proof{ACR: []string{"impossible"}}, Levels: someLevels(), Selection: s.Selection}
	w := when.AdmitRequest(s, st, q, noon)
	if v.Fault == "" && (v.Action == policy.Allow) == (w.Action == policy.Allow) {
		t.Fatalf("%q holds and does not hold: %+v, %+v", e, v, w)
	}
	if (v.Fault != "" || w.Fault != "") && w.Action != policy.StepUp {
		t.Fatalf("%q lets off without being evaluated: %+v", e, w)
	}
}

func FuzzExpression(f *testing.F) {
	for _, text := range []string{
		``, `true`, `!true`, `user.email == "a"`, `user.groups`, `["a"].exists(g, g in user.groups)`, `user.claims["x"][0].matches("a+")`, `now - session.auth_time > duration("1h")`,
		`request.query.all(k, request.query[k].size() == 1)`, `in_network(request.client, "10.0.0.0/8")`, `{"a": [1, 2u, 3.0, b"x", null]}["a"] == []`, "user.email ==\n 'ä'", `1/0 == 1`,
		`timestamp("0001-01-01T00:00:00Z") - duration("10000h") < now`, `9223372036854775807 + 1 > 0`, `string(now) == r"\d"`, `[[]].map(x, x) == [[]] ? true : false`, `"\x00\u202e" in user.groups`, "`a`", `google.protobuf.Int64Value{value: 1} == 1`,
	} {
		f.Add(text)
	}
	c := compiler(f)
	stranger := &policy.Session{Level: identity.Normal, IdleUntil: noon.Add(time.Hour), Expires: noon.Add(time.Hour)}
	f.Fuzz(func(t *testing.T, text string) {
		e, err := c.Compile(text)
		var bad *policy.CompileError
		if err != nil {
			if !errors.As(err, &bad) || len(bad.Mistakes) == 0 {
				t.Fatalf("%q: %v", text, err)
			}
			for _, m := range bad.Mistakes {
				if m.Message == "" || m.Offset < 0 || m.Offset > utf8.RuneCountInString(text) {
					t.Fatalf("%q: %+v", text, m)
				}
			}
			return
		}
		for _, s := range []*policy.Session{visitor(), stranger} {
			closed(t, e, s, post())
			closed(t, e, s, policy.Request{})
		}
	})
}

func FuzzExpressionFacts(f *testing.F) {
	f.Add("a", "b@c", "GET", "/x", "role", "admin", []byte{10, 0, 0, 1}, int64(0))
	f.Add("\xff", "", "", "", "", "", []byte{}, int64(-1<<63))
	c := compiler(f)
	var all []*policy.Expression
	for _, text := range []string{
		`"a" in user.groups || user.claims.a.exists(v, v.matches("^a+$"))`, `user.email.endsWith("@c") && user.name.contains(user.sub)`, `request.path.matches("^/(a|b)*$") && request.method != "GET"`,
		`request.query.all(k, k.size() < 5 && request.query[k].all(v, v < "b"))`, `request.query.role == ["admin"]`, `in_network(request.client, "10.0.0.0/8")`, `session.auth_age < duration("1h") || now.getFullYear("-23:59") > 1970`,
		`now - session.login_time < duration("1h") && session.auth_time + duration("1h") > now`, `request.client.size() + request.path.size() > 5`,
	} {
		e, err := c.Compile(text)
		if err != nil {
			f.Fatal(err)
		}
		all = append(all, e)
	}
	f.Fuzz(func(t *testing.T, who, email, method, path, key, value string, address []byte, when int64) {
		at := time.Unix(when/1000, when%1000)
		s := &policy.Session{
			Sub: who, Name: value, Email: email, EmailVerified: true, Level: identity.Normal, Groups: []string{key, value}, Claims: map[string][]string{key: {value, who}, "a": {value}},
			Epoch: at, IdleUntil: noon.Add(time.Hour), Expires: noon.Add(time.Hour), Authentication: policy.Authentication{Assurance: identity.Assurance{ACR: who, AMR: []string{value}, AuthTime: at}},
		}
		client, _ := netip.AddrFromSlice(address)
		q := policy.Request{Method: method, Host: "app.example", Path: path, Query: map[string][]string{key: {value}, "role": {value}}, Client: client}
		for _, e := range all {
			closed(t, e, s, q)
		}
	})
}
