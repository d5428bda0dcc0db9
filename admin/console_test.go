package admin_test

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/admin"
	"github.com/edgeauth/edgeauth/web"
)

// seen is an overview of this edge and others, of which one has not been heard of.
func seen() admin.Overview {
	shards := func(age admin.Seconds) (all []admin.OriginShard) {
		for range 16 {
			all = append(all, admin.OriginShard{Staleness: age, Heard: age, Cursor: "5-0"})
		}
		return all
	}
	second := admin.Seconds(1200 * time.Millisecond)
	o := admin.Overview{
		Edge: admin.Edge{Name: "web-1", Run: "aaaaaaaa", Version: "1.2.3"},
		Log:  admin.LogState{Staleness: second, Heard: second, Registers: 7, Incarnation: "beef"},
		Origins: []admin.Origin{
			{Name: "web-1", This: true, Heard: second, Staleness: second, Shards: shards(second)},
			{Name: "web-2", Heard: second, Staleness: second, Clock: -7, Shards: shards(second)},
			{Name: "web-3", Heard: admin.Never, Staleness: admin.Never, Shards: shards(admin.Never)},
		},
	}
	for i := range 16 {
		o.Shards = append(o.Shards, admin.Shard{Number: fmt.Sprintf("%02d", i), Staleness: second, Cursor: "5-0"})
	}
	return o
}

func handler(t *testing.T, o admin.Overview, checks ...admin.Check) http.Handler {
	t.Helper()
	pages, err := web.NewPages()
	if err != nil {
		t.Fatal(err)
	}
	return admin.Handler(admin.Options{Overview: func() admin.Overview { return o }, Pages: pages, Checks: checks, Host: "edge.internal"})
}

func TestTheConsoleSaysHowManyEdgesHaveReadTheLogAndWhichHaveNot(t *testing.T) {
	said := func(o admin.Overview) string {
		t.Helper()
		w := get(handler(t, o, check("revocation_log", admin.Degraded, "two shards are late")), "GET", "/")
		if w.Code != 200 || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") {
			t.Fatalf("%d %v", w.Code, w.Header())
		}
		return regexp.MustCompile(`\s+`).ReplaceAllString(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(w.Body.String(), ""), " ")
	}
	some := said(seen())
	for _, want := range []string{"2 of 3 edges have read everything that was in the log 1.2 s ago.", "web-3 has not read all of it, as far as is known.",
		"-7.0 s", "Revocation log", "degraded two shards are late", "7 registers of incarnation beef", "edgeauth 1.2.3"} {
		if !strings.Contains(some, want) {
			t.Errorf("%q is missing in %s", want, some)
		}
	}
	o := seen()
	o.Origins = o.Origins[:2]
	if all := said(o); !strings.Contains(all, "All 2 edges have read everything that was in the log 1.2 s ago.") || strings.Contains(all, "has not answered") {
		t.Error(all)
	}
	o.Origins = o.Origins[:1]
	o.Log.Heard = admin.Seconds(3 * time.Minute)
	if alone := said(o); !strings.Contains(alone, "This edge has read everything") || !strings.Contains(alone, "The log has not answered this edge for 3 min: what it knows of the others is as old.") {
		t.Error(alone)
	}
	o.Origins[0].Staleness, o.Origins[0].Heard = admin.Seconds(14*time.Second), admin.Seconds(14*time.Second)
	if late := said(o); !strings.Contains(late, "No edge is known to have read the log within the last 10 s. web-1 has read what was in it 14 s ago, and was last heard 14 s ago.") {
		t.Error(late)
	}
	o.Origins = nil
	o.Log.Heard = admin.Never
	if none := said(o); !strings.Contains(none, "No edge has told of itself yet.") || !strings.Contains(none, "The log has not answered this edge yet.") {
		t.Error(none)
	}
}

func TestTheConsoleIsJSONWithNullForWhatNobodyCanTell(t *testing.T) {
	w := get(handler(t, seen(), check("edge", admin.Ready, "")), "GET", "/console.json")
	var got struct {
		Health struct{ Status string }
		Log    struct {
			Staleness float64 `json:"staleness_seconds"`
		}
		Origins []map[string]any
		Shards  []map[string]any
	}
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Header().Get("Content-Type") != "application/json" {
		t.Fatalf("%v\n%s", err, w.Body)
	}
	last, known := got.Origins[2]["staleness_seconds"]
	if got.Health.Status != "ready" || got.Log.Staleness != 1.2 || last != nil || !known || len(got.Shards) != 16 || len(got.Origins[0]["shards"].([]any)) != 16 {
		t.Errorf("%+v", got)
	}
}

func TestTheConsoleIsReadOnlyUncachedAndRunsNothing(t *testing.T) {
	h := handler(t, seen())
	for _, path := range []string{"/", "/console.json"} {
		for method, code := range map[string]int{"GET": 200, "HEAD": 200, "POST": 405, "PUT": 405, "DELETE": 405} {
			if w := get(h, method, path); w.Code != code || w.Header().Get("Cache-Control") != "no-store" || w.Header().Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("%s %s: %d %v", method, path, w.Code, w.Header())
			}
		}
	}
	w := get(h, "GET", "/")
	policy := w.Header().Get("Content-Security-Policy")
	if !strings.HasPrefix(policy, "default-src 'none'; style-src 'sha256-") || !strings.Contains(policy, "form-action 'none'") || w.Header().Get("X-Frame-Options") != "DENY" {
		t.Errorf("policy %s", policy)
	}
	if regexp.MustCompile(`(?i)<script|<form|<button|\son[a-z]+=|\sstyle=`).MatchString(w.Body.String()) {
		t.Error("the page offers something to do, or runs something")
	}
	if w := get(h, "GET", "/else"); w.Code != 404 {
		t.Errorf("another path: %d", w.Code)
	}
}

func TestNothingThatAnOverviewSaysBecomesMarkup(t *testing.T) {
	const evil = `"><script>alert(1)</script>`
	o := seen()
	o.Edge.Name, o.Edge.Region, o.Edge.Version, o.Log.Incarnation, o.Store.Detail = evil, evil, evil, evil, evil
	o.Shards[3].Unread, o.Shards[3].Cursor, o.Shards[3].Incarnation = evil, evil, evil
	o.Origins[1].Name, o.Origins[1].Region, o.Origins[1].Shards[2].Cursor = evil, evil, evil
	w := get(handler(t, o, check(evil, admin.Degraded, evil)), "GET", "/")
	if body := w.Body.String(); strings.Contains(body, "<script") || strings.Count(body, "&lt;script&gt;") < 8 {
		t.Errorf("markup: %s", body)
	}
}

func TestALoopbackAddressAnswersToItsOwnNamesAlone(t *testing.T) {
	server := httptest.NewServer(handler(t, seen()))
	defer server.Close()
	ask := func(path, host string) int {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = host
		resp, err := server.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	for host, want := range map[string]int{
		"127.0.0.1:9090": 200, "localhost": 200, "LOCALHOST.:1": 200, "a.localhost:9090": 200, "[::1]:9090": 200, "[::1]": 200, "10.0.0.5": 200,
		"edge.internal:9090": 200, "Edge.Internal": 200,
		"evil.example": 421, "evil.example:9090": 421, "localhost.evil.example": 421, "127.0.0.1.evil.example": 421, "xlocalhost": 421, "1.2.3": 421,
	} {
		for _, path := range []string{"/", "/console.json", "/readyz"} {
			if got := ask(path, host); got != want {
				t.Errorf("%s as %s: %d, want %d", path, host, got, want)
			}
		}
	}
	if got := ask("/healthz", "evil.example"); got != 200 {
		t.Errorf("/healthz, which says nothing: %d", got)
	}
}

func TestSpansAreShownAsPeopleReadThem(t *testing.T) {
	for d, want := range map[time.Duration][2]string{
		0: {"0.0 s", "0.0"}, 1260 * time.Millisecond: {"1.3 s", "1.3"}, 75 * time.Second: {"75 s", "75s"}, 17 * time.Minute: {"17 min", "17m"},
		5 * time.Hour: {"5 h", "5h"}, 72 * time.Hour: {"3 d", "3d"}, math.MaxInt64: {"unknown", "–"},
	} {
		if s := admin.Seconds(d); s.String() != want[0] || s.Cell() != want[1] {
			t.Errorf("%d: %q and %q, want %q", d, s.String(), s.Cell(), want)
		}
	}
}
