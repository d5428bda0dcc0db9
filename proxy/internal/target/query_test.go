package target_test

import (
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/edgeauth/edgeauth/proxy/internal/target"
)

func FuzzParameters(f *testing.F) {
	for _, q := range []string{"", "a=b", "a=b&a=c", "a", "=", "a=%20+%2b", "role=user&ROLE=admin", "a=%", "a=%zz", "%00", "a=\xff", "a;b", "r%C3%B6le=1", "&&a", "role[]=1", "a=b=c"} {
		f.Add(q)
	}
	f.Fuzz(func(t *testing.T, query string) {
		all, err := (target.Target{Query: query}).Parameters([]string{"role"}, 50)
		if err != nil {
			return
		}
		want, err := url.ParseQuery(query)
		if err == nil && !reflect.DeepEqual(map[string][]string(want), all) {
			t.Errorf("%q is %q, and %q to Go's own reader", query, all, want)
		}
		if err != nil && !strings.Contains(query, ";") {
			t.Errorf("%q is accepted as %q, and Go's own reader says %v", query, all, err)
		}
		if len(all["role"]) > 1 {
			t.Errorf("%q has the parameter twice: %q", query, all)
		}
		for name := range all {
			if name != "role" && strings.EqualFold(name, "role") {
				t.Errorf("%q has another spelling: %q", query, all)
			}
		}
	})
}

func TestParametersAreBounded(t *testing.T) {
	if _, err := (target.Target{Query: strings.Repeat("a&", 51)}).Parameters(nil, 50); err == nil {
		t.Error("51 were accepted")
	}
	if all, err := (target.Target{Query: strings.Repeat("a&", 50)}).Parameters(nil, 50); err != nil || len(all["a"]) != 50 {
		t.Errorf("%v, %v", all, err)
	}
}
