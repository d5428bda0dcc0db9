package e2e_test

import (
	"bufio"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/edgeauth/edgeauth/admin/edgeauthv1"
	"github.com/edgeauth/edgeauth/internal/edgetest"
)

// rest asks an edge's API over REST with a client certificate.
func (g *governed) rest(edge int, method, path, body string, pairs ...tls.Certificate) *http.Response {
	g.t.Helper()
	tr := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: g.ca.pool(), Certificates: pairs}, ForceAttemptHTTP2: true}
	g.t.Cleanup(tr.CloseIdleConnections)
	req, err := http.NewRequestWithContext(g.t.Context(), method, "https://"+g.api[edge]+path, strings.NewReader(body))
	if err != nil {
		g.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := tr.RoundTrip(req)
	if err != nil {
		g.t.Fatal(err)
	}
	g.t.Cleanup(func() { _ = resp.Body.Close() })
	return resp
}

func Test_the_API_over_REST_with_certificates(t *testing.T) {
	t.Parallel()
	g := newGoverned(t, "")
	wantPage(t, edgetest.NewClient(t).Open(g.edges[0].URL+"/"))
	name := g.sessionsOf(0, "demo-alice", 1)[0].GetName()

	resp := g.rest(0, "GET", "/v1/sessions?subject.provider=corp&subject.sub=demo-alice", "", g.watcher())
	var list struct {
		Sessions []struct {
			Name, State, Host string
			FirstSeen         string `json:"first_seen"`
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&list); err != nil || len(list.Sessions) != 1 || list.Sessions[0].Name != name ||
		list.Sessions[0].State != "SESSION_STATE_ACTIVE" || list.Sessions[0].Host != g.edges[0].URL || !strings.HasSuffix(list.Sessions[0].FirstSeen, "Z") {
		t.Errorf("%d %+v %v", resp.StatusCode, list, err)
	}
	if resp := g.rest(0, "POST", "/v1/sessions/"+name+":revoke", `{}`, g.watcher()); resp.StatusCode != http.StatusForbidden {
		t.Errorf("a viewer who revokes gets %d", resp.StatusCode)
	}
	if resp := g.rest(0, "GET", "/v1/sessions", ""); resp.StatusCode != http.StatusUnauthorized || resp.Header.Get("WWW-Authenticate") != "Bearer" {
		t.Errorf("a stranger gets %d %v", resp.StatusCode, resp.Header)
	}

	events := bufio.NewScanner(g.rest(0, "GET", "/v1/events?names=revocation", "", g.watcher()).Body)
	if resp := g.rest(0, "POST", "/v1/sessions/"+name+":revoke", `{"reason":"over REST"}`, g.ops()); resp.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(resp.Body)
		t.Fatalf("%d %s", resp.StatusCode, body)
	}
	if !events.Scan() || !strings.Contains(events.Text(), `"reason":"over REST"`) || !strings.Contains(events.Text(), `"actor":"cert:cn:ops"`) {
		t.Errorf("the event: %s", events.Text())
	}
	g.sessionsOf(0, "demo-alice", 0)
}

func Test_the_API_explains_as_the_command_line_does(t *testing.T) {
	t.Parallel()
	g := newGoverned(t, "")
	e := g.edges[0]
	at := time.Now().Add(-time.Minute).Truncate(time.Second) // the conditions name the session's end, to the second
	got, err := g.caller(0, g.watcher()).Explain(t.Context(), &edgeauthv1.ExplainRequest{Url: "/admin", At: timestamppb.New(at), Subject: personAt("corp", "demo-alice"),
		Groups: []string{"staff"}, Claims: []*edgeauthv1.Claim{{Name: "tier", Values: []string{"gold"}}}})
	if err != nil {
		t.Fatal(err)
	}
	out, err := e.Command("explain", "--config", e.ConfigFile(), "--url", "/admin", "--user", "demo-alice", "--group", "staff", "--claim", "tier=gold", "--at", at.UTC().Format(time.RFC3339), "--output", "json")
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var cli map[string]any
	if err := json.Unmarshal([]byte(out), &cli); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	api := got.GetExplanation().AsMap()
	for _, key := range []string{"route", "conditions", "verdict", "changes"} {
		if a, b := fmt.Sprint(api[key]), fmt.Sprint(cli[key]); a != b || a == "<nil>" {
			t.Errorf("%s: the API says\n%s\nthe command line\n%s", key, a, b)
		}
	}
	if got.GetAction() != "deny" || got.GetReason() == "" {
		t.Errorf("action %q, reason %q", got.GetAction(), got.GetReason())
	}
	if x, err := g.caller(0, g.watcher()).Explain(t.Context(), &edgeauthv1.ExplainRequest{Url: "/", Subject: personAt("corp", "auth0|a")}); err != nil ||
		x.GetExplanation().GetFields()["person"].GetStructValue().GetFields()["sub"].GetStringValue() != "auth0|a" {
		t.Errorf("a sub with a |: %v %v", x, err)
	}
	for what, req := range map[string]*edgeauthv1.ExplainRequest{
		"another host":       {Url: "https://elsewhere.test/"},
		"a level of nobody":  {Url: "/", Level: "high"},
		"an unknown level":   {Url: "/", Subject: personAt("corp", "a"), Level: "highest"},
		"an unknown issuer":  {Url: "/", Subject: &edgeauthv1.Person{At: &edgeauthv1.Person_Issuer{Issuer: "https://other.test"}, Sub: "a"}},
		"an issuer's name":   {Url: "/", Subject: &edgeauthv1.Person{At: &edgeauthv1.Person_Issuer{Issuer: "corp"}, Sub: "a"}},
		"an issuer with a |": {Url: "/", Subject: &edgeauthv1.Person{At: &edgeauthv1.Person_Issuer{Issuer: "https://a|b"}, Sub: "a"}},
	} {
		if _, err := g.caller(0, g.watcher()).Explain(t.Context(), req); status.Code(err) != codes.InvalidArgument || strings.Contains(err.Error(), "--") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func Test_the_command_line_lists_shows_and_revokes_sessions(t *testing.T) {
	t.Parallel()
	g := newGoverned(t, "")
	e := g.edges[0]
	run := func(fails bool, args ...string) string {
		t.Helper()
		out, err := e.Command(append([]string{"sessions"}, args...)...)
		if (err != nil) != fails {
			t.Errorf("sessions %q: %v\n%s", args, err, out)
		}
		return out
	}
	local := []string{"--config", e.ConfigFile()}
	if out := run(false, append([]string{"list", "--ended"}, local...)...); out != "The index knows no session.\n" {
		t.Errorf("an empty list: %q", out)
	}
	laptop := edgetest.NewClient(t)
	wantPage(t, laptop.Open(e.URL+"/"))
	name := g.sessionsOf(0, "demo-alice", 1)[0].GetName()

	out := run(false, append([]string{"list"}, local...)...)
	if !strings.HasPrefix(out, "SESSION ") || !strings.Contains(out, name+"  active") || !strings.Contains(out, "(demo-alice)") {
		t.Errorf("list:\n%s", out)
	}
	var listed struct{ Sessions []struct{ Name string } }
	if out := run(false, append([]string{"list", "--subject", "demo-alice", "--output", "json"}, local...)...); json.Unmarshal([]byte(out), &listed) != nil ||
		len(listed.Sessions) != 1 || listed.Sessions[0].Name != name {
		t.Errorf("list as JSON:\n%s", out)
	}
	if out := run(false, append([]string{"show", name}, local...)...); !strings.Contains(out, "sub            demo-alice\n") || !regexp.MustCompile(`session there +\S{8}`).MatchString(out) {
		t.Errorf("show:\n%s", out)
	}

	cert, key := g.ca.write(g.ops(), "ops")
	roots, token := filepath.Join(t.TempDir(), "ca.pem"), filepath.Join(t.TempDir(), "token")
	g.ca.file(roots, g.ca.pem)
	g.ca.file(token, []byte(g.token("edge-viewer")+"\n"))
	remote := []string{"--server", "https://" + g.api[0], "--ca-file", roots}
	withCert, withToken := append(remote, "--cert-file", cert, "--key-file", key), append(remote, "--token-file", token)
	if out := run(false, append([]string{"list"}, withToken...)...); !strings.Contains(out, name) {
		t.Errorf("list with a token:\n%s", out)
	}
	if out := run(true, append([]string{"revoke", name}, withToken...)...); !strings.Contains(out, "token:corp/demo-admin has not the role") {
		t.Errorf("revoke with a viewer's token:\n%s", out)
	}
	if out := run(true, append([]string{"list"}, remote...)...); !strings.Contains(out, "no client certificate") {
		t.Errorf("list without proof:\n%s", out)
	}
	if out := run(false, append([]string{"revoke", name, "--reason", "lost"}, withCert...)...); !strings.HasPrefix(out, "Revoked session "+name+": every edge that follows the log refuses.\n") ||
		!strings.Contains(out, "At the identity provider nothing was ended: who is still logged in there comes back without a password") {
		t.Errorf("revoke:\n%s", out)
	}
	e.Until("the session is refused", func() bool { return laptop.Ask(e.URL+"/").Status == http.StatusSeeOther })
	if out := run(false, append([]string{"list", "--ended"}, local...)...); !strings.Contains(out, name+"  revoked") {
		t.Errorf("list of what has ended:\n%s", out)
	}
	if out := run(false, append([]string{"list"}, local...)...); out != "The index knows no session that can be used; --ended shows those that have ended too.\n" {
		t.Errorf("list of what can be used: %q", out)
	}
	run(false, append([]string{"revoke", "--subject", "demo-alice"}, local...)...)
	run(false, append([]string{"revoke", "--all", "-o", "json"}, local...)...)
	if out := run(true, append([]string{"revoke", "bad one", name, "worse"}, local...)...); !strings.Contains(out, "Revoked session "+name) || !strings.Contains(out, `session "bad one": `) ||
		!strings.Contains(out, `session "worse": `) {
		t.Errorf("a name that can be ended among those that cannot:\n%s", out)
	}
	actor := fmt.Sprint(e.Events("revocation")[1]["actor"])
	if !strings.HasPrefix(actor, "cli:") || actor == "cli:unknown" {
		t.Errorf("the actor over the control socket is %q", actor)
	}

	revoked := len(e.Events("revocation"))
	for _, args := range [][]string{
		{"list"}, {"revoke", "--config", e.ConfigFile()}, {"revoke", name, "--all", "--config", e.ConfigFile()}, {"revoke", "short", "--config", e.ConfigFile()},
		{"show", name[:21] + "B", "--config", e.ConfigFile()}, {"list", "--config", e.ConfigFile(), "--output", "yaml"}, {"list", "--config", e.ConfigFile(), "--provider", "corp"},
		{"list", "--config", e.ConfigFile(), "--subject", ""}, {"list", "--config", e.ConfigFile(), "--limit", "-1"}, {"list", "--server", "http://10.0.0.1:9091"},
		{"list", "--server", "https://127.0.0.1"}, {"list", "--config", e.ConfigFile(), "--token-file", token}, {"exterminate"},
	} {
		if out := run(true, args...); strings.Contains(out, "rpc error") || strings.Contains(out, "panic") {
			t.Errorf("sessions %q:\n%s", args, out)
		}
	}
	for _, c := range []struct {
		cure string
		args []string
	}{
		{"want --config FILE for the edge on this machine, or --server URL", []string{"list"}},
		{"want 22 characters, as `edgeauth sessions list`", append([]string{"show", "laptop"}, local...)},
		{"--ca-file takes the authority", []string{"list", "--server", "https://" + g.api[0]}},
		{"--server https://", []string{"list", "--server", "http://" + g.api[0]}},
		{"--wait belongs to --config", append([]string{"revoke", name, "--wait", "5s"}, withCert...)},
		{"--wait is for one session", append([]string{"revoke", name, name, "--wait", "5s"}, local...)},
		{"want a time from 0s (no waiting) to 5m0s", append([]string{"revoke", "--all", "--wait", "-1s"}, local...)},
		{"want 22 characters, as `edgeauth sessions list`", append([]string{"revoke", "laptop", "--wait", "5s"}, local...)},
		{"is not one of the 1 providers", append([]string{"revoke", "--provider", "none", "--subject", "demo-alice", "--wait", "5s"}, local...)},
	} {
		if out := run(true, c.args...); !strings.Contains(out, c.cure) {
			t.Errorf("sessions %q does not say %q:\n%s", c.args, c.cure, out)
		}
	}
	if n := len(e.Events("revocation")); n != revoked {
		t.Errorf("%d revocations were made by what was refused", n-revoked)
	}
	e.Stop()
	if out := run(true, append([]string{"list"}, local...)...); !strings.Contains(out, "no edge answers at") || !strings.Contains(out, "edgeauth revoke") {
		t.Errorf("without an edge:\n%s", out)
	}
}

func Test_a_role_that_is_taken_away_is_gone_with_the_reload(t *testing.T) {
	t.Parallel()
	g := newGoverned(t, "")
	e, c := g.edges[0], g.caller(0, g.ops())
	stream, err := c.ListEvents(t.Context(), &edgeauthv1.ListEventsRequest{Names: []string{"logout"}})
	if err == nil {
		_, err = stream.Header()
	}
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(e.ConfigFile())
	if err != nil {
		t.Fatal(err)
	}
	e.Overwrite(strings.Replace(string(text), "cn:ops", "cn:nobody", 1))
	if _, err := stream.Recv(); status.Code(err) != codes.Unavailable {
		t.Errorf("the stream ends with %v", err)
	}
	e.Until("the operator is refused", func() bool {
		_, err := c.ListSessions(t.Context(), &edgeauthv1.ListSessionsRequest{})
		return status.Code(err) == codes.PermissionDenied
	})
}

func Test_a_stream_does_not_hold_up_the_end_of_the_edge(t *testing.T) {
	t.Parallel()
	g := newGoverned(t, "")
	stream, err := g.caller(0, g.ops()).ListEvents(t.Context(), &edgeauthv1.ListEventsRequest{Names: []string{"logout"}})
	if err == nil {
		_, err = stream.Header()
	}
	if err != nil {
		t.Fatal(err)
	}
	g.edges[0].Stop()
	if _, err := stream.Recv(); status.Code(err) != codes.Unavailable || !strings.Contains(err.Error(), "begin again") {
		t.Errorf("the stream ends with %v: it was cut, not ended", err)
	}
}

func Test_the_API_is_off_unless_it_is_configured(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.start(t, "")
	if log := e.Log(); strings.Contains(log, "admin.api.listen") {
		t.Error("something listens for admin.api.listen")
	}
	for _, path := range []string{"/v1/sessions", "/edgeauth.v1.SessionService/ListSessions"} {
		if status, body := e.Get(e.Admin + path); status != http.StatusNotFound {
			t.Errorf("the admin listener answers %s with %d %s", path, status, body)
		}
		if status, _ := e.Get(e.URL + path); status == http.StatusOK {
			t.Errorf("the public listener answers %s with %d", path, status)
		}
	}
}
