package redis

import "testing"

func TestAWalkGoesFromMasterToMasterAndPastThoseThatAreGone(t *testing.T) {
	all := []master{{addr: "a:1"}, {addr: "b:1"}, {addr: "c:1"}}
	for _, c := range []struct {
		at     place
		among  []master
		goesOn string // empty: the end
		cursor uint64
	}{
		{place{}, all, "a:1", 0},
		{place{addr: "a:1", cursor: 7}, all, "a:1", 7},
		{place{addr: "a:1", done: true}, all, "b:1", 0},
		{place{addr: "b:1", cursor: 7}, []master{all[0], all[2]}, "c:1", 0},
		{place{addr: "b:1", cursor: 7}, all[:1], "", 0},
		{place{addr: "c:1", done: true}, all, "", 0},
		{place{}, []master{{}}, "one", 0},
		{place{cursor: 3}, []master{{}}, "one", 3},
		{place{done: true}, []master{{}}, "", 0},
		{place{}, nil, "", 0},
	} {
		at := c.at
		m, more := at.of(c.among)
		if m.addr == "" && more {
			m.addr = "one"
		}
		if m.addr != c.goesOn || more && at.cursor != c.cursor {
			t.Errorf("%+v: goes on with %q at %d (%v), want %q at %d", c.at, m.addr, at.cursor, more, c.goesOn, c.cursor)
		}
		if again, err := parsePlace(at.String()); more && (err != nil || again != at) {
			t.Errorf("%+v as a cursor is %+v, %v", at, again, err)
		}
	}
}
