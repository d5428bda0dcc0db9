package factor_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/internal/idp/factor"
	"github.com/google/go-cmp/cmp"
)

const (
	pwd    = factor.Password
	otp    = factor.Code
	bio    = factor.Fingerprint
	minute = time.Minute // passes between two events
)

var start = time.Unix(1_700_000_000, 0)

func anything(factor.Factor) bool { return true }

// proven is the proof of these factors at the usual ladder, a minute apart.
func proven(factors ...factor.Factor) (p factor.Proof) {
	for i, f := range factors {
		p.Add(factor.Event{Factor: f, At: start.Add(time.Duration(i) * minute)}, factor.Usual())
	}
	return p
}

func demand(t *testing.T, query string) factor.Demand {
	t.Helper()
	q, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	d, err := factor.Parse(q, factor.Usual())
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestWhatIsMissingAndWhatIsAnswered(t *testing.T) {
	for name, c := range map[string]struct {
		query  string
		proven []factor.Factor // the last of them a minute ago
		ask    factor.Factor
		answer string // acr, amr, and the minute of auth_time
	}{
		"nothing is asked of nobody":              {"", nil, pwd, ""},
		"a password is enough where nothing is":   {"", []factor.Factor{pwd}, 0, "pwd pwd 0"},
		"the strongest is told unasked":           {"", []factor.Factor{pwd, bio, otp}, 0, "bio pwd,hwk 1"},
		"the password comes first":                {"acr_values=bio", nil, pwd, ""},
		"then the factor":                         {"acr_values=bio", []factor.Factor{pwd}, bio, ""},
		"a weaker factor is not enough":           {"acr_values=bio", []factor.Factor{pwd, otp}, bio, ""},
		"the same is":                             {"acr_values=bio", []factor.Factor{pwd, bio}, 0, "bio pwd,hwk 1"},
		"a stronger one is, and the methods tell": {"acr_values=mfa", []factor.Factor{pwd, bio}, 0, "mfa pwd,hwk 1"},
		"the latest counts":                       {"acr_values=mfa", []factor.Factor{pwd, bio, otp}, 0, "mfa pwd,otp 2"},
		"a password makes the rest void":          {"acr_values=bio", []factor.Factor{pwd, bio, pwd}, bio, ""},
		"the first known value counts":            {"acr_values=x+mfa+bio", []factor.Factor{pwd}, otp, ""},
		"unknown values are ignored":              {"acr_values=x+y", []factor.Factor{pwd}, 0, "pwd pwd 0"},
		"young enough":                            {"max_age=60", []factor.Factor{pwd}, 0, "pwd pwd 0"},
		"too old":                                 {"max_age=59", []factor.Factor{pwd}, pwd, ""},
		"the factor is too old":                   {"acr_values=bio&max_age=60", []factor.Factor{pwd, bio, otp}, bio, ""},
		"only the factor need be young":           {"acr_values=bio&max_age=60", []factor.Factor{pwd, bio}, 0, "bio pwd,hwk 1"},
		"what is too old is not told":             {"max_age=60", []factor.Factor{pwd, bio, otp}, 0, "mfa pwd,otp 2"},
		"claims ask too":                          {"claims=" + claims(`{"values":["bio"]}`), []factor.Factor{pwd}, bio, ""},
		"with one value":                          {"claims=" + claims(`{"essential":true,"value":"mfa"}`), []factor.Factor{pwd}, otp, ""},
		"and come before acr_values":              {"acr_values=mfa&claims=" + claims(`{"values":["bio"]}`), []factor.Factor{pwd}, bio, ""},
		"essential without a value is any":        {"claims=" + claims(`{"essential":true}`), []factor.Factor{pwd}, 0, "pwd pwd 0"},
		"null is any":                             {"claims=" + claims(`null`), []factor.Factor{pwd}, 0, "pwd pwd 0"},
	} {
		now := start.Add(time.Duration(len(c.proven)) * minute)
		ev, ask, err := demand(t, c.query).Missing(proven(c.proven...), anything, now)
		if err != nil || ask != c.ask || text(ev) != c.answer {
			t.Errorf("%s: ask %v, answer %q, %v; want %v, %q", name, ask, text(ev), err, c.ask, c.answer)
		}
	}
}

func claims(acr string) string {
	return url.QueryEscape(`{"id_token":{"acr":` + acr + `,"auth_time":null}}`)
}

func text(ev factor.Evidence) string {
	if ev.ACR == "" {
		return ""
	}
	m := string('0' + rune(ev.At.Sub(start)/minute))
	return ev.ACR + " " + strings.Join(ev.Methods, ",") + " " + m
}

func TestAnEssentialContextThatCannotBeReachedIsAnError(t *testing.T) {
	q := url.Values{"claims": {`{"id_token":{"acr":{"essential":true,"values":["x"]}}}`}, "acr_values": {"mfa"}}
	if _, err := factor.Parse(q, factor.Usual()); !errors.Is(err, factor.ErrUnmet) {
		t.Errorf("a context nobody knows: %v", err)
	}
	noCode := func(f factor.Factor) bool { return f != otp }
	essential := demand(t, "claims="+claims(`{"essential":true,"values":["mfa"]}`))
	if _, _, err := essential.Missing(proven(pwd), noCode, start); !errors.Is(err, factor.ErrUnmet) {
		t.Errorf("a context that this person can't prove: %v", err)
	}
	if ev, ask, err := demand(t, "acr_values=mfa").Missing(proven(pwd), noCode, start); err != nil || ask != 0 || ev.ACR != "pwd" {
		t.Errorf("the same as a wish: %v, %v, %v; want pwd", ev, ask, err)
	}
}

func TestParametersThatCannotBeReadAreErrors(t *testing.T) {
	for _, q := range []url.Values{{"max_age": {"-1"}}, {"max_age": {""}}, {"max_age": {"1.5"}}, {"claims": {"{"}}, {"claims": {"[]"}},
		{"claims": {`{"id_token":{"acr":{"values":"bio"}}}`}}} {
		if _, err := factor.Parse(q, factor.Usual()); !errors.Is(err, factor.ErrMalformed) {
			t.Errorf("%v: %v", q, err)
		}
	}
}

func TestOnlyALoginFromTheStartIsYoungerThanZeroSeconds(t *testing.T) {
	for query, want := range map[string]bool{"max_age=0": true, "prompt=login": true, "max_age=1": false, "prompt=none": false, "": false} {
		if got := demand(t, query).Anew; got != want {
			t.Errorf("%q: anew is %v", query, got)
		}
	}
}

func TestALadderBeginsWithThePasswordAndItsNamesAreUnique(t *testing.T) {
	for name, l := range map[string]factor.Ladder{"empty": {}, "no password": {{"mfa", otp}}, "twice": {{"a", pwd}, {"a", otp}},
		"nameless": {{"a", pwd}, {"", otp}}, "no factor": {{"a", pwd}, {ACR: "b"}}} {
		if l.Check() == nil {
			t.Errorf("%s: no error", name)
		}
	}
	l := factor.Ladder{{"urn:1", pwd}, {"urn:edgeauth:mfa", otp}}
	if diff := cmp.Diff([]string{"urn:1", "urn:edgeauth:mfa"}, l.Names()); diff != "" || l.Check() != nil {
		t.Errorf("%v %s", l.Check(), diff)
	}
}
