package revocation_test

import (
	"testing"

	"github.com/edgeauth/edgeauth/revocation"
)

// FuzzMerge holds the three laws of a join-semilattice, for which order, duplicates and late delivery cannot matter, and
// that a merge never takes anything back.
func FuzzMerge(f *testing.F) {
	f.Add(int64(1), int64(5), "eu", "logout", int64(1), int64(3), "us", "logout", int64(1), int64(5), "", "admin")
	f.Add(int64(0), int64(0), "", "", int64(-1), int64(1<<62), "é", "", int64(2), int64(2), "a", "b")
	f.Fuzz(func(t *testing.T, as, au int64, ar, aw string, bs, bu int64, br, bw string, cs, cu int64, cr, cw string) {
		value := func(since, until int64, region, reason string) revocation.Value {
			return revocation.Value{Since: revocation.Millis(since), Until: revocation.Millis(until), Region: region, Reason: reason, Actor: region + reason}
		}
		a, b, c := value(as, au, ar, aw), value(bs, bu, br, bw), value(cs, cu, cr, cw)
		ab := a.Merge(b)
		if ab != b.Merge(a) {
			t.Fatalf("not commutative: %+v, %+v", a, b)
		}
		if ab.Merge(c) != a.Merge(b.Merge(c)) {
			t.Fatalf("not associative: %+v, %+v, %+v", a, b, c)
		}
		if ab.Merge(b) != ab || ab.Merge(a) != ab || a.Merge(a) != a {
			t.Fatalf("not idempotent: %+v, %+v", a, b)
		}
		if ab.Since < max(a.Since, b.Since) || ab.Until < max(a.Until, b.Until) {
			t.Fatalf("%+v and %+v became %+v", a, b, ab)
		}
	})
}
