package policy_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/policy"
)

// shipped are levels like those of the defaults: each stricter one blocks more, bears less and ends sooner.
func shipped() policy.Levels {
	return policy.Levels{
		identity.Normal: {Rank: 0, MaxStaleness: 24 * time.Hour, Past: policy.PastAllow, Lifetime: 8 * time.Hour},
		identity.Elevated: {Rank: 1, MaxStaleness: time.Minute, Lifetime: time.Hour, Hold: 8 * time.Hour, Blocks: []string{"sensitive"},
			Proof: policy.Proof{ACR: []string{"mfa"}, AMR: []string{"otp", "sms"}}},
		identity.High: {Rank: 2, MaxStaleness: 5 * time.Second, Lifetime: 15 * time.Minute, Hold: 8 * time.Hour, Blocks: []string{"sensitive", "vault"},
			Proof: policy.Proof{ACR: []string{"bio"}, AMR: []string{"hwk", "face"}}},
	}
}

const skew = 5 * time.Second

// byPassword is a session whose login was an hour ago, and nobody raised.
func byPassword() *world {
	return &world{
		route: &policy.Route{Classes: []string{"sensitive"}, Levels: shipped()},
		session: &policy.Session{Issuer: issuer, Level: identity.Normal, Epoch: noon.Add(-time.Hour), IssuedAt: noon.Add(-time.Hour),
			IdleUntil: noon.Add(time.Hour), Expires: noon.Add(8 * time.Hour),
			Authentication: authentication("pwd", noon.Add(-time.Hour), "pwd")},
		standing: policy.Standing{Vouched: true},
		now:      noon,
	}
}

func authentication(acr string, at time.Time, amr ...string) policy.Authentication {
	return policy.Authentication{Assurance: identity.Assurance{ACR: acr, AMR: amr, AuthTime: at}, ClockSkew: skew}
}

func bio(at time.Time) policy.Authentication { return authentication("bio", at, "pwd", "hwk") }
func mfa(at time.Time) policy.Authentication { return authentication("mfa", at, "pwd", "otp") }

// raise adds a floor that the log keeps for 720 hours.
func (w *world) raise(level identity.Level, since time.Time) *world {
	w.standing.Floors = append(w.standing.Floors, policy.Floor{Level: level, Since: since, Until: since.Add(720 * time.Hour), Reason: "zones_" + string(level)})
	return w
}

func (w *world) wants(t *testing.T, what string, action policy.Action, reason policy.Reason) {
	t.Helper()
	if v := w.admit(); v.Action != action || v.Reason != reason || (v.Need != nil) != (action == policy.StepUp) {
		t.Errorf("%s: %v for %s, need %+v; want %v for %s", what, v.Action, v.Reason, v.Need, action, reason)
	}
}

func TestAFloorClosesWhatItsLevelBlocksAndNothingElse(t *testing.T) {
	raised := noon.Add(-time.Minute)
	for class, want := range map[string]struct {
		action policy.Action
		reason policy.Reason
	}{"sensitive": {policy.StepUp, policy.Raised}, "vault": {policy.StepUp, policy.Raised}, "open": {policy.Allow, policy.Permitted}} {
		w := byPassword().raise(identity.High, raised)
		w.route.Classes = []string{class}
		w.wants(t, class, want.action, want.reason)
	}
	w := byPassword().raise(identity.Elevated, raised)
	w.route.Classes = []string{"vault"}
	w.wants(t, "a class that the level does not name", policy.Allow, policy.Permitted)
	w.route.Classes = nil
	w.wants(t, "a route of no class", policy.Allow, policy.Permitted)
	w = byPassword().raise(identity.High, raised)
	w.route.Public = true
	if v := w.admit(); v.Action != policy.Allow || v.Identified {
		t.Errorf("a public route of a closed class: %+v, want it open to nobody in particular", v)
	}
}

func TestWhatIsNeededIsThatOfTheStrictestFloor(t *testing.T) {
	w := byPassword().raise(identity.Elevated, noon.Add(-time.Minute)).raise(identity.High, noon.Add(-2*time.Minute))
	want := policy.Verdict{Action: policy.StepUp, Reason: policy.Raised, Need: &policy.Need{
		Level: identity.High, Proof: w.route.Levels[identity.High].Proof, Since: noon.Add(-2 * time.Minute)}}
	if diff := cmp.Diff(want, w.admit()); diff != "" {
		t.Error(diff)
	}
}

func TestAFloorIsMetByAStrongerAndNewerAuthenticationAlone(t *testing.T) {
	since := noon.Add(-time.Minute)
	for name, c := range map[string]struct {
		proof policy.Authentication
		met   bool
	}{
		"acr and amr, just now":                  {bio(noon), true},
		"at the floor":                           {bio(since), true},
		"as early as precision and skew permit":  {bio(since.Add(-time.Second - skew)), true},
		"a moment earlier":                       {bio(since.Add(-time.Second - skew - 1)), false},
		"an hour before":                         {bio(noon.Add(-time.Hour)), false},
		"without auth_time":                      {bio(time.Time{}), false},
		"as far ahead as clocks may differ":      {bio(noon.Add(policy.MaxAhead)), true},
		"further ahead":                          {bio(noon.Add(policy.MaxAhead + 1)), false},
		"the acr without its amr":                {authentication("bio", noon, "pwd"), false},
		"the acr without any amr":                {authentication("bio", noon), false},
		"the amr without the acr":                {authentication("pwd", noon, "pwd", "hwk"), false},
		"a weaker level's":                       {mfa(noon), false},
		"acr in capitals":                        {authentication("BIO", noon, "hwk"), false},
		"an empty acr":                           {authentication("", noon, "hwk"), false},
		"the other amr that the level names":     {authentication("bio", noon, "face"), true},
		"enrolled at the very moment":            {enrolled(bio(noon), since), false},
		"enrolled a moment before":               {enrolled(bio(noon), since.Add(-1)), true},
		"enrolled later":                         {enrolled(bio(noon), noon), false},
		"enrolled after the authentication even": {enrolled(bio(since), noon), false},
	} {
		w := byPassword().raise(identity.High, since)
		w.session.Authentication = c.proof
		if c.met {
			w.wants(t, name, policy.Allow, policy.Permitted)
		} else {
			w.wants(t, name, policy.StepUp, policy.Raised)
		}
	}
}

func enrolled(a policy.Authentication, at time.Time) policy.Authentication {
	a.Enrolled = at
	return a
}

func TestALevelMayTakeANewAuthenticator(t *testing.T) {
	w := byPassword().raise(identity.High, noon.Add(-time.Minute))
	w.session.Authentication = enrolled(bio(noon), noon.Add(-time.Second))
	w.wants(t, "an authenticator enrolled after the floor", policy.StepUp, policy.Raised)
	rule := w.route.Levels[identity.High]
	rule.Proof.NewAuthenticator = true
	w.route.Levels[identity.High] = rule
	w.wants(t, "where it is permitted", policy.Allow, policy.Permitted)
	w.session.Authentication.AuthTime = noon.Add(-time.Hour)
	w.wants(t, "but it has to come after the floor", policy.StepUp, policy.Raised)
}

func TestAStricterLevelsProofProvesAWeakerLevel(t *testing.T) {
	w := byPassword().raise(identity.Elevated, noon.Add(-time.Minute))
	w.session.Authentication = bio(noon)
	w.wants(t, "a fingerprint where a code would do", policy.Allow, policy.Permitted)
	w.session.Authentication = bio(noon.Add(-time.Hour))
	w.wants(t, "but not an old one", policy.StepUp, policy.Raised)
	w.session.Authentication = enrolled(bio(noon), noon)
	w.wants(t, "nor a new authenticator", policy.StepUp, policy.Raised)

	w = byPassword().raise(identity.High, noon.Add(-time.Minute))
	w.session.Authentication = mfa(noon)
	w.wants(t, "a code where a fingerprint is needed", policy.StepUp, policy.Raised)
}

// Whoever had proven a strict level has not proven a weaker one that was asked for since.
func TestAProvenLevelDoesNotHideALaterFloorOfAWeakerOne(t *testing.T) {
	w := byPassword()
	w.session.Level, w.session.RaisedAt, w.session.Authentication = identity.High, noon.Add(-10*time.Minute), bio(noon.Add(-5*time.Minute))
	w.wants(t, "proven", policy.Allow, policy.Permitted)
	w.raise(identity.Elevated, noon.Add(-time.Minute))
	w.wants(t, "raised again, to a weaker level", policy.StepUp, policy.Raised)
	if v := w.admit(); v.Need.Level != identity.Elevated {
		t.Errorf("it needs %+v", v.Need)
	}
	w.route.Classes = []string{"vault"}
	w.wants(t, "a class that only the proven level names", policy.Allow, policy.Permitted)
	w.standing.Staleness = 6 * time.Second
	w.wants(t, "a log older than the session's own level bears", policy.Stale, policy.LogTooOld)
}

func TestAFloorSpeaksOfSessionsFromBeforeItForAsLongAsTheyLive(t *testing.T) {
	for name, c := range map[string]struct {
		login  time.Duration // after the floor
		passed time.Duration // since the floor
		closed bool
	}{
		"a session from before, long after the hold":     {-time.Hour, 100 * time.Hour, true},
		"a login at the same moment":                     {0, 100 * time.Hour, true},
		"a login within what clocks may differ":          {identity.MaxClockSkew, 100 * time.Hour, true},
		"a login after that, the hold being over":        {identity.MaxClockSkew + 1, 100 * time.Hour, false},
		"a login after that, within the hold":            {time.Hour, 8*time.Hour - 1, true},
		"at the end of the hold":                         {time.Hour, 8 * time.Hour, false},
		"a session from before, when the log forgets it": {-time.Hour, 720 * time.Hour, false},
		"just before that":                               {-time.Hour, 720*time.Hour - 1, true},
		"a floor that lies ahead of this edge's clock":   {-time.Hour, -30 * time.Second, true},
	} {
		w := byPassword()
		rule := w.route.Levels[identity.High]
		rule.Lifetime = 0
		w.route.Levels[identity.High] = rule
		since := noon.Add(-c.passed)
		w.session.Epoch = since.Add(c.login)
		w.raise(identity.High, since)
		if c.closed {
			w.wants(t, name, policy.StepUp, policy.Raised)
		} else {
			w.wants(t, name, policy.Allow, policy.Permitted)
		}
	}
}

func TestASessionThatDoesNotProveItsLevelEnds(t *testing.T) {
	since := noon.Add(-15 * time.Minute)
	w := byPassword().raise(identity.High, since.Add(1))
	w.route.Classes = nil
	w.wants(t, "just before the level's lifetime is over", policy.Allow, policy.Permitted)
	w = byPassword().raise(identity.High, since)
	w.route.Classes = nil
	w.wants(t, "after it", policy.Login, policy.RaisedTooLong)
	w.session.Authentication = bio(noon)
	w.wants(t, "proven", policy.Allow, policy.Permitted)

	w = byPassword().raise(identity.Elevated, noon.Add(-time.Hour)).raise(identity.High, noon.Add(-time.Minute))
	w.wants(t, "a stricter floor does not put off the end that a weaker one has set", policy.Login, policy.RaisedTooLong)

	w = byPassword()
	w.session.Level, w.session.RaisedAt = identity.High, since
	w.wants(t, "a level of the session's own", policy.Login, policy.RaisedTooLong)
}

// A login during the hold of a floor must not end at once because the floor is older than its lifetime: logging in again
// would not help, and proving more needs a session.
func TestALoginDuringTheHoldHasAsLongToProveAsThoseBefore(t *testing.T) {
	w := byPassword()
	login := noon.Add(-time.Minute)
	w.session.Level, w.session.RaisedAt = identity.High, noon.Add(-time.Hour) // of the floor
	w.session.Epoch, w.session.IssuedAt = login, login
	w.raise(identity.High, noon.Add(-time.Hour))
	w.route.Classes = nil
	w.wants(t, "an open route", policy.Allow, policy.Permitted)
	w.route.Classes = []string{"sensitive"}
	w.wants(t, "a closed one", policy.StepUp, policy.LevelUnproven)
	w.now = login.Add(15 * time.Minute)
	w.wants(t, "after the level's lifetime", policy.Login, policy.RaisedTooLong)
}

func TestTheStrictestLevelSaysHowOldTheLogMayBe(t *testing.T) {
	w := byPassword()
	w.standing.Staleness = 6 * time.Second
	w.wants(t, "normal", policy.Allow, policy.Permitted)
	w.raise(identity.High, noon.Add(-time.Minute))
	w.route.Classes = nil
	w.wants(t, "raised to high", policy.Stale, policy.LogTooOld)
	w.standing.Staleness = 5 * time.Second
	w.wants(t, "at the bound", policy.Allow, policy.Permitted)
	w.standing.Staleness = 6 * time.Second
	w.session.Authentication = bio(noon)
	w.wants(t, "once proven", policy.Allow, policy.Permitted)
}

func TestAFloorOfALevelThatNobodyKnowsCountsAsTheStrictest(t *testing.T) {
	w := byPassword().raise("paranoid", noon.Add(-time.Minute))
	w.route.Classes = []string{"vault"}
	w.wants(t, "by password", policy.StepUp, policy.Raised)
	if v := w.admit(); v.Need.Level != identity.High {
		t.Errorf("it needs %+v", v.Need)
	}
	w.session.Authentication = bio(noon)
	w.wants(t, "proven as the strictest wants it", policy.Allow, policy.Permitted)
}

func TestARouteAsksForProofByItself(t *testing.T) {
	for name, c := range map[string]struct {
		level  identity.Level
		proof  policy.Proof
		of     policy.Authentication
		reason policy.Reason
	}{
		"level by password":                  {identity.High, policy.Proof{}, authentication("pwd", noon, "pwd"), policy.RouteLevel},
		"level proven long ago":              {identity.High, policy.Proof{}, bio(noon.Add(-time.Hour)), policy.Permitted},
		"level proven at an unknown time":    {identity.High, policy.Proof{}, bio(time.Time{}), policy.Permitted},
		"a weaker level by a stricter proof": {identity.Elevated, policy.Proof{}, bio(noon), policy.Permitted},
		"a stricter level by a weaker proof": {identity.High, policy.Proof{}, mfa(noon), policy.RouteLevel},
		"a level that asks for nothing":      {identity.Normal, policy.Proof{}, policy.Authentication{}, policy.Permitted},
		"a level that nobody knows":          {"paranoid", policy.Proof{}, bio(noon), policy.RouteLevel},
		"max_age exactly":                    {"", policy.Proof{MaxAge: 5 * time.Minute}, mfa(noon.Add(-5 * time.Minute)), policy.Permitted},
		"max_age and a moment":               {"", policy.Proof{MaxAge: 5 * time.Minute}, mfa(noon.Add(-5*time.Minute - 1)), policy.RouteProof},
		"max_age without auth_time":          {"", policy.Proof{MaxAge: 5 * time.Minute}, mfa(time.Time{}), policy.RouteProof},
		"max_age from the future":            {"", policy.Proof{MaxAge: 5 * time.Minute}, mfa(noon.Add(policy.MaxAhead + 1)), policy.RouteProof},
		"acr":                                {"", policy.Proof{ACR: []string{"x", "mfa"}}, mfa(noon.Add(-time.Hour)), policy.Permitted},
		"another acr":                        {"", policy.Proof{ACR: []string{"x"}}, mfa(noon), policy.RouteProof},
		"amr":                                {"", policy.Proof{AMR: []string{"otp"}}, mfa(noon), policy.Permitted},
		"another amr":                        {"", policy.Proof{AMR: []string{"hwk"}}, mfa(noon), policy.RouteProof},
		"level and max_age, of which one":    {identity.Elevated, policy.Proof{MaxAge: time.Minute}, mfa(noon.Add(-time.Hour)), policy.RouteProof},
	} {
		w := byPassword()
		w.route.Level, w.route.Proof, w.session.Authentication = c.level, c.proof, c.of
		action := policy.StepUp
		if c.reason == policy.Permitted {
			action = policy.Allow
		}
		w.wants(t, name, action, c.reason)
	}
}

// What was proven before a session was raised may have been proven by somebody else than who has it now.
func TestARouteThatAsksForALevelTakesNoProofFromBeforeARaise(t *testing.T) {
	w := byPassword()
	w.route.Classes, w.route.Level = nil, identity.High
	w.session.Authentication = bio(noon.Add(-time.Hour))
	w.wants(t, "proven an hour ago", policy.Allow, policy.Permitted)
	for _, level := range []identity.Level{identity.Elevated, identity.High, "paranoid"} {
		raised := w.changed(func(c *world) { c.raise(level, noon.Add(-time.Minute)) })
		raised.wants(t, "raised since to "+string(level), policy.StepUp, policy.RouteLevel)
		if n := raised.admit().Need; n.Level != identity.High || !n.Since.Equal(noon.Add(-time.Minute)) {
			t.Errorf("it needs %+v", n)
		}
		raised.session.Authentication = bio(noon)
		raised.wants(t, "and proven since", policy.Allow, policy.Permitted)
		raised.session.Authentication = mfa(noon)
		raised.route.Level = identity.Normal
		raised.wants(t, "a level that asks for nothing", policy.Allow, policy.Permitted)
	}
}

func TestNobodyIsAskedToProveMoreForWhatTheyMayNotSee(t *testing.T) {
	w := byPassword().raise(identity.High, noon.Add(-time.Minute))
	w.route.Groups, w.route.Level, w.route.Proof = []string{"admin"}, identity.High, policy.Proof{MaxAge: time.Minute}
	w.wants(t, "in no group", policy.Deny, policy.GroupMissing)
}

func TestCoversAsksWhetherAFloorHoldsForALevelsWholeLife(t *testing.T) {
	since := noon
	w := byPassword().raise(identity.High, since)
	for name, c := range map[string]struct {
		level  identity.Level
		passed time.Duration
		want   bool
	}{
		"the same level at once":           {identity.High, 0, true},
		"as long as a session could last":  {identity.High, 8*time.Hour - 15*time.Minute - 1, true},
		"not that long any more":           {identity.High, 8*time.Hour - 15*time.Minute, false},
		"a weaker level, which lasts more": {identity.Elevated, 7*time.Hour - 1, true},
		"not that long":                    {identity.Elevated, 7 * time.Hour, false},
		"a level that nobody knows":        {"paranoid", time.Hour, true},
		"that, near the end":               {"paranoid", 8 * time.Hour, false},
	} {
		if got := w.route.Levels.Covers(&w.standing, c.level, since.Add(c.passed)); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	weaker := byPassword().raise(identity.Elevated, since)
	for _, level := range []identity.Level{identity.High, "paranoid"} {
		if weaker.route.Levels.Covers(&weaker.standing, level, since) {
			t.Errorf("a floor of a weaker level covers %s", level)
		}
	}
}

func TestLevelsAreOrderedAndUnknownOnesAreTheStrictest(t *testing.T) {
	l := shipped()
	for _, c := range []struct {
		a, b identity.Level
		want bool
	}{{identity.High, identity.Normal, true}, {identity.Normal, identity.High, false}, {identity.High, identity.High, false},
		{"paranoid", identity.High, true}, {identity.High, "paranoid", false}, {"", identity.Normal, true}} {
		if got := l.Stricter(c.a, c.b); got != c.want {
			t.Errorf("%q stricter than %q: %v", c.a, c.b, got)
		}
	}
	for level, want := range map[identity.Level]identity.Level{identity.Elevated: identity.Elevated, "paranoid": identity.High, "": identity.High, "HIGH": identity.High} {
		if got := l.Known(level); got != want {
			t.Errorf("%q counts as %q, want %q", level, got, want)
		}
	}
}

func TestAProofIsNamedByAllThatItAsks(t *testing.T) {
	seen := map[[4]byte]policy.Proof{}
	for _, p := range []policy.Proof{{}, {ACR: []string{"a"}}, {AMR: []string{"a"}}, {ACR: []string{"a", "b"}}, {ACR: []string{"ab"}}, {ACR: []string{"a"}, AMR: []string{"b"}},
		{MaxAge: time.Second}, {MaxAge: time.Minute}, {NewAuthenticator: true}, {ACR: []string{"b", "a"}}, {ACR: []string{"a"}, MaxAge: time.Second}} {
		if other, taken := seen[p.ID()]; taken {
			t.Errorf("%+v and %+v have one name", p, other)
		}
		seen[p.ID()] = p
		if again := (policy.Proof{ACR: slices.Clone(p.ACR), AMR: slices.Clone(p.AMR), MaxAge: p.MaxAge, NewAuthenticator: p.NewAuthenticator}); again.ID() != p.ID() {
			t.Errorf("%+v has two names", p)
		}
	}
}

func TestAnEnrolmentOnTheSpotIsTheAskedContextWithoutItsMethods(t *testing.T) {
	asked := policy.Proof{ACR: []string{"bio"}, AMR: []string{"hwk"}}
	for name, c := range map[string]struct {
		asked policy.Proof
		back  policy.Authentication
		want  bool
	}{
		"password alone, in this round":             {asked, authentication("bio", noon, "pwd"), true},
		"no amr at all":                             {asked, authentication("bio", noon), true},
		"password alone, silently":                  {asked, authentication("bio", noon.Add(-time.Hour), "pwd"), true},
		"something else, in this round":             {asked, authentication("bio", noon, "pwd", "otp"), true},
		"something else, silently":                  {asked, authentication("bio", noon.Add(-time.Hour), "pwd", "otp"), false},
		"something else, at an unknown time":        {asked, authentication("bio", time.Time{}, "pwd", "otp"), true},
		"silent by less than clocks tell":           {asked, authentication("bio", noon.Add(-time.Second-skew), "otp"), true},
		"silent by a moment more":                   {asked, authentication("bio", noon.Add(-time.Second-skew-1), "otp"), false},
		"what was asked":                            {asked, bio(noon), false},
		"another acr":                               {asked, authentication("pwd", noon, "pwd"), false},
		"no acr was asked":                          {policy.Proof{AMR: []string{"hwk"}}, authentication("bio", noon, "pwd"), false},
		"no amr goes with the acr, so nobody tells": {policy.Proof{ACR: []string{"bio"}}, authentication("bio", noon, "pwd"), false},
	} {
		if got := c.asked.EnrolledOnTheSpot(&c.back, noon); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestOfSeveralWeakestLevelsTheFirstByNameIsMeant(t *testing.T) {
	levels := policy.Levels{"c": {}, "a": {}, "b": {}, "d": {Rank: 1}}
	for range 50 { // the order of a map changes
		if got := levels.Weakest(); got != "a" {
			t.Fatalf("the weakest is %q", got)
		}
	}
}

func TestARaisedSessionHasTheIdleTimeOfThatLevelUntilItIsProven(t *testing.T) {
	raised := noon.Add(-9 * time.Minute)
	w := byPassword().raise(identity.High, raised)
	w.idle(map[identity.Level]time.Duration{identity.High: 10 * time.Minute})
	w.route.Classes = nil
	w.wants(t, "within it, from when it was raised", policy.Allow, policy.Permitted)
	w.now = raised.Add(10 * time.Minute)
	w.wants(t, "without a request for as long", policy.Login, policy.IdleTooLong)
	w.session.IssuedAt = raised.Add(time.Millisecond)
	w.wants(t, "renewed since", policy.Allow, policy.Permitted)
	w.session.IssuedAt, w.session.Authentication = raised.Add(-time.Hour), bio(raised)
	w.wants(t, "proven", policy.Allow, policy.Permitted)
}
