package e2e_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/edgeauth/edgeauth/internal/demo/places"
	"github.com/edgeauth/edgeauth/internal/edgetest"
	"github.com/edgeauth/edgeauth/internal/redistest"
)

const travellersAgent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

// traveller is a browser that says, as a trusted proxy would, where it is.
type traveller struct {
	t    *testing.T
	edge *edgetest.Edge
	http http.Client
	at   string
}

// RoundTrip implements http.RoundTripper.
func (v *traveller) RoundTrip(r *http.Request) (*http.Response, error) {
	r.Header.Set("X-Forwarded-For", v.at)
	r.Header.Set("User-Agent", travellersAgent)
	r.Header.Set("Accept", "text/html")
	return http.DefaultTransport.RoundTrip(r)
}

func newTraveller(t *testing.T, e *edgetest.Edge) *traveller {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	v := &traveller{t: t, edge: e}
	v.http = http.Client{Jar: jar, Transport: v, Timeout: edgetest.Patience}
	return v
}

// login logs in anew from a city, with the same browser.
func (v *traveller) login(city string) {
	v.t.Helper()
	v.at = address(v.t, city)
	u, err := url.Parse(v.edge.URL)
	if err != nil {
		v.t.Fatal(err)
	}
	v.http.Jar.SetCookies(u, []*http.Cookie{{Name: "edgeauth", Path: "/", MaxAge: -1}, {Name: "edgeauth-login", Path: "/", MaxAge: -1}}) // as if some time had passed
	before := len(v.edge.Events("login_succeeded"))
	resp, err := v.http.Get(v.edge.URL + "/")
	if err != nil {
		v.t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK || len(v.edge.Events("login_succeeded")) != before+1 {
		v.t.Fatalf("logging in from %s: %d", city, resp.StatusCode)
	}
}

func address(t *testing.T, city string) string {
	t.Helper()
	c, found := places.Find(city)
	if !found {
		t.Fatalf("there is no %s", city)
	}
	return c.Addr().String()
}

// placed starts an edge that knows places.
func (w *world) placed(t *testing.T, further string) *edgetest.Edge {
	t.Helper()
	file, err := places.Write(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	addr := edgetest.Addr(t)
	w.client(addr)
	w.routes += "  - {path: /pay, upstream: page, classes: [sensitive]}\n"
	e := edgetest.Prepare(t, edgetest.Setup{Listen: addr, Server: "  trusted_proxies: [127.0.0.1]\n",
		Rest: w.config(fmt.Sprintf("risk:\n  learning: {logins: 2, days: 30}\n  places: {city: [%[1]q], asn: [%[1]q]}\n%[2]s", file, further))})
	e.Run()
	e.WaitReady()
	return e
}

// answered is as much of an explanation as the tests look at.
type answered struct {
	Verdict    struct{ Action, Reason string }
	Assessment struct {
		Level     string
		Score     float64
		Terms     []map[string]any
		Sightings int
	}
	Person struct {
		Level  string
		Known  string `json:"known_from"`
		Floors []struct {
			Level, Reason string
			CountsAs      string `json:"counts_as"`
		}
	}
	Notes []string
}

func explain(t *testing.T, e *edgetest.Edge, args ...string) answered {
	t.Helper()
	out, err := e.Command(append([]string{"explain", "--config", e.ConfigFile(), "--output", "json"}, args...)...)
	if err != nil {
		t.Fatalf("explain: %v\n%s", err, out)
	}
	var a answered
	if err := json.Unmarshal([]byte(out[max(0, strings.Index("\n"+out, "\n{")):]), &a); err != nil { // after warnings
		t.Fatalf("%v in %s", err, out)
	}
	return a
}

func Test_an_explanation_foretells_what_the_login_will_look_like_and_forget_erases_what_it_was_told_by(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.placed(t, "")
	v := newTraveller(t, e)
	for range 4 {
		v.login("berlin")
	}
	sub, _ := e.Events("login_succeeded")[0]["sub"].(string)
	login := []string{"--user", sub, "--amr", "pwd", "--device", "known", "--user-agent", travellersAgent, "--url", "/pay"}
	tokyo := append([]string{"--ip", address(t, "tokyo")}, login...)

	before := explain(t, e, tokyo...)
	if before.Assessment.Sightings != 4 || before.Person.Known != "edge" || len(before.Person.Floors) != 0 || before.Verdict.Action != "step_up" {
		t.Errorf("before the login: %+v", before)
	}
	v.login("tokyo")
	events := e.Events("login_assessed")
	happened := events[len(events)-1]
	if happened["security_level"] != before.Assessment.Level || happened["score"] != before.Assessment.Score {
		t.Errorf("foretold were %s and %v, it came to %v and %v", before.Assessment.Level, before.Assessment.Score, happened["security_level"], happened["score"])
	}
	terms, _ := json.Marshal(happened["terms"])
	foretold, _ := json.Marshal(before.Assessment.Terms)
	if diff := cmp.Diff(string(terms), string(foretold)); diff != "" {
		t.Errorf("the terms differ: %s", diff)
	}

	at, _ := happened["at"].(string)
	if then := explain(t, e, append([]string{"--at", at}, tokyo...)...); then.Assessment.Sightings > 4 || len(then.Notes) == 0 {
		t.Errorf("at the time of the login its own sighting is not history yet: %+v", then)
	}

	after := explain(t, e, login...)
	if len(after.Person.Floors) != 1 || after.Person.Floors[0].Level != before.Assessment.Level || after.Verdict.Reason != "level_unproven" {
		t.Errorf("after the login: %+v", after)
	}
	log := e.Dir + "/edge.log"
	id, _ := happened["id"].(string)
	if out, err := e.Command("explain", "--event", id, "--log", log); err != nil || !strings.Contains(out, "What it looked like: "+before.Assessment.Level) || !strings.Contains(out, "new_country") {
		t.Errorf("explaining the event: %v\n%s", err, out)
	}

	out, err := e.Command("forget", "--config", e.ConfigFile(), "--subject", sub)
	if err != nil || !strings.HasPrefix(out, "Erased 5 sightings of the sub") || !strings.Contains(out, "enrolment mark") {
		t.Errorf("forgetting: %v\n%s", err, out)
	}
	if events := e.Events("history_forgotten"); len(events) != 1 || events[0]["sub"] != sub || !strings.HasPrefix(fmt.Sprint(events[0]["actor"]), "cli:") {
		t.Errorf("events: %v", events)
	}
	if again := explain(t, e, tokyo...); again.Assessment.Sightings != 0 || len(again.Person.Floors) != 1 {
		t.Errorf("after forgetting, sightings are gone and floors are not: %+v", again)
	}
	if out, err := e.Command("forget", "--config", e.ConfigFile(), "--subject", sub); err != nil || !strings.HasPrefix(out, "Nothing that can be read was remembered") {
		t.Errorf("forgetting twice: %v\n%s", err, out)
	}
}

func Test_without_an_edge_the_store_itself_is_asked_and_told_to_forget(t *testing.T) {
	t.Parallel()
	for name, store := range map[string]func(t *testing.T) string{
		"embedded": func(*testing.T) string { return "" },
		"redis": func(t *testing.T) string {
			return shared(newKeys(t), redistest.Start(t))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			further := store(t)
			e := w.placed(t, further)
			v := newTraveller(t, e)
			v.login("berlin")
			v.login("berlin")
			v.login("berlin")
			v.login("sydney")
			sub, _ := e.Events("login_succeeded")[0]["sub"].(string)
			e.Stop()
			a := explain(t, e, "--user", sub, "--url", "/pay", "--ip", address(t, "berlin"))
			if a.Person.Known != "store" || a.Assessment.Sightings != 4 || len(a.Person.Floors) == 0 {
				t.Errorf("from the store: %+v", a)
			}
			out, err := e.Command("forget", "--config", e.ConfigFile(), "--provider", "corp", "--subject", sub)
			if err != nil || !strings.Contains(out, "Erased 4 sightings") || !strings.Contains(out, `"event":"history_forgotten"`) {
				t.Errorf("forgetting: %v\n%s", err, out)
			}
			if a := explain(t, e, "--user", sub, "--url", "/pay", "--ip", address(t, "berlin")); a.Assessment.Sightings != 0 || len(a.Person.Floors) == 0 {
				t.Errorf("after forgetting: %+v", a)
			}
		})
	}
}
