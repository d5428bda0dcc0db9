package e2e_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/edgeauth/edgeauth/internal/demo/classicasp"
	"github.com/edgeauth/edgeauth/internal/edgetest"
)

// town is an edge with 103 public hosts behind something that ends TLS. The page /x is public at all of them but
// admin.corp.test, where it asks for a group, and secret.corp.test, which has none.
func town(t *testing.T) *siege {
	t.Helper()
	w := newWorld(t)
	app, backend := classicasp.Start(t, classicasp.LastWins)
	e := edgetest.Prepare(t, edgetest.Setup{Listen: edgetest.Addr(t), URL: "https://admin.corp.test", Server: "  tls_in_front: true\n", Rest: w.guarding(backend)})
	hosts, routes := "}, {url: https://secret.corp.test}", "routes:\n  - {host: admin.corp.test, path: /x, upstream: asp, groups: [admin]}\n"
	for i := range 101 {
		name := fmt.Sprintf("h%03d.corp.test", i)
		hosts += fmt.Sprintf(", {url: https://%s}", name)
		routes += fmt.Sprintf("  - {host: %s, path: /x, upstream: asp, public: true}\n", name)
	}
	e.Overwrite(strings.Replace(strings.Replace(e.Config(), "}]", hosts+"]", 1), siegeRoutes, routes, 1))
	e.Run()
	e.WaitReady()
	return &siege{world: w, Edge: e, app: app, t: t}
}

func Test_RT16_RT17_among_a_hundred_hosts_every_spelling_of_one_is_it_and_no_other_name_is(t *testing.T) {
	t.Parallel()
	s := town(t)
	want, location, _ := raw(t, s.Listen, get("admin.corp.test", "/x"))
	if want != http.StatusSeeOther || !strings.HasPrefix(location, "/.edgeauth/login?") {
		t.Fatalf("the host itself: %d to %q", want, location)
	}
	for _, host := range []string{"ADMIN.corp.test", "admin.corp.test.", "admin.corp.test:443", "aDmin.CORP.test", "ADMIN.CORP.TEST.:443"} {
		if status, to, _ := raw(t, s.Listen, get(host, "/x")); status != want || to != location {
			t.Errorf("%s: %d to %q, the host itself %d to %q", host, status, to, want, location)
		}
	}
	for _, host := range []string{"unknown.test", "127.0.0.1", s.Listen, "corp.test", "h101.corp.test", "admin.corp.test:444", "admin.corp.test..", ".admin.corp.test", "admin.corp.test,h000.corp.test", "h000.corp.test.evil.test"} {
		if status, to, _ := raw(t, s.Listen, get(host, "/x")); status != http.StatusMisdirectedRequest && status != http.StatusBadRequest || to != "" {
			t.Errorf("%s: %d to %q", host, status, to)
		}
	}
	if status, _, _ := raw(t, s.Listen, get("secret.corp.test", "/x")); status != http.StatusNotFound {
		t.Errorf("a host without a route: %d", status)
	}
	if hits := s.app.Hits(); len(hits) != 0 {
		t.Errorf("%d of them reached the application, the first: %s", len(hits), hits[0].Head)
	}
	if status, _, _ := raw(t, s.Listen, get("H100.corp.test", "/x")); status != http.StatusOK {
		t.Errorf("the last of the public ones: %d", status)
	}
}

func Test_RT17_a_connection_without_a_server_name_gets_no_site_by_another_name(t *testing.T) {
	t.Parallel()
	e, app, _ := secure(t)
	ctx, cancel := context.WithTimeout(t.Context(), edgetest.Patience)
	defer cancel()
	for _, host := range []string{"unknown.test", "127.0.0.1", e.Listen, "admin.corp.test"} {
		d := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}}
		conn, err := d.DialContext(ctx, "tcp", e.Listen)
		if err != nil {
			continue // refused in the handshake: nothing is served
		}
		c := newWire(t, conn)
		c.write(get(host, "/secret"))
		want := map[bool][]int{true: {303, 421}, false: {421, 400}}[host == "admin.corp.test"]
		if r := c.read("GET"); !oneOf(fmt.Sprint(r.StatusCode), want) {
			t.Errorf("%s: %d, want %v", host, r.StatusCode, want)
		}
	}
	if hits := app.Hits(); len(hits) != 0 {
		t.Errorf("%d of them reached the application, the first: %s", len(hits), hits[0].Head)
	}
}

func Test_XF08_neither_host_nor_forwarded_host_of_a_stranger_changes_site_link_or_cookie(t *testing.T) {
	t.Parallel()
	s := besiege(t, "", "")
	for _, more := range []string{"", "X-Forwarded-Proto: http\r\n", "Forwarded: host=" + s.Listen + "\r\n"} {
		r := s.send("GET /public/x HTTP/1.1\r\nHost: evil.test\r\nX-Forwarded-Host: " + s.Listen + "\r\n" + more + "Connection: close\r\n\r\n")
		if r.StatusCode != http.StatusMisdirectedRequest || r.Header.Get("Location") != "" {
			t.Errorf("Host of a stranger with %q: %d to %q", more, r.StatusCode, r.Header.Get("Location"))
		}
	}
	if hits := s.app.Hits(); len(hits) != 0 {
		t.Errorf("%d of them reached the application, the first: %s", len(hits), hits[0].Head)
	}
	const forged = "X-Forwarded-Host: evil.test\r\nX-Forwarded-Server: evil.test\r\nForwarded: host=evil.test;proto=http\r\n"
	if to := s.get("/home", forged).Header.Get("Location"); to != "/.edgeauth/login?rd=%2Fhome" {
		t.Errorf("the login is at %q", to)
	}
	begun := s.get("/.edgeauth/login?rd=/home", forged)
	to, err := url.Parse(begun.Header.Get("Location"))
	if err != nil || to.Query().Get("redirect_uri") != s.URL+"/.edgeauth/callback" || len(begun.Cookies()) != 1 {
		t.Fatalf("the provider is asked at %v, %v, with the cookies %v", to, err, begun.Cookies())
	}
	callback := edgetest.NewClient(t).Ask(to.String()).Header.Get("Location")
	done := s.get(strings.TrimPrefix(callback, s.URL), forged, "Cookie: edgeauth-login="+begun.Cookies()[0].Value+"\r\n")
	if done.Header.Get("Location") != s.URL+"/home" || len(done.Cookies()) != 3 {
		t.Errorf("the login ends with %d at %q with the cookies %v", done.StatusCode, done.Header.Get("Location"), done.Cookies())
	}
	for _, c := range append(begun.Cookies(), done.Cookies()...) {
		if c.Domain != "" || c.Path != "/" {
			t.Errorf("cookie %s has domain %q and path %q", c.Name, c.Domain, c.Path)
		}
	}
}
