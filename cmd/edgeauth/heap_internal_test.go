package main

import "testing"

func Test_the_more_is_remembered_the_smaller_the_share_of_garbage(t *testing.T) {
	for _, c := range []struct {
		live uint64
		want int
	}{{0, 100}, {20 << 20, 100}, {64 << 20, 100}, {128 << 20, 50}, {256 << 20, 25}, {10 << 30, 10}} {
		if got := allowance(c.live); got != c.want {
			t.Errorf("with %d bytes in use %d %% of garbage are allowed, want %d", c.live, got, c.want)
		}
	}
}
