package policy_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/edgeauth/edgeauth/policy"
)

func asking(groups []string, claims ...string) *policy.Route {
	r := &policy.Route{Groups: groups}
	for _, c := range claims {
		r.Claims = append(r.Claims, policy.ClaimRule{Name: c, Values: []string{"v"}})
	}
	return r
}

func TestTheSelectionIsWhatTheRoutesAskAbout(t *testing.T) {
	groups, claims, sel := policy.Select([]*policy.Route{asking([]string{"b", "a"}, "z"), asking([]string{"a", "c"}, "y", "z")})
	if !cmp.Equal(groups, []string{"a", "b", "c"}) || !cmp.Equal(claims, []string{"y", "z"}) {
		t.Errorf("groups %q, claims %q", groups, claims)
	}
	if _, _, again := policy.Select([]*policy.Route{asking([]string{"c", "b", "a"}, "y"), asking(nil, "z")}); again != sel {
		t.Error("the order and the distribution over routes matter")
	}
	other := asking([]string{"a", "b", "c"}, "y", "z")
	other.Claims[0].Values, other.Emails, other.Issuer = []string{"w"}, []string{"*@corp.test"}, "https://idp.test"
	if _, _, again := policy.Select([]*policy.Route{other}); again != sel {
		t.Error("values, addresses or providers matter, though sessions carry all of them")
	}
}

func TestDifferentSelectionsHaveDifferentNames(t *testing.T) {
	seen := map[policy.Selection]int{}
	for i, r := range []*policy.Route{
		asking(nil), asking([]string{"a"}), asking(nil, "a"), asking([]string{"a"}, "b"), asking([]string{"a", "b"}), asking(nil, "a", "b"),
		asking([]string{"ab"}), asking([]string{"b"}, "a"), asking([]string{"\x00"}), asking(nil, "\x00"), asking([]string{"\x00"}, "\x00"),
		asking([]string{"1", "a"}), asking([]string{"1"}, "a"), asking([]string{""}), asking(nil, ""), asking([]string{"", "0"}),
	} {
		_, _, sel := policy.Select([]*policy.Route{r})
		if j, taken := seen[sel]; taken {
			t.Errorf("selections %d and %d have one name", j, i)
		}
		seen[sel] = i
	}
}
