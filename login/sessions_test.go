package login_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/audit"
	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/session"
)

const mine = "/.edgeauth/sessions"

// sessionsJSON is what a program of the origin reads.
type sessionsJSON struct {
	Sessions []struct {
		Session string
		Current bool
		Browser string
		City    string
		Level   string
		Reasons []string
	}
	Complete     bool
	PlacesHidden bool   `json:"places_hidden"`
	ConfirmURL   string `json:"confirm_url"`
	Ended        []string
	Delivery     string
	Detail       string
	Next         string
}

// fetch asks as a script of the origin does.
func (c *browser) fetch(method string, form url.Values) (p page, got sessionsJSON) {
	c.t.Helper()
	p = c.send(method, mine, form, "Sec-Fetch-Mode", "same-origin", "Sec-Fetch-Site", "same-origin", "Accept", "*/*")
	if p.Header.Get("Content-Type") == "application/json" {
		if err := json.Unmarshal([]byte(p.body), &got); err != nil {
			c.t.Fatalf("%v in %s", err, p.body)
		}
	}
	return p, got
}

// end presses a button of the page.
func (c *browser) end(what string) page {
	c.t.Helper()
	return c.post(mine, url.Values{"end": {what}}, "Sec-Fetch-Site", "same-origin", "Origin", c.edge.URL)
}

// called says which program a browser is.
func (b *bed) called(agent string) *browser {
	c := b.browser()
	c.client.Transport = agentTransport{c.client.Transport, agent}
	return c
}

type agentTransport struct {
	http.RoundTripper
	agent string
}

func (a agentTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("User-Agent", a.agent)
	return a.RoundTripper.RoundTrip(r)
}

// names are the families that a browser is shown, its own first.
func (c *browser) names() (out []string) {
	c.t.Helper()
	p, got := c.fetch(http.MethodGet, nil)
	if p.StatusCode != http.StatusOK {
		c.t.Fatalf("answered %d:\n%s", p.StatusCode, p.body)
	}
	for i, s := range got.Sessions {
		if s.Current != (i == 0) {
			c.t.Errorf("session %d of %d says that it is this one: %v", i, len(got.Sessions), s.Current)
		}
		out = append(out, s.Session)
	}
	return out
}

func (c *browser) family() string { return c.held().Family.String() }

func TestAPersonSeesTheirSessionsAndNobodyElses(t *testing.T) {
	b := open(t)
	one, two, bob := b.called("Firefox 140 on Windows 10"), b.called(`<b>"Safari on '&iPhone`), b.browser()
	one.login("/x")
	two.login("/x")
	b.idp.AutoLogin("bob")
	bob.login("/x")
	if got := one.names(); !slices.Equal(got, []string{one.family(), two.family()}) {
		t.Errorf("alice sees %v", got)
	}
	if got := bob.names(); !slices.Equal(got, []string{bob.family()}) {
		t.Errorf("bob sees %v", got)
	}
	p := one.get(mine)
	for _, text := range []string{"Firefox 140 on Windows 10", "This browser", "Berlin, DE", "Example Net", "203.0.113.0/24", "&lt;b&gt;&#34;Safari on &#39;&amp;iPhone",
		"End all others", "Log out everywhere", `value="` + two.family() + `"`, "Last seen just now"} {
		if !strings.Contains(p.body, text) {
			t.Errorf("the page lacks %q:\n%s", text, p.body)
		}
	}
	if strings.Contains(p.body, `value="`+one.family()+`"`) || strings.Contains(p.body, "<script") {
		t.Errorf("the page has a button for itself, or a script:\n%s", p.body)
	}
	csp := p.Header.Get("Content-Security-Policy")
	if !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "form-action 'self' "+b.idp.Issuer()) || strings.Contains(csp, "unsafe") ||
		p.Header.Get("Referrer-Policy") != "same-origin" || p.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("the page's header: %v", p.Header)
	}
}

func TestWhoIsNotLoggedInIsAskedToAndComesBack(t *testing.T) {
	b := open(t)
	c := b.browser()
	if p := c.follow(c.get(mine)); p.StatusCode != http.StatusOK || p.Request.URL.Path != mine || !strings.Contains(p.body, "This browser") {
		t.Errorf("it ended at %s with %d", p.Request.URL, p.StatusCode)
	}
	stranger := b.browser()
	if p, _ := stranger.fetch(http.MethodGet, nil); p.StatusCode != http.StatusUnauthorized || p.Header.Get("Location") != "" || !strings.Contains(p.body, "login_url") {
		t.Errorf("a script is answered %d: %s", p.StatusCode, p.body)
	}
	if p := stranger.end("all"); p.StatusCode != http.StatusUnauthorized {
		t.Errorf("a form is answered %d: %s", p.StatusCode, p.body)
	}
}

func TestOneSessionIsEndedAndTheOthersLive(t *testing.T) {
	b := open(t)
	one, two, three := b.browser(), b.browser(), b.browser()
	for _, c := range []*browser{one, two, three} {
		c.login("/x")
	}
	p := one.end(two.family())
	if p.StatusCode != http.StatusOK || !strings.Contains(p.body, "The session has been ended. Whoever is still logged in at the login service there") || strings.Contains(p.body, two.family()) {
		t.Errorf("answered %d:\n%s", p.StatusCode, p.body)
	}
	if two.alive() || !one.alive() || !three.alive() {
		t.Errorf("alive: %v, %v, %v", one.alive(), two.alive(), three.alive())
	}
	if got := one.names(); len(got) != 2 || slices.Contains(got, two.family()) {
		t.Errorf("the list is %v", got)
	}
	if log := b.events.String(); b.events.of(audit.SessionEnded) != 1 || !strings.Contains(log, "session="+two.family()) ||
		!strings.Contains(log, `detail="from session `+one.family()+"; "+audit.ProviderGoesOn) {
		t.Errorf("the audit log does not tell who ended what:\n%s", log)
	}
	if p := one.end(two.family()); p.StatusCode != http.StatusNotFound {
		t.Errorf("the second time: %d", p.StatusCode)
	}
}

func TestAllOthersAreEndedAndThisOneGoesOn(t *testing.T) {
	b := open(t)
	one, two, three := b.browser(), b.browser(), b.browser()
	for _, c := range []*browser{two, one, three} {
		c.login("/x")
	}
	p, got := one.fetch(http.MethodPost, url.Values{"end": {"others"}})
	want := []string{two.family(), three.family()}
	slices.Sort(got.Ended)
	slices.Sort(want)
	if p.StatusCode != http.StatusOK || !slices.Equal(got.Ended, want) || got.Delivery != "delivered" || len(got.Sessions) != 1 {
		t.Errorf("answered %d: %s", p.StatusCode, p.body)
	}
	if two.alive() || three.alive() || !one.alive() {
		t.Errorf("alive: %v, %v, %v", one.alive(), two.alive(), three.alive())
	}
	if p := one.end("others"); p.StatusCode != http.StatusOK || !strings.Contains(p.body, "nothing left to end") {
		t.Errorf("the second time: %d\n%s", p.StatusCode, p.body)
	}
}

func TestALogoutEverywhereEndsWhatTheIndexDoesNotKnowToo(t *testing.T) {
	b := open(t)
	one, two, bob := b.browser(), b.browser(), b.browser()
	one.login("/x")
	two.login("/x")
	b.idp.AutoLogin("bob")
	bob.login("/x")
	b.shop.rolls.tables = nil
	p := one.end("all")
	to, err := url.Parse(p.to())
	if err != nil || to.Path != "/end_session" || to.Query().Get("id_token_hint") == "" || one.cookie("edgeauth") != "" {
		t.Errorf("answered %d to %q, cookie %q", p.StatusCode, p.to(), one.cookie("edgeauth"))
	}
	if two.alive() || !bob.alive() {
		t.Errorf("alice's other session lives: %v, bob's: %v", two.alive(), bob.alive())
	}
	if b.events.of(audit.LogoutEverywhere) != 1 || !strings.Contains(b.events.String(), `detail="of other browsers, `+audit.ProviderGoesOn) {
		t.Errorf("%d events, of which none says what goes on:\n%s", b.events.of(audit.LogoutEverywhere), b.events)
	}
	b.idp.AutoLogin("alice")
	two.login("/x")
}

func TestNobodyEndsAnothersSession(t *testing.T) {
	b := open(t)
	alice, bob := b.browser(), b.browser()
	alice.login("/x")
	b.idp.AutoLogin("bob")
	bob.login("/x")
	for _, name := range []string{bob.family(), "nonsense", strings.Repeat("A", 22), "OTHERS", "*"} {
		if p := alice.end(name); p.StatusCode != http.StatusNotFound {
			t.Errorf("%q: answered %d", name, p.StatusCode)
		}
	}
	if !bob.alive() || !alice.alive() {
		t.Error("somebody was logged out")
	}
}

func TestLO_16_NoOtherSiteEndsSessions(t *testing.T) {
	b := open(t)
	one, two := b.browser(), b.browser()
	one.login("/x")
	two.login("/x")
	form := url.Values{"end": {"all"}}
	for name, headers := range map[string][]string{
		"cross-site": {"Sec-Fetch-Site", "cross-site"}, "same-site": {"Sec-Fetch-Site", "same-site"}, "none": {"Sec-Fetch-Site", "none"},
		"foreign origin": {"Origin", "https://evil.test"}, "null origin": {"Origin", "null"}, "no word": nil, "referer": {"Referer", "https://evil.test/"},
		"a lie": {"Origin", b.edge.URL, "Sec-Fetch-Site", "cross-site"},
	} {
		if p := one.post(mine, form, headers...); p.StatusCode != http.StatusForbidden {
			t.Errorf("%s: answered %d", name, p.StatusCode)
		}
	}
	for name, p := range map[string]page{
		"query": one.get(mine + "?end=all"), "twice": one.post(mine, url.Values{"end": {"others", "all"}}, "Origin", b.edge.URL),
		"nothing": one.post(mine, nil, "Origin", b.edge.URL), "JSON": one.post(mine, form, "Origin", b.edge.URL, "Content-Type", "application/json"),
		"PUT": one.send(http.MethodPut, mine, form, "Origin", b.edge.URL), "query of a form": one.post(mine+"?end=all", nil, "Origin", b.edge.URL),
	} {
		want, other := map[string]int{"query": 200, "PUT": 405}[name] // a query is passed over
		if !other {
			want = 400
		}
		if p.StatusCode != want {
			t.Errorf("%s: answered %d, want %d", name, p.StatusCode, want)
		}
	}
	if !one.alive() || !two.alive() || len(b.shop.log.all()) != 0 {
		t.Error("something was ended")
	}
}

func TestASessionThatTheLogHasEndedIsNotListed(t *testing.T) {
	b := open(t)
	one, two := b.browser(), b.browser()
	one.login("/x")
	sid := b.idp.Sessions()[0].SID
	two.login("/x")
	if p := b.deliver(b.token(func(_, c map[string]any) { c["sid"] = sid })); p.StatusCode != http.StatusOK {
		t.Fatal(p.StatusCode)
	}
	if got := two.names(); !slices.Equal(got, []string{two.family()}) {
		t.Errorf("after a back-channel logout: %v", got)
	}
	old := two.family()
	two.follow(two.get("/.edgeauth/login?rd=/x"))
	if got := two.names(); !slices.Equal(got, []string{two.family()}) || two.family() == old {
		t.Errorf("after a login in its place: %v", got)
	}
}

func TestAStepUpIsTheSameSessionInTheList(t *testing.T) {
	b := open(t, leveled)
	c := b.browser()
	c.login("/open")
	before := c.names()
	b.raise("alice", identity.High, b.now())
	c.login("/sensitive/a")
	if got := c.names(); !slices.Equal(got, before) {
		t.Errorf("before %v, after %v", before, got)
	}
}

func TestWhoHasNotProvenTheirLevelSeesNoPlacesAndCanEndSessions(t *testing.T) {
	b := open(t, leveled)
	one, two := b.browser(), b.browser()
	one.login("/open")
	two.login("/open")
	b.raise("alice", identity.High, b.now())
	p := one.get(mine)
	_, got := one.fetch(http.MethodGet, nil)
	if !got.PlacesHidden || got.Sessions[0].City != "Berlin" || got.Sessions[1].City != "" || got.Sessions[1].Level != "high" ||
		strings.Count(p.body, "203.0.113.0/24") != 1 || !strings.Contains(p.body, "Place not shown") {
		t.Errorf("%+v\n%s", got, p.body)
	}
	if p := one.end(two.family()); p.StatusCode != http.StatusOK || two.alive() {
		t.Errorf("answered %d; the other lives: %v", p.StatusCode, two.alive())
	}
	two.login("/open")
	if p := one.follow(one.get(got.ConfirmURL)); p.Request.URL.Path != mine || strings.Contains(p.body, "Place not shown") {
		t.Errorf("confirmed, it ended at %s:\n%s", p.Request.URL, p.body)
	}
}

func TestALogThatIsTooOldHindersNobodyFromEndingSessions(t *testing.T) {
	b := open(t)
	one, two, three := b.browser(), b.browser(), b.browser()
	for _, c := range []*browser{one, two, three} {
		c.login("/x")
	}
	second, third := two.held(), three.held()
	b.opt.Staleness = func() time.Duration { return 2 * time.Hour }
	b.restart()
	if p := one.get(mine); p.StatusCode != http.StatusServiceUnavailable || p.Header.Get("Retry-After") == "" {
		t.Errorf("the list is answered %d", p.StatusCode)
	}
	ended := func(s *session.Session) bool {
		names := s.Bearer().Names()
		return b.opt.Log.Standing(&names).Revoked
	}
	if p := one.end(second.Family.String()); p.StatusCode != http.StatusOK || !ended(second) || ended(third) {
		t.Errorf("one other: answered %d; ended: %v, %v", p.StatusCode, ended(second), ended(third))
	}
	if p := one.end("all"); p.StatusCode != http.StatusSeeOther || !ended(third) {
		t.Errorf("everything: answered %d; ended: %v", p.StatusCode, ended(third))
	}
}

func TestTheListWhileTheStoreIsAwayIsHonest(t *testing.T) {
	b := open(t)
	far := open(t, func(s *setup) { s.shop = b.shop })
	one, two := b.browser(), b.browser()
	one.login("/x")
	two.login("/x")
	b.shop.away.Store(true)
	p := one.get(mine)
	_, got := one.fetch(http.MethodGet, nil)
	if p.StatusCode != http.StatusOK || !strings.Contains(p.body, "cannot be shown right now") || got.Complete || len(got.Sessions) != 1 || !got.Sessions[0].Current {
		t.Errorf("answered %d, %+v:\n%s", p.StatusCode, got, p.body)
	}
	for _, what := range []string{two.family(), "others"} {
		if p := one.end(what); p.StatusCode != http.StatusServiceUnavailable || p.Header.Get("Retry-After") == "" || !one.alive() || !two.alive() {
			t.Errorf("%s: answered %d", what, p.StatusCode)
		}
	}
	held := two.held()
	p, got = one.fetch(http.MethodPost, url.Values{"end": {"all"}})
	if p.StatusCode != http.StatusAccepted || got.Delivery != "in_memory" || got.Next == "" || one.cookie("edgeauth") != "" || two.alive() {
		t.Errorf("answered %d: %s; the other lives: %v", p.StatusCode, p.body, two.alive())
	}
	names := held.Bearer().Names()
	if far.opt.Log.Standing(&names).Revoked {
		t.Error("the other edge knows what the answer says it does not")
	}
}

func TestASessionThatWasEndedWhileTheStoreCannotTakeItIsSaidToBeEndedHere(t *testing.T) {
	b := open(t)
	one, two := b.browser(), b.browser()
	one.login("/x")
	two.login("/x")
	b.opt.Revoker = revocation.NewWriter(refusing{}, b.opt.Log.(*revocation.Replica), "here", func(int) {})
	b.restart()
	p := one.end(two.family())
	if p.StatusCode != http.StatusAccepted || !strings.Contains(p.body, "ended on this server") || two.alive() {
		t.Errorf("answered %d; it lives: %v\n%s", p.StatusCode, two.alive(), p.body)
	}
}

// refusing is a log that takes nothing.
type refusing struct{ revocation.Sink }

func (refusing) Append(context.Context, []revocation.Entry) error { return errAway }

func TestTheIndexFailsNoLoginStepUpOrLogout(t *testing.T) {
	b := open(t, leveled)
	b.shop.rolls.broken.Store(true)
	c := b.browser()
	c.login("/open")
	b.raise("alice", identity.High, b.now())
	c.login("/sensitive/a")
	if p := c.get(mine); p.StatusCode != http.StatusOK || !strings.Contains(p.body, "This browser") {
		t.Errorf("the list is answered %d:\n%s", p.StatusCode, p.body)
	}
	if p := c.logout(); p.to() == "" || c.cookie("edgeauth") != "" {
		t.Errorf("the logout is answered %d", p.StatusCode)
	}
}

func TestASessionThatTheIndexLostIsOnItAgainOnceItsOwnerLooks(t *testing.T) {
	b := open(t)
	c := b.called("Firefox 140 on Windows 10")
	c.login("/x")
	b.shop.rolls.empty()
	if p := c.get(mine); strings.Count(p.body, "Firefox 140 on Windows 10") != 1 || !strings.Contains(p.body, "Berlin, DE") {
		t.Errorf("the page does not know the browser:\n%s", p.body)
	}
	b.shop.rolls.broken.Store(true)
	if p := c.get(mine); strings.Count(p.body, "This browser") != 1 || !strings.Contains(p.body, "Browser and place are not known right now") {
		t.Errorf("without the index:\n%s", p.body)
	}
}

func TestALogoutByAScriptIsToldNotRedirected(t *testing.T) {
	b := open(t)
	c := b.browser()
	c.login("/x")
	p := c.send(http.MethodPost, "/.edgeauth/logout", nil, "Sec-Fetch-Mode", "same-origin", "Sec-Fetch-Site", "same-origin", "Accept", "*/*")
	var got sessionsJSON
	if err := json.Unmarshal([]byte(p.body), &got); err != nil || p.StatusCode != http.StatusOK || got.Delivery != "delivered" ||
		!strings.HasPrefix(got.Next, b.idp.Issuer()+"/end_session?") || c.cookie("edgeauth") != "" {
		t.Errorf("answered %d: %s (%v)", p.StatusCode, p.body, err)
	}
}

func TestMeTellsWhereTheSessionsAre(t *testing.T) {
	b := open(t)
	c := b.browser()
	c.login("/x")
	for _, at := range []string{"/.edgeauth/me", "/.edgeauth/logout"} {
		if p := c.get(at); !regexp.MustCompile(`"` + mine + `"`).MatchString(p.body) {
			t.Errorf("%s does not:\n%s", at, p.body)
		}
	}
}
