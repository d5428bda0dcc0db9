package session_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/edgeauth/edgeauth/session"
)

func Test_a_session_survives_its_cookie(t *testing.T) {
	c := testCookies(testRing(t), "app.corp.test")
	want := alice()
	got, err := c.Read(withCookie("a=b; " + sealed(t, c, want) + "; c=d"))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func Test_the_cookie_has_every_attribute_that_protects_it(t *testing.T) {
	c := testCookies(testRing(t), "app.corp.test")
	w := httptest.NewRecorder()
	if err := c.Set(w, alice()); err != nil {
		t.Fatal(err)
	}
	line := w.Header().Get("Set-Cookie")
	for _, want := range []string{"__Host-edgeauth=", "Path=/", "Secure", "HttpOnly", "SameSite=Lax", "Expires="} {
		if !strings.Contains(line, want) {
			t.Errorf("%q lacks %s", line, want)
		}
	}
	if strings.Contains(line, "Domain") {
		t.Errorf("%q has a domain", line)
	}
}

func Test_the_binding_crosses_sites_only_where_a_provider_answers_by_a_form(t *testing.T) {
	ring := testRing(t)
	for formPost, sameSite := range map[bool]string{false: "SameSite=Lax", true: "SameSite=None"} {
		c := session.NewCookies(session.CookieOptions{Keys: func() *session.Ring { return ring }, Host: "h", Secure: true, FormPost: formPost,
			DeviceLifetime: time.Hour, Now: func() time.Time { return start }})
		w := httptest.NewRecorder()
		if err := errors.Join(c.SetBinding(w, session.NewBinding()), c.SetDevice(w, session.Device{ID: alice().Device}), c.Set(w, alice())); err != nil {
			t.Fatal(err)
		}
		for _, line := range w.Header()["Set-Cookie"] {
			want := []string{"; Path=/;", "; HttpOnly", "; Secure", "; SameSite=Lax"}
			if strings.HasPrefix(line, "__Host-edgeauth-login=") {
				want[3] = "; " + sameSite
				want = append(want, "Expires="+start.Add(session.BindingLifetime).Format(http.TimeFormat))
			}
			for _, attribute := range want {
				if !strings.Contains(line, attribute) {
					t.Errorf("with forms %v: %q lacks %s", formPost, line, attribute)
				}
			}
		}
	}
}

func Test_CK01_a_cookie_with_any_bit_flipped_or_cut_does_not_open(t *testing.T) {
	c := testCookies(testRing(t), "app.corp.test")
	name, value, _ := strings.Cut(sealed(t, c, alice()), "=")
	raw, _ := base64.RawURLEncoding.DecodeString(value)
	for i := range len(raw) * 8 {
		bad := append([]byte(nil), raw...)
		bad[i/8] ^= 1 << (i % 8)
		if _, err := c.Read(withCookie(name + "=" + base64.RawURLEncoding.EncodeToString(bad))); !errors.Is(err, session.ErrSealed) {
			t.Fatalf("bit %d: %v", i, err)
		}
	}
	for n := range raw {
		if _, err := c.Open(base64.RawURLEncoding.EncodeToString(raw[:n])); !errors.Is(err, session.ErrSealed) {
			t.Fatalf("%d bytes: %v", n, err)
		}
	}
}

func Test_CK02_other_spellings_of_a_cookie_do_not_open(t *testing.T) {
	c := testCookies(testRing(t), "app.corp.test")
	_, value, _ := strings.Cut(sealed(t, c, alice()), "=")
	std := strings.NewReplacer("-", "+", "_", "/").Replace(value)
	for _, bad := range []string{"", "=", "!", "A", strings.Repeat("A", 8192), value + "A", value[:len(value)-1], value + "=", value + "\n", "\r" + value,
		" " + value, value[:10] + "\n" + value[10:], `"` + value + `"`} {
		if _, err := c.Open(bad); !errors.Is(err, session.ErrSealed) {
			t.Errorf("%.30q: %v", bad, err)
		}
	}
	if std != value {
		if _, err := c.Open(std); !errors.Is(err, session.ErrSealed) {
			t.Error("the standard alphabet opened")
		}
	}
}

func Test_CK04_a_value_sealed_for_one_purpose_opens_for_no_other(t *testing.T) {
	c := testCookies(testRing(t), "app.corp.test")
	w := httptest.NewRecorder()
	if err := errors.Join(c.SetBinding(w, session.NewBinding()), c.SetDevice(w, session.Device{ID: alice().Device}), c.Set(w, alice())); err != nil {
		t.Fatal(err)
	}
	state, err := c.SealState([]byte("s"))
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]string{"state": state}
	for _, ck := range w.Result().Cookies() {
		values[ck.Name] = ck.Value
	}
	for from, v := range values {
		if _, err := c.Open(v); (err == nil) != (from == "__Host-edgeauth") {
			t.Errorf("%s as a session: %v", from, err)
		}
		if _, err := c.OpenState(v); (err == nil) != (from == "state") {
			t.Errorf("%s as a state: %v", from, err)
		}
		if _, ok := c.Binding(withCookie("__Host-edgeauth-login=" + v)); ok != (from == "__Host-edgeauth-login") {
			t.Errorf("%s as a binding: %v", from, ok)
		}
		if _, ok := c.Device(withCookie("__Host-edgeauth-device=" + v)); ok != (from == "__Host-edgeauth-device") {
			t.Errorf("%s as a device: %v", from, ok)
		}
	}
}

func Test_CK05_a_session_of_one_host_does_not_open_on_another(t *testing.T) {
	r := testRing(t)
	pair := sealed(t, testCookies(r, "app.corp.test"), alice())
	for _, host := range []string{"admin.corp.test", "app.corp.test:8443", "App.corp.test"} {
		if _, err := testCookies(r, host).Read(withCookie(pair)); !errors.Is(err, session.ErrSealed) {
			t.Errorf("%s: %v", host, err)
		}
	}
}

func Test_CK08_no_two_cookies_of_the_same_session_share_more_than_version_and_key_id(t *testing.T) {
	c := testCookies(testRing(t), "app.corp.test")
	s, seen := alice(), map[string]bool{}
	const head, nonce, enough = 5, 24, 8 // bytes; that eight random bytes are alike happens to nobody
	for range 100_000 {
		_, v, _ := strings.Cut(sealed(t, c, s), "=")
		raw, _ := base64.RawURLEncoding.DecodeString(v)
		for _, part := range []string{"head " + string(raw[:head]), "nonce " + string(raw[head:head+nonce]), "sealed " + string(raw[head+nonce:][:enough])} {
			if seen[part] && !strings.HasPrefix(part, "head ") {
				t.Fatalf("%q came twice", part)
			}
			seen[part] = true
		}
	}
	if len(seen) != 200_001 {
		t.Errorf("%d parts were seen, want one head, and a nonce and a beginning for each cookie", len(seen))
	}
}

func Test_of_two_session_cookies_neither_is_used(t *testing.T) {
	c := testCookies(testRing(t), "app.corp.test")
	one, two := sealed(t, c, alice()), sealed(t, c, alice())
	for _, header := range [][]string{{one + "; " + two}, {one, two}, {one + "; " + one}, {one + "; __Host-edgeauth="}} {
		if _, err := c.Read(withCookie(header...)); !errors.Is(err, session.ErrTwoCookies) {
			t.Errorf("%d lines: %v", len(header), err)
		}
	}
}

func Test_CK11_a_session_fits_or_is_refused_and_is_never_cut_into_pieces(t *testing.T) {
	c := testCookies(testRing(t), "app.corp.test")
	s := alice()
	last := 0
	for n := 0; ; n++ {
		s.Name = strings.Repeat("x", n)
		w := httptest.NewRecorder()
		err := c.Set(w, s)
		if err == nil {
			last = len(w.Header().Get("Set-Cookie"))
			if got, err := c.Read(withCookie(strings.SplitN(w.Header().Get("Set-Cookie"), ";", 2)[0])); err != nil || got.Name != s.Name {
				t.Fatalf("a cookie that was set does not open: %v", err)
			}
			continue
		}
		if !errors.Is(err, session.ErrTooLarge) || w.Header().Get("Set-Cookie") != "" {
			t.Fatalf("over the cap: %v, %q", err, w.Header().Get("Set-Cookie"))
		}
		break
	}
	if last > 4096 {
		t.Errorf("the largest cookie has %d bytes with its attributes; browsers keep 4096", last)
	}
}

func Test_CK13_CK14_names_that_only_look_like_ours_are_not_the_session_and_never_reach_a_backend(t *testing.T) {
	c := testCookies(testRing(t), "app.corp.test")
	_, v, _ := strings.Cut(sealed(t, c, alice()), "=")
	for _, header := range []string{
		"=__Host-edgeauth=" + v, "__host-edgeauth=" + v, "__%48ost-edgeauth=" + v, "a=b,__Host-edgeauth=" + v, "\u2000__Host-edgeauth=" + v,
		"\x85__Host-edgeauth=" + v, "\xa0__Host-edgeauth=" + v, `$Version=1; x="__Host-edgeauth=` + v + `"`, "__Host-edgeauth.0=" + v,
		"__Host-edgeauth-chunks=9", "\t__Host-edgeauth=" + v, "__Host-edgeauth =" + v, "edgeauth=" + v, "__Secure-edgeauth=" + v, "__Host-edgeauth-login=" + v,
	} {
		r := withCookie(header + "; keep=me")
		if _, err := c.Read(r); !errors.Is(err, session.ErrNoCookie) {
			t.Errorf("%.40q was taken for the session: %v", header, err)
		}
		session.StripOwn(r.Header)
		if got := r.Header.Get("Cookie"); got != "keep=me" {
			t.Errorf("%.40q: the backend gets %.60q", header, got)
		}
	}
}

func Test_an_applications_own_cookies_stay_as_they_are(t *testing.T) {
	for _, header := range []string{"a=b; c=d", "ASP.NET_SessionId=x; theme=edgeauth", "list[0]=1; q=a=b=c", "v=%20; w=\"quoted\"", "myedgeauth=1"} {
		r := withCookie(header)
		session.StripOwn(r.Header)
		if got := r.Header.Get("Cookie"); got != header {
			t.Errorf("%q became %q", header, got)
		}
	}
}

func Test_a_backend_cannot_set_our_cookies(t *testing.T) {
	for line, want := range map[string]bool{
		"__Host-edgeauth=x; Path=/": true, "__HOST-EDGEAUTH-device=x": true, " edgeauth=x": true, "=__Host-edgeauth=x": true,
		"a=b": false, "ASP.NET_SessionId=edgeauth": false, "theme=dark; Path=/edgeauth": false,
	} {
		if got := session.OwnSetCookie(line); got != want {
			t.Errorf("%q: %v", line, got)
		}
	}
}

func Test_a_binding_ends_after_its_time_even_if_the_browser_keeps_it(t *testing.T) {
	now := start
	ring := testRing(t)
	c := session.NewCookies(session.CookieOptions{Keys: func() *session.Ring { return ring }, Host: "h", Secure: true, Now: func() time.Time { return now }})
	w := httptest.NewRecorder()
	b := session.NewBinding()
	if err := c.SetBinding(w, b); err != nil {
		t.Fatal(err)
	}
	r := withCookie(strings.SplitN(w.Header().Get("Set-Cookie"), ";", 2)[0])
	got, ok := c.Binding(r)
	if !ok || got.Derive("nonce", "f") != b.Derive("nonce", "f") || got.Derive("nonce", "f") == got.Derive("verifier", "f") {
		t.Error("the binding did not come back as it was")
	}
	now = start.Add(session.BindingLifetime)
	if _, ok := c.Binding(r); ok {
		t.Error("the binding lives past its time")
	}
}

func Test_secrets_show_themselves_under_no_verb(t *testing.T) {
	s := alice()
	s.VaultSecret = session.Secret([]byte("0123456789abcdef0123456789abcdef"))
	k := newKey(t, start)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		for _, v := range []any{*s, s, s.VaultSecret, k, &k} {
			text := fmt.Sprintf(verb, v)
			if strings.Contains(text, "0123456789") || strings.Contains(text, "30313233") || strings.Contains(text, s.ID.String()) || strings.Contains(text, "48, 49") {
				t.Errorf("%s of %T: %s", verb, v, text)
			}
		}
	}
}

func FuzzStripOwn(f *testing.F) {
	f.Add("a=b; __Host-edgeauth=x; c=d")
	f.Fuzz(func(t *testing.T, header string) {
		r := withCookie(header)
		session.StripOwn(r.Header)
		once := r.Header.Get("Cookie")
		session.StripOwn(r.Header)
		if again := r.Header.Get("Cookie"); again != once {
			t.Fatalf("%q became %q and then %q", header, once, again)
		}
		if strings.Contains(strings.ToLower(once), "__host-edgeauth=") && !strings.Contains(once, "=") {
			t.Fatalf("%q kept %q", header, once)
		}
	})
}

func FuzzSeal(f *testing.F) {
	r := testRing(f)
	f.Add([]byte("x"), "__Host-edgeauth", "app.corp.test")
	f.Add([]byte{}, "", "")
	f.Fuzz(func(t *testing.T, plain []byte, name, host string) {
		v, err := r.Seal(start, session.PurposeSession, name, host, plain)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := r.Open(start, session.PurposeSession, name, host, v); err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("%x came back as %x, %v", plain, got, err)
		}
		raw, err := base64.RawURLEncoding.Strict().DecodeString(v)
		if err != nil || base64.RawURLEncoding.EncodeToString(raw) != v {
			t.Fatalf("%q is not canonical: %v", v, err)
		}
		for _, other := range [][2]string{{name + "x", host}, {name, host + "x"}, {name + "x", strings.TrimPrefix(host, "x")}, {host + name, ""}} {
			if _, err := r.Open(start, session.PurposeSession, other[0], other[1], v); err == nil && other != [2]string{name, host} {
				t.Fatalf("what was sealed for %q at %q opens for %q", name, host, other)
			}
		}
		if _, err := r.Open(start, session.PurposeDevice, name, host, v); !errors.Is(err, session.ErrSealed) {
			t.Fatalf("a session opens as a device: %v", err)
		}
	})
}

func FuzzOpen(f *testing.F) {
	c := testCookies(testRing(f), "h")
	_, v, _ := strings.Cut(sealed(f, c, alice()), "=")
	f.Add(v)
	f.Fuzz(func(t *testing.T, value string) {
		if _, err := c.Open(value); err == nil && value != v {
			t.Fatalf("%q opened", value)
		}
	})
}

func BenchmarkOpenCookie(b *testing.B) {
	c := testCookies(testRing(b), "app.corp.test")
	_, v, _ := strings.Cut(sealed(b, c, alice()), "=")
	b.ReportAllocs()
	b.ReportMetric(float64(len(v)), "bytes/cookie")
	for b.Loop() {
		if _, err := c.Open(v); err != nil {
			b.Fatal(err)
		}
	}
}
