package factor_test

import (
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/internal/idp/factor"
)

// secret is that of RFC 6238, appendix B.
const secret = "12345678901234567890"

func TestCodesAreTheLastSixDigitsOfThoseInTheRFC(t *testing.T) {
	for at, want := range map[int64]string{59: "287082", 1111111109: "081804", 1111111111: "050471",
		1234567890: "005924", 2000000000: "279037", 20000000000: "353130"} {
		if got := factor.TOTP(secret, time.Unix(at, 0)); got != want {
			t.Errorf("at %d: %s, want %s", at, got, want)
		}
	}
}

func TestACodeIsValidForOneStepBeforeAndAfterItsOwn(t *testing.T) {
	now := time.Unix(1111111109, 0)
	for steps, want := range map[time.Duration]bool{-2: false, -1: true, 0: true, 1: true, 2: false} {
		code := factor.TOTP(secret, now.Add(30*steps*time.Second))
		if got := factor.ValidTOTP(secret, code, now); got != want {
			t.Errorf("a code of %d steps away: valid is %v", steps, got)
		}
	}
	for _, wrong := range []string{"", "81804", "0818040", "O81804"} {
		if factor.ValidTOTP(secret, wrong, now) {
			t.Errorf("%q is valid", wrong)
		}
	}
}
