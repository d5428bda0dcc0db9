package proxy_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/edgeauth/edgeauth/internal/demo/classicasp"
	"github.com/edgeauth/edgeauth/proxy"
)

// constant table: the identity headers of the test bed.
var idh = []string{"X-Auth-User", "X-Auth-Email", "X-Auth-Groups", "X-Auth-Acr"}

// rules runs a test before backends that treat colliding names differently.
func rules(t *testing.T, o options, test func(t *testing.T, b *bed)) {
	for name, rule := range map[string]classicasp.Rule{"last wins": classicasp.LastWins, "first wins": classicasp.FirstWins, "joined": classicasp.Joined} {
		t.Run(name, func(t *testing.T) {
			o := o
			o.rule = rule
			test(t, newBed(t, o))
		})
	}
}

func TestHD01_nobody_can_bring_an_identity_to_a_public_route(t *testing.T) {
	rules(t, options{}, func(t *testing.T, b *bed) {
		var lines []string
		for _, name := range idh {
			lines = append(lines, name+": root\r\n", strings.ToUpper(name)+": root\r\n", strings.ReplaceAll(name, "-", "_")+": root\r\n")
		}
		b.get("/public/a", lines...)
		for _, name := range idh {
			if v, there := b.hit().Variables[classicasp.Fold(name)]; there {
				t.Errorf("the backend saw %s as %q", name, v)
			}
		}
	})
}

func TestHD02_a_claim_that_is_missing_does_not_let_the_clients_header_through(t *testing.T) {
	b := newBed(t, options{})
	s := b.alice()
	s.Groups = nil
	b.get("/x", b.as(s), "X-Auth-Groups: admin\r\n", "x_auth_groups: admin\r\n")
	if v, there := b.hit().Variables["HTTP_X_AUTH_GROUPS"]; there {
		t.Errorf("the backend saw the groups %q", v)
	}
}

func TestHD04_dotted_aliases_of_identity_headers_never_reach_a_CGI_backend(t *testing.T) {
	for _, c := range "!#$%&'*+.^_`|~" {
		rules(t, options{}, func(t *testing.T, b *bed) {
			alias := strings.ReplaceAll("X-Auth-User", "-", string(c))
			b.get("/x", b.as(b.alice()), alias+": root\r\n", "x-auth"+string(c)+"user: root\r\n")
			if got := b.hit().User(); got != "alice" {
				t.Errorf("with %s the backend took alice for %q", alias, got)
			}
			if strings.Contains(b.hit().Head, "root") {
				t.Errorf("the alias crossed: %s", b.hit().Head)
			}
		})
	}
}

func TestHD05_request_trailers_do_not_cross(t *testing.T) {
	rules(t, options{}, func(t *testing.T, b *bed) {
		a := b.send("POST /x HTTP/1.1\r\nHost: app.corp.test\r\nTransfer-Encoding: chunked\r\nConnection: close\r\nTrailer: X-Auth-User, X_Auth_User\r\n" + b.as(b.alice()) +
			"\r\n5\r\nhello\r\n0\r\nX-Auth-User: root\r\nX_Auth_User: root\r\nContent-Md5: x\r\n\r\n")
		h := b.hit()
		if a.StatusCode != http.StatusOK || string(h.Body) != "hello" {
			t.Fatalf("got %d, the backend read %q", a.StatusCode, h.Body)
		}
		if len(h.Trailers) != 0 || h.Variables["HTTP_TRAILER"] != "" || h.User() != "alice" || strings.Contains(h.Head, "root") {
			t.Errorf("trailers crossed: %v\n%s", h.Trailers, h.Head)
		}
	})
}

func TestHD07_Connection_cannot_remove_what_the_edge_sets(t *testing.T) {
	for _, lines := range []string{
		"Connection: close, X-Auth-User, X-Forwarded-For, X-Auth-Groups\r\n", "Connection: close, x-auth-user, x-auth-groups, x-forwarded-for\r\n",
		"Connection: close\r\nConnection: X-Auth-User, X-Auth-Groups, X-Forwarded-For\r\n", "Connection: ,\r\nConnection: close\r\n",
		"Connection: \r\nConnection: close, x-auth-user, x-auth-groups, x-forwarded-for\r\n",
	} {
		b := newBed(t, options{})
		b.send("GET /x HTTP/1.1\r\nHost: app.corp.test\r\n" + lines + b.as(b.alice()) + "X-Auth-User: root\r\n\r\n")
		v := b.hit().Variables
		if v["HTTP_X_AUTH_USER"] != "alice" || v["HTTP_X_AUTH_GROUPS"] != "staff" || v["HTTP_X_FORWARDED_FOR"] != "127.0.0.1" {
			t.Errorf("%q: the backend saw %v", lines, v)
		}
	}
}

func TestHD08_hop_by_hop_tricks_leave_session_and_framing_alone(t *testing.T) {
	for _, lines := range []string{
		"Connection: close, Cookie, Authorization, Host, Content-Length, Transfer-Encoding\r\n", "Proxy-Connection: X-Auth-User\r\nConnection: close\r\n",
		"Keep-Alive: X-Auth-User\r\nConnection: close\r\n", "TE: trailers, X-Auth-User\r\nConnection: close, TE\r\n",
	} {
		b := newBed(t, options{})
		b.send("POST /x HTTP/1.1\r\nHost: app.corp.test\r\nContent-Length: 5\r\n" + lines + b.as(b.alice()) + "\r\nhello")
		h := b.hit()
		if h.User() != "alice" || string(h.Body) != "hello" || h.Variables["HTTP_HOST"] != publicHost {
			t.Errorf("%q: the backend saw %v and the body %q", lines, h.Variables, h.Body)
		}
	}
}

func TestHD10_invalid_header_names_are_refused(t *testing.T) {
	b := newBed(t, options{})
	for _, name := range []string{"", "X-A\x00", "X-A\x01b", "X-A\x7f", "X-A\x80", "X-\xc3\xa4", "X A", "X-Auth-User "} {
		if a := b.get("/public/x", name+": root\r\n"); a.StatusCode != http.StatusBadRequest {
			t.Errorf("%q: got %d, want 400", name, a.StatusCode)
		}
	}
	b.untouched()
}

func TestHD11_line_breaks_in_claims_stay_within_their_header(t *testing.T) {
	for _, name := range []string{"x\r\nX-Auth-Groups: admin", "x\rX-Auth-Groups: admin", "x\nX-Auth-Groups: admin", "x\x00y", "x\u2028X-Auth-Groups: admin"} {
		b := newBed(t, options{})
		s := b.alice()
		s.Name = name
		b.get("/x", b.as(s))
		v := b.hit().Variables
		if v["HTTP_X_AUTH_GROUPS"] != "staff" || !strings.HasPrefix(v["HTTP_X_AUTH_NAME"], "x%") || strings.Count(b.hit().Head, "\r\nX-Auth-Groups:") != 1 {
			t.Errorf("%q: %s", name, b.hit().Head)
		}
	}
}

func TestHD13_claims_beyond_ASCII_are_percent_encoded(t *testing.T) {
	for name, want := range map[string]string{
		"名前": "%E5%90%8D%E5%89%8D", "Ünal": "%C3%9Cnal", "😀": "%F0%9F%98%80", "100%": "100%25", " a b ": "%20a b%20", "a\tb": "a%09b", "O'Neil, Pat": "O'Neil, Pat",
	} {
		b := newBed(t, options{})
		s := b.alice()
		s.Name, s.Groups = name, []string{"a,b", "ü", "c%"}
		b.get("/x", b.as(s))
		v := b.hit().Variables
		if got := v["HTTP_X_AUTH_NAME"]; got != want {
			t.Errorf("name %q arrived as %q, want %q", name, got, want)
		}
		if got, want := v["HTTP_X_AUTH_GROUPS"], "a%2Cb,%C3%BC,c%25"; got != want {
			t.Errorf("groups arrived as %q, want %q", got, want)
		}
	}
}

func TestHD16_the_edges_cookies_do_not_cross(t *testing.T) {
	for _, tt := range []struct{ cookie, want string }{
		{"a=1; __Host-edgeauth=%s; b=2; __Host-edgeauth-login=%[1]s; __Host-edgeauth-device=%[1]s", "a=1; b=2"},
		{"a=1;__Host-edgeauth=%s;;", "a=1;"}, {"__Host-edgeauth=%s", ""}, {"__Host-edgeauth=%s; __Host-edgeauth", ""},
	} {
		b := newBed(t, options{})
		b.get("/x", "Cookie: "+fmt.Sprintf(tt.cookie, b.value(b.alice()))+"\r\n")
		if got := b.hit().Variables["HTTP_COOKIE"]; strings.TrimRight(got, ";") != strings.TrimRight(tt.want, ";") {
			t.Errorf("%s: the backend got %q, want %q", tt.cookie, got, tt.want)
		}
	}
	for _, cookie := range []string{";;;", "=", "__Host-edgeauth", "; ; =; ", "\t"} {
		b := newBed(t, options{})
		if a := b.get("/public/x", "Cookie: "+cookie+"\r\n"); a.StatusCode != http.StatusOK {
			t.Errorf("%q: got %d", cookie, a.StatusCode)
		}
		if got := b.hit().Variables["HTTP_COOKIE"]; strings.Contains(got, "edgeauth") || strings.Contains(got, "=") {
			t.Errorf("%q crossed as %q", cookie, got)
		}
	}
}

// answering starts a backend with a handler of its own.
func answering(t testing.TB, h http.HandlerFunc) string {
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

func TestHD17_a_backend_cannot_set_the_edges_cookies_or_speak_in_its_headers(t *testing.T) {
	own := func(h http.Header) {
		for _, c := range []string{"__Host-edgeauth=x; Path=/; Secure", "__Host-edgeauth-login=x", "__Host-edgeauth-device=x", "edgeauth=x", "app=1; Path=/"} {
			h.Add("Set-Cookie", c)
		}
		h.Set("X-Auth-User", "root")
		h.Set("X_auth_user", "root")
		h.Set("Secure-Session-Registration", "(ES256);path=\"/x\"")
		h.Set("Alt-Svc", `h3="evil.test:443"`)
		h.Add("WWW-Authenticate", "Negotiate")
		h.Add("WWW-Authenticate", "NTLM TlRMTVNTUAAC, Bearer realm=\"x\"")
		h.Set("Link", "</style.css>; rel=preload")
	}
	backend := answering(t, func(w http.ResponseWriter, _ *http.Request) {
		for range 20 {
			own(w.Header())
			w.WriteHeader(http.StatusEarlyHints)
		}
		w.WriteHeader(http.StatusProcessing)
		clear(w.Header())
		own(w.Header())
		w.WriteHeader(http.StatusUnauthorized)
	})
	b := newBed(t, options{backend: backend})
	conn := b.dial()
	defer conn.Close()
	if _, err := io.WriteString(conn, "GET /public/x HTTP/1.1\r\nHost: app.corp.test\r\nConnection: close\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	all, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	text := string(all)
	for _, bad := range []string{"edgeauth", "root", "Secure-Session", "Alt-Svc", "NTLM", "Negotiate", "HTTP/1.1 102"} {
		if strings.Contains(text, bad) {
			t.Errorf("%q crossed:\n%s", bad, text)
		}
	}
	if n := strings.Count(text, "HTTP/1.1 103"); n == 0 || n > 8 {
		t.Errorf("%d early hints crossed", n)
	}
	for _, good := range []string{"Set-Cookie: app=1; Path=/\r\n", "Www-Authenticate: Bearer realm=\"x\"\r\n"} {
		if !strings.Contains(text, good) {
			t.Errorf("%q did not cross:\n%s", good, text)
		}
	}
}

func TestHD17_a_backend_cannot_do_so_in_trailers_either(t *testing.T) {
	for name, o := range protocols(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Trailer", "X-Auth-User, X-Sum")
		_, _ = io.WriteString(w, "body")
		_ = http.NewResponseController(w).Flush()
		w.Header().Set("X-Auth-User", "root")
		w.Header().Set("X-Sum", "1")
		w.Header().Set(http.TrailerPrefix+"Set-Cookie", "__Host-edgeauth=x")
	})) {
		b := newBed(t, o)
		conn := b.dial()
		if _, err := io.WriteString(conn, "GET /public/x HTTP/1.1\r\nHost: app.corp.test\r\nTE: trailers\r\nConnection: close, TE\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		all, err := io.ReadAll(conn)
		_ = conn.Close()
		if text := string(all); err != nil || strings.Contains(text, "root") || strings.Contains(text, "edgeauth") || !strings.Contains(text, "X-Sum: 1") {
			t.Errorf("%s: %v\n%s", name, err, text)
		}
	}
}

func TestXF01_forwarding_headers_of_strangers_are_replaced(t *testing.T) {
	b := newBed(t, options{})
	b.get("/x", b.as(b.alice()), "X-Forwarded-For: 10.0.0.1\r\n", "X-Real-IP: 10.0.0.1\r\n", "Forwarded: for=10.0.0.1;host=evil.test;proto=http\r\n",
		"X-Forwarded-Host: evil.test\r\n", "X-Forwarded-Proto: http\r\n", "X-Request-Id: forged\r\n", "X-Forwarded-Port: 1\r\n")
	v := b.hit().Variables
	for name, want := range map[string]string{
		"HTTP_X_FORWARDED_FOR": "127.0.0.1", "HTTP_X_REAL_IP": "", "HTTP_FORWARDED": "", "HTTP_X_FORWARDED_HOST": publicHost,
		"HTTP_X_FORWARDED_PROTO": "https", "HTTP_X_FORWARDED_PORT": "", "HTTP_HOST": publicHost,
	} {
		if v[name] != want {
			t.Errorf("%s is %q, want %q", name, v[name], want)
		}
	}
	if id := v["HTTP_X_REQUEST_ID"]; id == "forged" || id == "" || !strings.Contains(b.access.String(), id) {
		t.Errorf("the request id is %q and not the one of the access log", id)
	}
	if !strings.Contains(b.access.String(), `"client":"127.0.0.1"`) {
		t.Errorf("the log has another client: %s", b.access.String())
	}
}

func TestXF02_a_trusted_balancer_names_the_client_by_the_last_hop(t *testing.T) {
	for _, lines := range []string{"X-Forwarded-For: 10.9.9.9, 192.0.2.7\r\n", "X-Forwarded-For: 10.9.9.9\r\nX-Forwarded-For: 192.0.2.7\r\n", "X-Forwarded-For: ::ffff:192.0.2.7\r\n"} {
		b := newBed(t, options{trusted: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
		b.get("/public/x", lines)
		if got := b.hit().Variables["HTTP_X_FORWARDED_FOR"]; got != "192.0.2.7" {
			t.Errorf("%q: the backend got %q", lines, got)
		}
	}
}

func TestXF05_other_address_headers_do_not_cross_in_any_spelling(t *testing.T) {
	for _, name := range []string{"True-Client-IP", "CF-Connecting-IP", "X-Client-IP", "X-Cluster-Client-IP", "Fastly-Client-IP", "X_Forwarded_For", "X.Forwarded.For", "X_Real_IP", "Client_IP"} {
		rules(t, options{}, func(t *testing.T, b *bed) {
			b.get("/public/x", name+": 10.0.0.1\r\n")
			if strings.Contains(b.hit().Head, "10.0.0.1") {
				t.Errorf("%s crossed: %s", name, b.hit().Head)
			}
		})
	}
}

func TestXF07_a_forwarded_prefix_is_removed(t *testing.T) {
	b := newBed(t, options{})
	b.wantLogin(b.get("/admin/x", "X-Forwarded-Prefix: /public\r\n"))
	b.get("/public/x", "X-Forwarded-Prefix: /admin\r\n")
	if strings.Contains(strings.ToLower(b.hit().Head), "prefix") {
		t.Errorf("it crossed: %s", b.hit().Head)
	}
}

func TestXF08_a_forwarded_host_changes_no_link(t *testing.T) {
	b := newBed(t, options{})
	a := b.get("/x", "X-Forwarded-Host: evil.test\r\n", "X-Forwarded-Prefix: //evil.test\r\n", "X-Forwarded-Proto: javascript\r\n")
	b.wantLogin(a)
	if got := a.Header.Get("Location"); got != "/.edgeauth/login?rd=%2Fx" {
		t.Errorf("the login is at %q", got)
	}
}

func TestHeaders_of_CGI_and_IIS_folklore_do_not_cross(t *testing.T) {
	b := newBed(t, options{})
	b.get("/public/x", "Proxy: http://evil.test\r\n", "AspFilterSessionId: x\r\n", "Authorization: NTLM TlRM\r\n", "X-Edgeauth-Assertion: x\r\n", "Content_Length: 99\r\n",
		"Sec-Secure-Session-Id: x\r\n", "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n", "X_Custom: kept\r\n")
	v := b.hit().Variables
	for _, name := range []string{"HTTP_PROXY", "HTTP_ASPFILTERSESSIONID", "HTTP_AUTHORIZATION", "HTTP_X_EDGEAUTH_ASSERTION", "HTTP_CONTENT_LENGTH", "HTTP_SEC_SECURE_SESSION_ID", "HTTP_UPGRADE", "HTTP_HTTP2_SETTINGS"} {
		if v[name] != "" {
			t.Errorf("%s crossed as %q", name, v[name])
		}
	}
	if v["HTTP_X_CUSTOM"] != "kept" {
		t.Errorf("an unmanaged header with an underscore was removed: %s", b.hit().Head)
	}
}

func TestUpgrades_away_from_the_edges_sight_are_ignored(t *testing.T) {
	for _, protocol := range []string{"h2c", "HTTP/2.0", "TLS/1.3", "h2c, websocket"} {
		b := newBed(t, options{})
		a := b.send("GET /public/x HTTP/1.1\r\nHost: app.corp.test\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: " + protocol + "\r\nHTTP2-Settings: AAMAAABk\r\n\r\n")
		if v := b.hit().Variables; a.StatusCode != http.StatusOK || v["HTTP_UPGRADE"] != "" || v["HTTP_HTTP2_SETTINGS"] != "" || v["HTTP_CONNECTION"] != "" {
			t.Errorf("%s: got %d, the backend saw %s", protocol, a.StatusCode, b.hit().Head)
		}
	}
}

func TestOdd_header_names_are_refused_where_that_is_asked_for(t *testing.T) {
	b := newBed(t, options{handler: func(o *proxy.Options) { o.RefuseOddHeaders = true }})
	if a := b.get("/public/x", "X_Custom: y\r\n"); a.StatusCode != http.StatusBadRequest {
		t.Errorf("got %d, want 400", a.StatusCode)
	}
	b.untouched()
}
