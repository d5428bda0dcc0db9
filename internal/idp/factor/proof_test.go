package factor_test

import (
	"testing"

	"github.com/edgeauth/edgeauth/internal/idp/factor"
)

var (
	withCodes   = factor.Ladder{{"pwd", pwd}, {"mfa", otp}}
	withFingers = factor.Ladder{{"pwd", pwd}, {"bio", bio}}
)

func TestACodeIsNoFingerprintUnlessLevelsAreMereNumbers(t *testing.T) {
	for numbers, want := range map[bool]string{false: "pwd pwd,otp 0", true: "bio pwd,otp 0"} {
		p := factor.Proof{Numbers: numbers}
		p.Add(factor.Event{Factor: pwd, At: start}, withCodes)
		p.Add(factor.Event{Factor: otp, At: start}, withCodes)
		if got := text(p.Strongest(withFingers)); got != want {
			t.Errorf("numbers %v: %q, want %q", numbers, got, want)
		}
	}
}

func TestEnrollingReachesTheContextAndProvesThePasswordAlone(t *testing.T) {
	p := proven(pwd)
	p.Add(factor.Event{Factor: bio, At: start.Add(minute), Enrolled: true}, factor.Usual())
	if got := text(p.Strongest(factor.Usual())); got != "bio pwd 1" {
		t.Errorf("after enrolling: %q", got)
	}
	p.Add(factor.Event{Factor: bio, At: start.Add(2 * minute)}, factor.Usual())
	if got := text(p.Strongest(factor.Usual())); got != "bio pwd,hwk 2" {
		t.Errorf("after the first touch: %q", got)
	}
}

func TestTheLastAuthenticationIsTheLatestWhateverItWas(t *testing.T) {
	if got := proven(pwd, bio, otp).Last(); !got.Equal(start.Add(2 * minute)) {
		t.Errorf("last at %v", got)
	}
	if got := (factor.Proof{}).Last(); !got.IsZero() {
		t.Errorf("nothing was proven at %v", got)
	}
}
