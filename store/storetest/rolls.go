package storetest

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/edgeauth/edgeauth/store"
)

func enter(t *testing.T, s Subject, key, row, value string, keep int) {
	t.Helper()
	must(t, s.Enter(t.Context(), key, row, []byte(value), keep, time.Hour))
}

func requireRoll(t *testing.T, s Subject, key string, want map[string]string) {
	t.Helper()
	rows, err := s.Roll(t.Context(), key)
	must(t, err)
	if want == nil {
		want = map[string]string{}
	}
	if diff := cmp.Diff(want, texts(rows)); diff != "" {
		t.Errorf("%q (-want +got):\n%s", key, diff)
	}
}

func texts(rows map[string][]byte) map[string]string {
	out := map[string]string{}
	for row, value := range rows {
		out[row] = string(value)
	}
	return out
}

func rolls(t *testing.T, s Subject) {
	odd := map[string]string{"": "", "zero\x00byte": "\x00", "{brace}": "\xff\xfe 12 ", "7 ": strings.Repeat("\x00\x01\xff", 20_000)}
	for _, key := range []string{"", "zero\x00byte", "{brace}"} {
		requireRoll(t, s, key, nil)
		for row, value := range odd {
			enter(t, s, key, row, "earlier", 9)
			enter(t, s, key, row, value, 9)
		}
		requireRoll(t, s, key, odd)
	}
	for row := range odd {
		must(t, s.Strike(t.Context(), "", row))
		must(t, s.Strike(t.Context(), "", row))
	}
	requireRoll(t, s, "", nil)
	requireRoll(t, s, "{brace}", odd)
	enter(t, s, "", "anew", "v", 1)
	requireRoll(t, s, "", map[string]string{"anew": "v"})
}

func rowsEnd(t *testing.T, s Subject) {
	const short = 20 * time.Millisecond
	ends := func(row string, ttl time.Duration) { must(t, s.Enter(t.Context(), "k", row, []byte("v"), 9, ttl)) }
	ends("short", short)
	ends("prolonged", short)
	ends("prolonged", time.Hour)
	ends("long", time.Hour)
	ends("shortened", time.Hour)
	ends("shortened", short)
	eventually(t, "the short rows end", func() bool {
		rows, err := s.Roll(t.Context(), "k")
		must(t, err)
		return len(rows) == 2
	})
	requireRoll(t, s, "k", map[string]string{"prolonged": "v", "long": "v"})
	ends("another", time.Minute)
	requireRoll(t, s, "k", map[string]string{"prolonged": "v", "long": "v", "another": "v"})
	must(t, s.Enter(t.Context(), "all", "one", nil, 9, short))
	eventually(t, "the roll ends", func() bool {
		rows, err := s.Roll(t.Context(), "all")
		must(t, err)
		return len(rows) == 0
	})
}

func rowsGo(t *testing.T, s Subject) {
	for i, hours := range []int{5, 9, 1, 7, 3} {
		must(t, s.Enter(t.Context(), "k", fmt.Sprint(hours), []byte("v"), i+1, time.Duration(hours)*time.Hour))
	}
	must(t, s.Enter(t.Context(), "k", "now", []byte("v"), 4, time.Minute))
	requireRoll(t, s, "k", map[string]string{"9": "v", "7": "v", "5": "v", "now": "v"})
	must(t, s.Enter(t.Context(), "k", "7", []byte("w"), 4, 7*time.Hour))
	requireRoll(t, s, "k", map[string]string{"9": "v", "7": "w", "5": "v", "now": "v"})
	enter(t, s, "k", "alone", "v", 1)
	requireRoll(t, s, "k", map[string]string{"alone": "v"})
}

func enterRace(t *testing.T, s Subject) {
	var wg sync.WaitGroup
	want := map[string]string{}
	for i := range 40 {
		row := fmt.Sprintf("%02d", i)
		want[row] = row
		wg.Go(func() {
			if err := s.Enter(t.Context(), "k", row, []byte(row), 40, time.Hour); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	requireRoll(t, s, "k", want)
}

func rollKeepsNothing(t *testing.T, s Subject) {
	enter(t, s, "k", "r", "there", 1)
	for _, keep := range []int{0, -1} {
		if err := s.Enter(t.Context(), "k", "r", []byte("v"), keep, time.Hour); !errors.Is(err, store.ErrKeep) {
			t.Errorf("keeping %d: %v", keep, err)
		}
	}
	requireRoll(t, s, "k", map[string]string{"r": "there"})
}

func walks(t *testing.T, s Subject) {
	want := map[string]string{}
	for i := range 60 {
		key := []string{"", "zero\x00byte", "{brace}", "[a-z]*?"}[i%4] + fmt.Sprint(i)
		push(t, s, key, "of a list", 1)
		for j := range 3 {
			want[fmt.Sprint(key, "/", j)] = key
			enter(t, s, key, fmt.Sprint(j), key, 9)
		}
	}
	must(t, s.Enter(t.Context(), "ended", "r", []byte("v"), 9, time.Millisecond))
	eventually(t, "the row ends", func() bool { rows, err := s.Roll(t.Context(), "ended"); must(t, err); return len(rows) == 0 })
	got := map[string]string{}
	calls := 0
	for at := ""; calls == 0 || at != ""; calls++ {
		next, err := s.Walk(t.Context(), at, 7, func(key, row string, value []byte) { got[key+"/"+row] = string(value) })
		must(t, err)
		at = next
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("in %d calls (-want +got):\n%s", calls, diff)
	}
}

func badCursors(t *testing.T, s Subject) {
	for _, cursor := range []string{"!", "x y", "-1@", "\x00", strings.Repeat("!", 4096)} {
		if _, err := s.Walk(t.Context(), cursor, 1, func(string, string, []byte) {}); !errors.Is(err, store.ErrCursor) || len(err.Error()) > 400 {
			t.Errorf("%.40q: %v", cursor, err)
		}
	}
}
