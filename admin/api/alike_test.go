package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/edgeauth/edgeauth/admin/api"
	"github.com/edgeauth/edgeauth/admin/client"
	"github.com/edgeauth/edgeauth/admin/edgeauthv1"
)

// refusedREST is an error as REST writes it.
type refusedREST struct {
	Code    codes.Code
	Message string
	Details []struct {
		FieldViolations []struct{ Field, Description string } `json:"field_violations"`
	}
}

func (r refusedREST) String() string {
	out := r.Code.String() + " " + r.Message
	for _, d := range r.Details {
		for _, v := range d.FieldViolations {
			out += fmt.Sprintf("\n%s: %s", v.Field, v.Description)
		}
	}
	return out
}

// refusedGRPC is the same error as gRPC has it.
func refusedGRPC(err error) string {
	st := status.Convert(err)
	out := st.Code().String() + " " + st.Message()
	for _, d := range st.Details() {
		for _, v := range d.(*errdetails.BadRequest).GetFieldViolations() {
			out += fmt.Sprintf("\n%s: %s", v.GetField(), v.GetDescription())
		}
	}
	return out
}

// way is one call, over REST and over gRPC.
type way struct {
	method, path, body string
	grpc               func(*client.Client, *testing.T) error
}

// ways are one call of each method that breaks a rule of its request.
func ways() map[string]way {
	nobody := &edgeauthv1.Person{At: &edgeauthv1.Person_Provider{Provider: "corp"}}
	return map[string]way{
		"GetSession": {"GET", "/v1/sessions/short", "", func(c *client.Client, t *testing.T) error {
			_, err := c.GetSession(t.Context(), &edgeauthv1.GetSessionRequest{Session: "short"})
			return err
		}},
		"ListSessions": {"GET", "/v1/sessions?page_size=501&subject.provider=corp", "", func(c *client.Client, t *testing.T) error {
			_, err := c.ListSessions(t.Context(), &edgeauthv1.ListSessionsRequest{PageSize: 501, Subject: nobody})
			return err
		}},
		"RevokeSession": {"POST", "/v1/sessions/short:revoke", `{"reason":"a\tb"}`, func(c *client.Client, t *testing.T) error {
			_, err := c.RevokeSession(t.Context(), &edgeauthv1.RevokeSessionRequest{Session: "short", Reason: "a\tb"})
			return err
		}},
		"RevokeSessions": {"POST", "/v1/sessions:revoke", `{"subject":{"provider":"corp"}}`, func(c *client.Client, t *testing.T) error {
			_, err := c.RevokeSessions(t.Context(), &edgeauthv1.RevokeSessionsRequest{Target: &edgeauthv1.RevokeSessionsRequest_Subject{Subject: nobody}})
			return err
		}},
		"RaiseLevel": {"POST", "/v1/levels:raise", `{"subject":{"provider":"corp"},"level":"High"}`, func(c *client.Client, t *testing.T) error {
			_, err := c.RaiseLevel(t.Context(), &edgeauthv1.RaiseLevelRequest{Subject: nobody, Level: "High"})
			return err
		}},
		"ListEvents": {"GET", "/v1/events?names=logout&names=logout&session=short", "", func(c *client.Client, t *testing.T) error {
			s, err := c.ListEvents(t.Context(), &edgeauthv1.ListEventsRequest{Names: []string{"logout", "logout"}, Session: "short"})
			if err == nil {
				_, err = s.Recv()
			}
			return err
		}},
		"Explain": {"POST", "/v1/explain", `{"url":"","client":"nowhere"}`, func(c *client.Client, t *testing.T) error {
			_, err := c.Explain(t.Context(), &edgeauthv1.ExplainRequest{Client: "nowhere"})
			return err
		}},
	}
}

// alike makes a call over REST and over gRPC, and wants the same refusal.
func (w *world) alike(t *testing.T, call way, want codes.Code) {
	t.Helper()
	code, _, body := w.say(call.method, call.path, call.body)
	var rest refusedREST
	if err := json.Unmarshal([]byte(body), &rest); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	if rest.Code != want || rest.String() != refusedGRPC(call.grpc(w.grpc(), t)) {
		t.Errorf("REST says %d %v\ngRPC says %v\nwant %v", code, rest, refusedGRPC(call.grpc(w.grpc(), t)), want)
	}
	if want == codes.InvalidArgument && len(rest.Details) == 0 {
		t.Errorf("no field is named: %s", body)
	}
}

func TestEachMethodRefusesWhatBreaksItsRulesAlikeOverRESTAndGRPC(t *testing.T) {
	w := newWorld(t, func(_ *world, o *api.Options) { o.Explain = fixed{} })
	for method, call := range ways() {
		t.Run(method, func(t *testing.T) { w.alike(t, call, codes.InvalidArgument) })
	}
	if n := len(w.log.all()); n > 0 {
		t.Errorf("%d entries were written to the log", n)
	}
}

func TestEachMethodRefusesWhomItDoesNotKnowAlikeOverRESTAndGRPC(t *testing.T) {
	for what, c := range map[string]struct {
		err    error
		role   api.Role
		want   codes.Code
		status int
	}{
		"no proof":       {api.ErrNoProof, api.NoRole, codes.Unauthenticated, http.StatusUnauthorized},
		"a bad token":    {fmt.Errorf("%w: it has expired", api.ErrBadProof), api.NoRole, codes.Unauthenticated, http.StatusUnauthorized},
		"nobody to tell": {fmt.Errorf("%w: dial tcp 10.0.0.7:443", api.ErrUnproven), api.NoRole, codes.Unavailable, http.StatusServiceUnavailable},
		"no role":        {nil, api.NoRole, codes.PermissionDenied, http.StatusForbidden},
		// What was found out of a caller does not count beside an error.
		"an error, and a role": {api.ErrBadProof, api.Operator, codes.Unauthenticated, http.StatusUnauthorized},
	} {
		t.Run(what, func(t *testing.T) {
			w := newWorld(t)
			w.fails = c.err
			w.as(func(k *api.Caller) { k.Role = c.role })
			for method, call := range ways() {
				w.alike(t, call, c.want)
				code, header, body := w.say(call.method, call.path, call.body)
				if code != c.status || strings.Contains(body, "10.0.0.7") || strings.Contains(body, "expired") || (code == 401) != (header.Get("WWW-Authenticate") == "Bearer") {
					t.Errorf("%s: %d %v %s", method, code, header, body)
				}
			}
		})
	}
}
