package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestASummaryShowsPackagesFailuresAndSkips(t *testing.T) {
	const events = `{"Action":"start","Package":"m/a"}
{"Action":"run","Package":"m/a","Test":"TestGood"}
{"Action":"output","Package":"m/a","Test":"TestGood","Output":"noise\n"}
{"Action":"pass","Package":"m/a","Test":"TestGood"}
{"Action":"run","Package":"m/a","Test":"TestAway"}
{"Action":"output","Package":"m/a","Test":"TestAway","Output":"=== RUN   TestAway\n"}
{"Action":"output","Package":"m/a","Test":"TestAway","Output":"    x_test.go:7: SKIPPED: needs redis-server: not on PATH\n"}
{"Action":"output","Package":"m/a","Test":"TestAway","Output":"--- SKIP: TestAway (0.00s)\n"}
{"Action":"skip","Package":"m/a","Test":"TestAway"}
{"Action":"pass","Package":"m/a","Elapsed":1.25}
{"Action":"skip","Package":"m/none"}
{"Action":"build-output","ImportPath":"m/b","Output":"b.go:1: broken\n"}
{"Action":"fail","Package":"m/b","Elapsed":0}
{"Action":"output","Package":"m/c","Test":"TestBad","Output":"    it is bad\n"}
{"Action":"fail","Package":"m/c","Test":"TestBad"}
{"Action":"output","Package":"m/c","Test":"TestHangs","Output":"panic: timeout\n"}
{"Action":"output","Package":"m/c","Output":"exit status 2\n"}
{"Action":"fail","Package":"m/c","Elapsed":3}
not json
`
	const want = `ok        1.2s  m/a
  -             m/none (no tests)
b.go:1: broken
FAIL      0.0s  m/b

m/c TestBad
    it is bad
exit status 2

m/c TestHangs (did not end)
panic: timeout
FAIL      3.0s  m/c
not json

1 tests passed, 1 failed in 2 packages, 1 skipped
  skipped: TestAway in m/a: needs redis-server: not on PATH
`
	var got strings.Builder
	summary := NewSummary(&got)
	if err := summary.Read(strings.NewReader(events)); err != nil {
		t.Fatal(err)
	}
	summary.Finish()
	if diff := cmp.Diff(want, got.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if summary.Passed() {
		t.Error("a run with failures passed")
	}
}

func TestARunWithoutAnyTestHasNotPassed(t *testing.T) {
	if NewSummary(&strings.Builder{}).Passed() {
		t.Error("nothing was tested, and it passed")
	}
}
