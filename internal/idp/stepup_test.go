package idp_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/internal/idp"
	"github.com/edgeauth/edgeauth/internal/idp/factor"
	"github.com/edgeauth/edgeauth/internal/idp/idptest"
	"github.com/google/go-cmp/cmp"
)

// stepper is a browser at a provider whose clock the test moves.
type stepper struct {
	*browser
	now time.Time
}

func openStepper(t *testing.T, opts ...func(*idp.Options)) *stepper {
	t.Helper()
	s := &stepper{now: time.Unix(1_800_000_000, 0)}
	s.browser = open(t, append(opts, func(o *idp.Options) { o.Now = func() time.Time { return s.now } })...)
	return s
}

// asks sends an authorization request and walks through the pages that must follow, a minute each.
func (s *stepper) asks(q url.Values, steps ...idptest.Step) *http.Response {
	s.t.Helper()
	resp, err := s.Get(s.idp.Issuer() + "/authorize?" + q.Encode())
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = resp.Body.Close() })
	for _, step := range steps {
		s.now = s.now.Add(time.Minute)
		resp = idptest.Walk(s.t, s.Client, resp, step)
	}
	return resp
}

// proof is acr, amr and the time of the last authentication as the ID token has them.
type proof struct {
	ACR  string
	AMR  string
	Time time.Time
}

// proves redeems the code of the answer.
func (s *stepper) proves(resp *http.Response) proof {
	s.t.Helper()
	status, tokens := s.redeem(s.redirected(resp, callback).Get("code"))
	if status != http.StatusOK {
		s.t.Fatalf("redeeming the code: status %d, %v", status, tokens)
	}
	return proofOf(s.t, tokens)
}

func proofOf(t *testing.T, tokens map[string]any) proof {
	t.Helper()
	claims := claimsOf(t, tokens)
	var amr []string
	for _, method := range claims["amr"].([]any) {
		amr = append(amr, method.(string))
	}
	return proof{claims["acr"].(string), strings.Join(amr, " "), time.Unix(int64(claims["auth_time"].(float64)), 0)}
}

func (s *stepper) expect(resp *http.Response, want proof) {
	s.t.Helper()
	if diff := cmp.Diff(want, s.proves(resp)); diff != "" {
		s.t.Errorf("(-want +got):\n%s", diff)
	}
}

func alice() idptest.Step { return idptest.Password("alice", "alice") }

func TestAStepUpAsksForWhatIsMissingAndIsSilentAfterwards(t *testing.T) {
	s := openStepper(t)
	s.expect(s.asks(request(), alice()), proof{"pwd", "pwd", s.now})
	s.expect(s.asks(request("acr_values", "mfa"), idptest.Code(idp.DemoCode)), proof{"mfa", "pwd otp", s.now})
	s.expect(s.asks(request("acr_values", "bio"), idptest.Touch()), proof{"bio", "pwd hwk", s.now})
	then := s.now
	s.now = s.now.Add(time.Hour)
	s.expect(s.asks(request("acr_values", "bio")), proof{"bio", "pwd hwk", then})
	s.expect(s.asks(request()), proof{"bio", "pwd hwk", then})
	s.expect(s.asks(request("acr_values", "bio", "max_age", "300"), idptest.Touch()), proof{"bio", "pwd hwk", s.now})
	if got := s.idp.Sessions(); len(got) != 1 || got[0].ACR != "bio" || !got[0].AuthTime.Equal(s.now) {
		t.Errorf("sessions %+v, want one with bio of this moment", got)
	}
}

func TestALoginMayNeedTwoPagesAtOnce(t *testing.T) {
	s := openStepper(t)
	s.expect(s.asks(request("acr_values", "bio", "max_age", "0"), alice(), idptest.Touch()), proof{"bio", "pwd hwk", s.now})
}

func TestPromptLoginAndMaxAgeZeroBeginFromThePassword(t *testing.T) {
	s := openStepper(t)
	s.asks(request("acr_values", "bio"), alice(), idptest.Touch())
	for _, c := range [][]string{{"prompt", "login"}, {"max_age", "0"}} {
		s.expect(s.asks(request(c...), alice()), proof{"pwd", "pwd", s.now})
		q := request(append(c, "acr_values", "mfa")...)
		s.expect(s.asks(q, alice(), idptest.Code(idp.DemoCode)), proof{"mfa", "pwd otp", s.now})
	}
}

func TestAOneTimeCodeIsThatOfTheUsersSecret(t *testing.T) {
	const secret = "alice-otp-secret-20-b"
	s := openStepper(t, func(o *idp.Options) {
		o.Contexts = factor.Ladder{{ACR: "pwd", Factor: factor.Password}, {ACR: "urn:edgeauth:mfa", Factor: factor.Code}}
		o.Users = []idp.User{{Name: "alice", Password: "alice", OTPSecret: secret}}
	})
	q := request("acr_values", "urn:edgeauth:mfa")
	stale := idptest.Code(factor.TOTP(secret, s.now.Add(-time.Hour)))
	resp := s.asks(q, alice(), stale)
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("a stale code: status %d, want the page again", resp.StatusCode)
	}
	resp = idptest.Walk(t, s.Client, resp, idptest.Code(factor.TOTP(secret, s.now)))
	s.expect(resp, proof{"urn:edgeauth:mfa", "pwd otp", s.now})
	if _, doc := s.get("/.well-known/openid-configuration", nil); !strings.Contains(doc, `"acr_values_supported":["pwd","urn:edgeauth:mfa"]`) {
		t.Errorf("the metadata lack the contexts: %s", doc)
	}
}

func TestWhoHasNoFingerprintEnrolsWithThePasswordAloneAndTheTokenSaysSo(t *testing.T) {
	s := openStepper(t)
	carol := idptest.Password("carol", "carol")
	s.expect(s.asks(request("acr_values", "bio"), carol, idptest.Enrol()), proof{"bio", "pwd", s.now})
	s.expect(s.asks(request("acr_values", "bio")), proof{"bio", "pwd", s.now})
	q := request("acr_values", "bio", "prompt", "login")
	s.expect(s.asks(q, carol, idptest.Touch()), proof{"bio", "pwd hwk", s.now})
}

func TestEveryPageCanBeCancelled(t *testing.T) {
	carol := idptest.Password("carol", "carol")
	for name, c := range map[string]struct {
		acr   string
		steps []idptest.Step
	}{
		"password":    {"pwd", nil},
		"code":        {"mfa", []idptest.Step{alice()}},
		"fingerprint": {"bio", []idptest.Step{alice()}},
		"enrolment":   {"bio", []idptest.Step{carol}},
	} {
		s := openStepper(t)
		resp := s.asks(request("acr_values", c.acr), append(c.steps, idptest.Cancel())...)
		got := s.redirected(resp, callback)
		if got.Get("error") != "access_denied" || got.Get("state") != "s t&te" || got.Get("iss") == "" || got.Has("code") {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestAnEnrolmentThatAnotherTabHasOvertakenAsksForTheFinger(t *testing.T) {
	s := openStepper(t)
	first := s.asks(request("acr_values", "bio"), idptest.Password("carol", "carol"))
	s.asks(request("acr_values", "bio"), idptest.Enrol())
	resp := idptest.Walk(t, s.Client, first, idptest.Enrol(), idptest.Touch())
	s.expect(resp, proof{"bio", "pwd hwk", s.now})
}

func TestAnEssentialContextIsReachedOrAnError(t *testing.T) {
	s := openStepper(t, func(o *idp.Options) { o.Users = append(o.Users, idp.User{Name: "dave", Password: "dave"}) })
	essential := func(acr string) url.Values {
		return request("acr_values", "pwd", "claims", `{"id_token":{"acr":{"essential":true,"values":["`+acr+`"]}}}`)
	}
	s.expect(s.asks(essential("mfa"), alice(), idptest.Code(idp.DemoCode)), proof{"mfa", "pwd otp", s.now})
	dave := another(t, s.idp)
	s.browser = dave
	for name, resp := range map[string]*http.Response{
		"nobody can":   s.asks(essential("x")),
		"dave can not": s.asks(essential("mfa"), idptest.Password("dave", "dave")),
	} {
		if got := s.redirected(resp, callback).Get("error"); got != "unmet_authentication_requirements" {
			t.Errorf("%s: error %q", name, got)
		}
	}
	s.expect(s.asks(request("acr_values", "mfa")), proof{"pwd", "pwd", s.now})
}

func TestPromptNoneIsNoStepUp(t *testing.T) {
	s := openStepper(t)
	s.asks(request(), alice())
	resp := s.asks(request("prompt", "none", "acr_values", "mfa"))
	if got := s.redirected(resp, callback).Get("error"); got != "login_required" {
		t.Errorf("error %q", got)
	}
}

func TestTheLoginFormNamesTheHintThenTheSessionButFirstWhatWasTyped(t *testing.T) {
	s := openStepper(t)
	named := func(resp *http.Response, want string) {
		t.Helper()
		if _, page := s.read(resp, nil); !strings.Contains(page, ` value="`+want+`" autocomplete="username"`) {
			t.Errorf("the form does not name %s:\n%s", want, page)
		}
	}
	hinted := request("prompt", "login", "login_hint", "bob")
	named(s.asks(hinted), "bob")
	named(s.asks(hinted, idptest.Password("alice", "x")), "alice")
	s.asks(request(), alice())
	named(s.asks(request("prompt", "login")), "alice")
	named(s.asks(hinted), "bob")
}

func TestAPageWithoutASessionStartsWithThePassword(t *testing.T) {
	s := openStepper(t)
	resp := s.asks(request("acr_values", "mfa"), alice())
	s.idp.EndAll(t.Context())
	resp = idptest.Walk(t, s.Client, resp, idptest.Code(idp.DemoCode), alice(), idptest.Code(idp.DemoCode))
	s.expect(resp, proof{"mfa", "pwd otp", s.now})
}

func TestTokensOfARefreshKeepWhatTheLoginProved(t *testing.T) {
	s := openStepper(t)
	_, tokens := s.redeem(s.redirected(s.asks(request(), alice()), callback).Get("code"))
	then := s.now
	s.asks(request("acr_values", "bio"), idptest.Touch())
	_, tokens = s.redeem("", "grant_type", "refresh_token", "refresh_token", tokens["refresh_token"].(string))
	if got, want := proofOf(t, tokens), (proof{"pwd", "pwd", then}); got != want {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestAccessTokensTellTheAuthenticationToo(t *testing.T) {
	s := openStepper(t)
	resp := s.asks(request("acr_values", "bio"), alice(), idptest.Touch())
	_, tokens := s.redeem(s.redirected(resp, callback).Get("code"))
	tokens["id_token"] = tokens["access_token"] // where proofOf looks
	if got, want := proofOf(t, tokens), (proof{"bio", "pwd hwk", s.now}); got != want {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestAutoLoginProvesWhatIsAskedFor(t *testing.T) {
	s := openStepper(t)
	s.idp.AutoLogin("carol")
	s.expect(s.asks(request("acr_values", "bio")), proof{"bio", "pwd", s.now})
	s.now = s.now.Add(time.Minute)
	s.expect(s.asks(request("acr_values", "bio", "max_age", "0")), proof{"bio", "pwd hwk", s.now})
	s.expect(s.asks(request("acr_values", "mfa", "prompt", "none")), proof{"mfa", "pwd hwk", s.now})
}

func TestLevelsLeakBetweenClientsOnlyWhereTheyAreNumbers(t *testing.T) {
	for leak, want := range map[bool]proof{false: {ACR: "bio", AMR: "pwd hwk"}, true: {ACR: "bio", AMR: "pwd otp"}} {
		s := openStepper(t, func(o *idp.Options) { o.LeakLevels = leak })
		s.idp.SetClient(idp.Client{ID: "edge-otp", RedirectURIs: []string{callback}, Contexts: factor.Ladder{
			{ACR: "pwd", Factor: factor.Password}, {ACR: "mfa", Factor: factor.Code}}})
		s.idp.SetClient(idp.Client{ID: "edge", Secret: "edge s%cret", RedirectURIs: []string{callback}, Contexts: factor.Ladder{
			{ACR: "pwd", Factor: factor.Password}, {ACR: "bio", Factor: factor.Fingerprint}}})
		s.asks(request("client_id", "edge-otp", "acr_values", "mfa"), alice(), idptest.Code(idp.DemoCode))
		var steps []idptest.Step
		if !leak {
			steps = append(steps, idptest.Touch())
		}
		got := s.proves(s.asks(request("acr_values", "bio"), steps...))
		if want.Time = s.now; got != want {
			t.Errorf("leak %v: %v, want %v", leak, got, want)
		}
	}
}

func TestContextsMustMakeSense(t *testing.T) {
	if _, err := idp.New(idp.Options{Contexts: factor.Ladder{{ACR: "mfa", Factor: factor.Code}}}); err == nil {
		t.Error("a ladder without the password is accepted")
	}
}
