package storetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/edgeauth/edgeauth/store"
)

func push(t *testing.T, s Subject, key, value string, keep int) {
	t.Helper()
	must(t, s.Push(t.Context(), key, []byte(value), keep, time.Hour))
}

func list(t *testing.T, s Subject, key string) (texts []string) {
	t.Helper()
	values, err := s.List(t.Context(), key)
	must(t, err)
	for _, v := range values {
		texts = append(texts, string(v))
	}
	return texts
}

func requireList(t *testing.T, s Subject, key string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, list(t, s, key)); diff != "" {
		t.Errorf("%q (-want +got):\n%s", key, diff)
	}
}

func lists(t *testing.T, s Subject) {
	odd := []string{"", "\x00", "\xff\xfe", strings.Repeat("\x00\x01\xff", 20_000)}
	for _, key := range []string{"", "zero\x00byte", "{brace}"} {
		requireList(t, s, key)
		for _, value := range odd {
			push(t, s, key, value, 4)
		}
		requireList(t, s, key, odd[3], odd[2], odd[1], odd[0])
		push(t, s, key, "another", 4)
		requireList(t, s, key, "another", odd[3], odd[2], odd[1])
		push(t, s, key, "fewer", 2)
		requireList(t, s, key, "fewer", "another")
		push(t, s, key, "more", 9)
		requireList(t, s, key, "more", "fewer", "another")
	}
	must(t, s.Erase(t.Context(), ""))
	must(t, s.Erase(t.Context(), ""))
	requireList(t, s, "")
	requireList(t, s, "{brace}", "more", "fewer", "another")
	push(t, s, "", "anew", 4)
	requireList(t, s, "", "anew")
}

func pushesAgain(t *testing.T, s Subject) {
	for _, value := range []string{"a", "b", "b", "c", "a"} {
		push(t, s, "k", value, 5)
	}
	requireList(t, s, "k", "a", "c", "b")
}

func pushRace(t *testing.T, s Subject) {
	var wg sync.WaitGroup
	var want []string
	for i := range 40 {
		value := fmt.Sprintf("%02d", i)
		want = append(want, value)
		wg.Go(func() {
			if err := s.Push(t.Context(), "k", []byte(value), 40, time.Hour); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	got := list(t, s, "k")
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func listEnds(t *testing.T, s Subject) {
	const short = 20 * time.Millisecond
	must(t, s.Push(t.Context(), "prolonged", []byte("first"), 5, time.Minute))
	push(t, s, "prolonged", "second", 5)
	push(t, s, "shortened", "first", 5)
	must(t, s.Push(t.Context(), "shortened", []byte("second"), 5, short))
	eventually(t, "the list ends", func() bool { return len(list(t, s, "shortened")) == 0 })
	push(t, s, "shortened", "third", 5)
	requireList(t, s, "shortened", "third")
	requireList(t, s, "prolonged", "second", "first")
}

func keepsNothing(t *testing.T, s Subject) {
	push(t, s, "k", "there", 1)
	for _, keep := range []int{0, -1} {
		if err := s.Push(t.Context(), "k", []byte("v"), keep, time.Hour); !errors.Is(err, store.ErrKeep) {
			t.Errorf("keeping %d: %v", keep, err)
		}
	}
	requireList(t, s, "k", "there")
}
