package main

import (
	"strconv"
	"testing"
	"time"
)

func TestDifferencesThatAreAlikeAreToldOnceAMinute(t *testing.T) {
	l := tellings{last: map[telling]time.Time{}}
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	one, other := telling{kind: "request", live: "allow", candidate: "deny"}, telling{kind: "request", live: "allow", candidate: "login"}
	for i, row := range []struct {
		what  telling
		after time.Duration
		want  bool
	}{{one, 0, true}, {one, 0, false}, {other, 0, true}, {one, tellAgain - 1, false}, {one, 1, true}, {other, 0, true}, {one, tellAgain / 2, false}} {
		now = now.Add(row.after)
		if got := l.first(row.what, now); got != row.want {
			t.Errorf("row %d: %v", i, got)
		}
	}
}

func TestWhatIsRememberedOfDifferencesIsBounded(t *testing.T) {
	l := tellings{last: map[telling]time.Time{}}
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	told := 0
	for i := range 3 * mostTellings {
		if l.first(telling{reason: strconv.Itoa(i)}, now) {
			told++
		}
	}
	if told != mostTellings || len(l.last) != mostTellings {
		t.Errorf("%d told, %d remembered", told, len(l.last))
	}
	if !l.first(telling{reason: "later"}, now.Add(tellAgain)) || len(l.last) != 1 {
		t.Errorf("what is over was not forgotten: %d", len(l.last))
	}
}
