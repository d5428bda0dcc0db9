package e2e_test

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"github.com/edgeauth/edgeauth/internal/browser"
	"github.com/edgeauth/edgeauth/internal/edgetest"
)

const (
	phone  = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36"
	tablet = "Mozilla/5.0 (iPad; CPU OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1"
	laptop = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
)

// visitor is a browser without a screen that says what it is and, as a trusted proxy would, where.
type visitor struct {
	t         *testing.T
	edge      *edgetest.Edge
	http      http.Client
	at, agent string
}

func (v *visitor) RoundTrip(r *http.Request) (*http.Response, error) {
	r.Header.Set("X-Forwarded-For", v.at)
	r.Header.Set("User-Agent", v.agent)
	r.Header.Set("Accept", "text/html")
	return http.DefaultTransport.RoundTrip(r)
}

// visit logs in from a city.
func visit(t *testing.T, e *edgetest.Edge, city, agent string) *visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	v := &visitor{t: t, edge: e, at: address(t, city), agent: agent}
	v.http = http.Client{Jar: jar, Transport: v, Timeout: edgetest.Patience, CheckRedirect: func(r *http.Request, via []*http.Request) error {
		if strings.HasPrefix(r.URL.Path, "/.edgeauth/login") && len(via[0].Header["X-No-Login"]) > 0 {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	if status := v.get("/"); status != http.StatusOK {
		t.Fatalf("logging in from %s: %d", city, status)
	}
	return v
}

func (v *visitor) get(path string, header ...string) (status int) {
	v.t.Helper()
	r, err := http.NewRequest(http.MethodGet, v.edge.URL+path, nil)
	if err != nil {
		v.t.Fatal(err)
	}
	for _, name := range header {
		r.Header.Set(name, "1")
	}
	resp, err := v.http.Do(r)
	if err != nil {
		v.t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}

// isIn reports whether the session is accepted.
func (v *visitor) isIn() bool { return v.get("/", "X-No-Login") == http.StatusOK }

func Test_in_Chromium_a_person_sees_where_they_are_logged_in_and_ends_it(t *testing.T) {
	w := newWorld(t)
	e := w.placed(t, "  mode: observe\n")
	onPhone, onTablet, onLaptop := visit(t, e, "london", phone), visit(t, e, "sao-paulo", tablet), visit(t, e, "tokyo", laptop)
	w.idp.AutoLogin("bob")
	bob := visit(t, e, "berlin", laptop)
	w.idp.AutoLogin("alice")
	tab := browser.Start(t).NewTab()
	tab.Send(map[string]string{"X-Forwarded-For": address(t, "berlin")})
	tab.Open(e.URL + "/")
	tab.Click("#sessions")
	text := tab.Text("ul.sessions")
	for _, want := range []string{"Chrome 142 on Android", "London, GB", "Safari 18 on iOS 18", "São Paulo, BR", "Firefox 140 on Windows 10", "Tokyo, JP", "This browser", "Berlin, DE"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q:\n%s", want, text)
		}
	}
	showAll(t, tab, e, []shot{{"sessions", "/.edgeauth/sessions", 200}})

	tab.Click(`button[aria-label*="Android"]`)
	within(t, tab, ".notice", "The session has been ended.")
	tab.Screenshot("ended-one")
	if onPhone.isIn() || !onTablet.isIn() || !onLaptop.isIn() {
		t.Errorf("logged in: phone %v, tablet %v, laptop %v", onPhone.isIn(), onTablet.isIn(), onLaptop.isIn())
	}
	tab.Click(`button[value="others"]`)
	within(t, tab, ".notice", "2 sessions have been ended.")
	if onTablet.isIn() || onLaptop.isIn() || !bob.isIn() {
		t.Errorf("logged in: tablet %v, laptop %v, bob %v", onTablet.isIn(), onLaptop.isIn(), bob.isIn())
	}
	again := visit(t, e, "tokyo", laptop)
	tab.Open(e.URL + "/.edgeauth/sessions")
	tab.Click(`button[value="all"]`)
	tab.WaitURL("^" + e.URL + `/\.edgeauth/logged-out\?state=`)
	if again.isIn() || !bob.isIn() {
		t.Errorf("logged in: laptop %v, bob %v", again.isIn(), bob.isIn())
	}
	if n := len(e.Events("session_ended")); n != 3 || len(e.Events("logout_everywhere")) != 1 {
		t.Errorf("%d and %d events", n, len(e.Events("logout_everywhere")))
	}
	if n, _ := e.Metric(`edgeauth_session_records_total{outcome="written"}`); n != 6 {
		t.Errorf("%v records were written", n)
	}
}

func Test_in_Chromium_who_has_something_left_to_prove_sees_no_places_and_can_end_the_thief(t *testing.T) {
	w := newWorld(t)
	e := w.placed(t, "")
	tab := browser.Start(t).NewTab()
	tab.Send(map[string]string{"X-Forwarded-For": address(t, "berlin")})
	tab.Open(e.URL + "/")
	known := newTraveller(t, e)
	for range 3 {
		known.login("berlin")
	}
	thief := visit(t, e, "tokyo", laptop)
	if n := len(e.Events("level_raised")); n == 0 {
		t.Fatal("the visit from far away raised nothing, so nothing is shown")
	}
	showAll(t, tab, e, []shot{{"sessions-unproven", "/.edgeauth/sessions", 200}})
	text := tab.Text("main")
	if strings.Contains(text, "Tokyo") || !strings.Contains(text, "Place not shown") || !strings.Contains(text, "Security level: ") || !strings.Contains(text, "Berlin") {
		t.Errorf("the page shows\n%s", text)
	}
	tab.Click(`button[aria-label*="Windows"]`)
	within(t, tab, ".notice", "The session has been ended.")
	if thief.isIn() {
		t.Error("the thief goes on")
	}
}

// The list of one edge is that of all, and so is what is ended from it.
func Test_a_session_that_began_on_one_edge_is_listed_and_ended_on_another(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 2, "")
	one := f.login()
	f.on(1)
	two := f.login()
	if p := two.Ask(f.origin + "/.edgeauth/sessions"); strings.Count(p.Body, "<li>") != 2 {
		t.Fatalf("the list:\n%s", p.Body)
	}
	copied := f.thief(one)
	wantPage(t, two.Post(f.origin+"/.edgeauth/sessions", url.Values{"end": {"others"}}))
	f.wantRefused("ended from the list", copied, 0, 1)
	f.wantAdmitted("the other's end", two, 0, 1)
	f.redis.Kill()
	f.on(0)
	if p := two.Ask(f.origin + "/.edgeauth/sessions"); p.Status != http.StatusOK || !strings.Contains(p.Body, "cannot be shown right now") {
		t.Errorf("without Redis: %d\n%s", p.Status, p.Body)
	}
}
