package api_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/edgeauth/edgeauth/admin/api"
	"github.com/edgeauth/edgeauth/admin/edgeauthv1"
)

// say sends a REST request and returns the answer.
func (w *world) say(method, path, body string, edits ...func(*http.Request)) (status int, header http.Header, answer string) {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.server.URL+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/json")
	}
	for _, e := range edits {
		e(req)
	}
	resp, err := w.server.Client().Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, string(text)
}

func TestBadInputIsRefusedAtTheEdgeOfTheAPI(t *testing.T) {
	w := newWorld(t)
	const name = "AAAAAAAAAAAAAAAAAAAAAA"
	long := func(n int) string { return strings.Repeat("x", n) }
	for what, c := range map[string]struct {
		method, path, body string
		status             int
		says               string
	}{
		"a session's name that is too short":     {"POST", "/v1/sessions/AAAA:revoke", "{}", 400, "session"},
		"a session's name with a bit too many":   {"POST", "/v1/sessions/AAAAAAAAAAAAAAAAAAAAAB:revoke", "{}", 400, "session"},
		"a session's name with another alphabet": {"GET", "/v1/sessions/AAAAAAAAAAAAAAAAAAAA+A", "", 400, "session"},
		"a UUID for a session":                   {"GET", "/v1/sessions/0b8f0000-0000-4000-8000-000000000000", "", 400, "session"},
		"a reason that is too long":              {"POST", "/v1/sessions/" + name + ":revoke", `{"reason":"` + long(201) + `"}`, 400, "reason"},
		"a reason with a line end":               {"POST", "/v1/sessions/" + name + ":revoke", `{"reason":"a\nb"}`, 400, "reason"},
		"a reason that turns the text around":    {"POST", "/v1/sessions/" + name + ":revoke", `{"reason":"a\u202eb"}`, 400, "reason"},
		"nobody to revoke":                       {"POST", "/v1/sessions:revoke", `{}`, 400, "target"},
		"everybody, but not really":              {"POST", "/v1/sessions:revoke", `{"everybody":false}`, 400, "everybody"},
		"a person and everybody":                 {"POST", "/v1/sessions:revoke", `{"everybody":true,"subject":{"sub":"a"}}`, 400, "oneof"},
		"a person without a sub":                 {"POST", "/v1/sessions:revoke", `{"subject":{"provider":"corp"}}`, 400, "subject.sub"},
		"a sub that is too long":                 {"POST", "/v1/sessions:revoke", `{"subject":{"sub":"` + long(256) + `"}}`, 400, "subject.sub"},
		"a provider that there is not":           {"POST", "/v1/sessions:revoke", `{"subject":{"provider":"corpp","sub":"a"}}`, 400, "subject.provider"},
		"a field that there is not":              {"POST", "/v1/sessions:revoke", `{"everbody":true}`, 400, "everbody"},
		"a level for nobody":                     {"POST", "/v1/levels:raise", `{"level":"high"}`, 400, "subject"},
		"the weakest level":                      {"POST", "/v1/levels:raise", `{"subject":{"sub":"a"},"level":"normal"}`, 400, "level"},
		"a level that there is not":              {"POST", "/v1/levels:raise", `{"subject":{"sub":"a"},"level":"higher"}`, 400, "level"},
		"a level that is no name":                {"POST", "/v1/levels:raise", `{"subject":{"sub":"a"},"level":"so high"}`, 400, "level"},
		"a page that is too large":               {"GET", "/v1/sessions?page_size=501", "", 400, "page_size"},
		"a page of less than nothing":            {"GET", "/v1/sessions?page_size=-1", "", 400, "page_size"},
		"a page size that is no number":          {"GET", "/v1/sessions?page_size=ten", "", 400, "page_size"},
		"a page token of nobody's":               {"GET", "/v1/sessions?page_token=dHdv!", "", 400, "page_token"},
		"a page token of another list":           {"GET", "/v1/sessions?page_token=dGhyZWU", "", 400, "page_token"},
		"a page token of a person's list":        {"GET", "/v1/sessions?page_token=dHdv&subject.sub=a", "", 400, "page_token"},
		"a parameter that there is not":          {"GET", "/v1/sessions?subject.provder=corp&subject.sub=a", "", 400, "subject.provder"},
		"a parameter of a form":                  {"POST", "/v1/sessions:revoke?everybody=true", `{"subject":{"sub":"a"}}`, 400, "there is no parameter"},
		"a parameter of another method":          {"GET", "/v1/sessions/" + name + "?page_size=1", "", 400, "page_size"},
		"two providers at once":                  {"GET", "/v1/sessions?subject.provider=corp&subject.issuer=x&subject.sub=a", "", 400, "at"},
		"a parameter beside a body":              {"POST", "/v1/sessions:revoke?everybody=true", `{"subject":{"sub":"a"}}`, 400, "everybody"},
		"an event that there is not":             {"GET", "/v1/events?names=login_exploded", "", 400, "login_exploded"},
		"an event twice":                         {"GET", "/v1/events?names=logout&names=logout", "", 400, "names"},
		"events of a session that is none":       {"GET", "/v1/events?session=x", "", 400, "session"},
		"a stream with an unknown parameter":     {"GET", "/v1/events?name=logout", "", 400, "name"},
		"nothing to explain":                     {"POST", "/v1/explain", `{}`, 400, "url"},
		"an address that is none":                {"POST", "/v1/explain", `{"url":"/","client":"203.0.113"}`, 400, "client"},
		"a time that is none":                    {"POST", "/v1/explain", `{"url":"/","at":"yesterday"}`, 400, "Timestamp"},
		"a time without a zone":                  {"POST", "/v1/explain", `{"url":"/","at":"2026-11-23T08:00:00"}`, 400, "Timestamp"},
		"a time before there were computers":     {"POST", "/v1/explain", `{"url":"/","at":"1900-01-01T00:00:00Z"}`, 400, "at"},
		"two times of authentication":            {"POST", "/v1/explain", `{"url":"/","auth_time":"2026-11-23T08:00:00Z","no_auth_time":true}`, 400, "auth_time"},
		"a device that is neither new nor known": {"POST", "/v1/explain", `{"url":"/","device":"stolen"}`, 400, "device"},
		"JSON that ends too early":               {"POST", "/v1/explain", `{"url":`, 400, ""},
		"JSON with something behind":             {"POST", "/v1/sessions:revoke", `{"everybody":true} {"everybody":true}`, 400, ""},
		"a list in place of an object":           {"POST", "/v1/sessions:revoke", `[]`, 400, ""},
		"a body that is too large":               {"POST", "/v1/sessions:revoke", `{"reason":"` + long(300<<10) + `"}`, 400, ""},
		"a path that there is not":               {"GET", "/v1/session", "", 404, ""},
		"a path outside":                         {"GET", "/", "", 404, ""},
		"another method":                         {"DELETE", "/v1/sessions/" + name, "", 501, ""},
		"a session that nobody knows":            {"GET", "/v1/sessions/" + name, "", 404, "advisory"},
	} {
		t.Run(what, func(t *testing.T) {
			got, header, body := w.say(c.method, c.path, c.body)
			if got != c.status || !strings.Contains(body, c.says) {
				t.Errorf("%s %s is answered %d %s; want %d about %q", c.method, c.path, got, body, c.status, c.says)
			}
			if header.Get("Cache-Control") != "no-store" || header.Get("Content-Type") != "application/json" {
				t.Errorf("header: %v", header)
			}
			if len(body) > 4000 {
				t.Errorf("the answer has %d bytes", len(body))
			}
		})
	}
	if n := len(w.log.all()); n > 0 {
		t.Errorf("%d entries were written to the log", n)
	}
}

func TestAPageOfAnotherOriginCanNeitherPostNorFollow(t *testing.T) {
	w := newWorld(t)
	for _, kind := range []string{"text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", "application/jsonp"} {
		got, _, body := w.say("POST", "/v1/sessions:revoke", `{"everybody":true}`, func(r *http.Request) { r.Header.Set("Content-Type", kind) })
		if got != http.StatusUnsupportedMediaType {
			t.Errorf("%q: %d %s", kind, got, body)
		}
	}
	for site, want := range map[string]int{"cross-site": 403, "same-site": 403, "same-origin": 200, "none": 200} { // events would take the caller's streams
		for _, path := range []string{"/v1/sessions", "/v1/events?names=logout"} {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.server.URL+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Sec-Fetch-Site", site)
			resp, err := w.server.Client().Do(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			if resp.StatusCode != want {
				t.Errorf("%s of a page: %s is answered %d, want %d", path, site, resp.StatusCode, want)
			}
		}
	}
	if n := len(w.log.all()); n > 0 {
		t.Errorf("%d entries were written to the log", n)
	}
}

func TestWhatIsWrongIsSaidFieldByField(t *testing.T) {
	w := newWorld(t)
	_, err := w.grpc().RevokeSessions(t.Context(), &edgeauthv1.RevokeSessionsRequest{
		Target: &edgeauthv1.RevokeSessionsRequest_Subject{Subject: &edgeauthv1.Person{}}, Reason: strings.Repeat("x", 201)})
	fields := map[string]bool{}
	for _, d := range status.Convert(err).Details() {
		if bad, ok := d.(*errdetails.BadRequest); ok {
			for _, v := range bad.GetFieldViolations() {
				fields[v.GetField()] = true
			}
		}
	}
	if status.Code(err) != codes.InvalidArgument || !fields["subject.sub"] || !fields["reason"] {
		t.Errorf("%v names %v", err, fields)
	}
}

// An older edge must not obey half of what a newer client asks for.
func TestAFieldThatThisReleaseDoesNotKnowIsRefused(t *testing.T) {
	w := newWorld(t)
	unknown := protowire.AppendTag(nil, 4000, protowire.VarintType)
	unknown = protowire.AppendVarint(unknown, 1)
	outer := &edgeauthv1.RevokeSessionsRequest{Target: &edgeauthv1.RevokeSessionsRequest_Everybody{Everybody: true}}
	outer.ProtoReflect().SetUnknown(unknown)
	person := &edgeauthv1.Person{Sub: "a"}
	person.ProtoReflect().SetUnknown(unknown)
	inner := &edgeauthv1.RevokeSessionsRequest{Target: &edgeauthv1.RevokeSessionsRequest_Subject{Subject: person}}
	for _, req := range []*edgeauthv1.RevokeSessionsRequest{outer, inner} {
		if _, err := w.grpc().RevokeSessions(t.Context(), req); status.Code(err) != codes.InvalidArgument {
			t.Errorf("%v is answered with %v", req, err)
		}
	}
	if n := len(w.log.all()); n > 0 {
		t.Errorf("%d entries were written to the log", n)
	}
}

func TestAMessageThatIsTooLargeIsRefused(t *testing.T) {
	w := newWorld(t)
	_, err := w.grpc().Explain(t.Context(), &edgeauthv1.ExplainRequest{Url: strings.Repeat("x", 300<<10)})
	if status.Code(err) != codes.ResourceExhausted {
		t.Errorf("%v", err)
	}
}

func TestATimeThatNoCalendarHasIsRefused(t *testing.T) {
	w := newWorld(t, func(_ *world, o *api.Options) { o.Explain = anything{} })
	for _, at := range []*timestamppb.Timestamp{{Seconds: aboutNow().Unix(), Nanos: -5}, {Seconds: aboutNow().Unix(), Nanos: 1e9}, {Seconds: 1 << 60}} {
		for _, req := range []*edgeauthv1.ExplainRequest{{Url: "/", At: at}, {Url: "/", AuthTime: at}} {
			if _, err := w.grpc().Explain(t.Context(), req); status.Code(err) != codes.InvalidArgument {
				t.Errorf("%v: %v", req, err)
			}
		}
	}
}

// anything explains whatever it is asked.
type anything struct{}

func (anything) Explain(context.Context, *api.Question) (api.Explanation, error) {
	return api.Explanation{JSON: []byte("{}")}, nil
}

func TestWhatAStrangerWroteIsCleanInTheAnswer(t *testing.T) {
	r := record(1, "alice")
	r.Username, r.Client.Browser, r.Name = "\x1b[31mred\xff", strings.Repeat("x", 5000), "a\u202eb"
	r.Assurance.AMR, r.Reasons = []string{"pwd", "\u202eotp\xff"}, []string{"new\x9bdevice"}
	w := newWorld(t, func(w *world, _ *api.Options) { w.index.records = append(w.index.records, r) })
	got, err := w.grpc().ListSessions(t.Context(), &edgeauthv1.ListSessionsRequest{})
	if err != nil || len(got.GetSessions()) != 1 {
		t.Fatalf("%v %v", got, err)
	}
	s := got.GetSessions()[0]
	if list := strings.Join(append(s.GetAmr(), s.GetReasons()...), " "); list != `pwd \u202eotp\xff new\x9bdevice` {
		t.Errorf("%q", list)
	}
	if s.GetUsername() != `\x1b[31mred\xff` || len(s.GetProgram().GetBrowser()) > 1100 || strings.Contains(s.GetDisplayName(), "\u202e") {
		t.Errorf("%q %d bytes %q", s.GetUsername(), len(s.GetProgram().GetBrowser()), s.GetDisplayName())
	}
}
