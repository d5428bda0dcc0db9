package policy_test

import (
	"testing"

	"github.com/edgeauth/edgeauth/policy"
)

func TestEmailAddressesMatchAsWholeOrByDomain(t *testing.T) {
	for _, c := range []struct {
		rule, email string
		want        bool
	}{
		{"alice@corp.test", "alice@corp.test", true},
		{"Alice@Corp.test", "aLICE@corp.TEST", true},
		{"*@corp.test", "bob@corp.test", true},
		{"*@CORP.test", "bob@Corp.Test", true},
		{"*@corp.test", `"quoted name"@corp.test`, true},
		{"*@corp.test", "a+b@corp.test", true},
		{"*@corp.test", "ünal@corp.test", true},
		{"*@bücher.test", "a@bücher.test", true},
		{"ünal@corp.test", "ünal@CORP.test", true},

		{"alice@corp.test", "bob@corp.test", false},
		{"alice@corp.test", "alice@corp.test.evil.test", false},
		{"*@corp.test", "a@sub.corp.test", false},
		{"*@corp.test", "a@evilcorp.test", false},
		{"*@corp.test", "a@corp.test.", false},
		{"*@corp.test", "a@corp.test ", false},
		{"*@corp.test", "a@corp.test\x00", false},
		{"*@corp.test", "a@evil.test@corp.test", false},
		{"*@corp.test", "a@corp.test@evil.test", false},
		{"*@corp.test", `"a@evil.test"@corp.test`, false},
		{"*@corp.test", "a@@corp.test", false},
		{"*@corp.test", "a\uff20evil.test@corp.test", false}, // becomes @ by NFKC
		{"*@corp.test", "a\ufe6bevil.test@corp.test", false},
		{"*@corp.test", "a\uff20corp.test", false},
		{"*@corp.test", "@corp.test", false},
		{"*@corp.test", "corp.test", false},
		{"*@corp.test", "", false},
		{"*@corp.test", "a@corp。test", false},
		{"*@corp.test", "a@cоrp.test", false}, // the second letter is Cyrillic
		{"*@corp.test", "a@xn--crp-1ld.test", false},
		{"*@bank.test", "a@ban\u212a.test", false},         // the Kelvin sign folds to k
		{"alice@corp.test", "alice@corp.te\u017ft", false}, // the long s folds to s
		{"jess@corp.test", "je\u017f\u017f@corp.test", false},
		{"ÜNAL@corp.test", "ünal@corp.test", false},
		{"*@", "a@", false},
		{"*@", "a@corp.test", false},
		{"*", "a@corp.test", false},
		{"*", "*", false},
		{"", "", false},
		{"", "a@corp.test", false},
		{"*@*", "a@corp.test", false},
		{"a*@corp.test", "alice@corp.test", false},
		{"@corp.test", "a@corp.test", false},
		{"*@a@b.test", "x@a@b.test", false},
		{"a@b@c.test", "a@b@c.test", false},
	} {
		w := permitted()
		w.route.Emails, w.session.Email = []string{"nobody@nowhere.test", c.rule}, c.email
		want := policy.Permitted
		if !c.want {
			want = policy.EmailMismatch
		}
		if got := w.admit(); got.Reason != want {
			t.Errorf("rule %q, address %q: %s, want %s", c.rule, c.email, got.Reason, want)
		}
	}
}
