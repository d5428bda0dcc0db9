package main

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/edgeauth/edgeauth/revocation"
)

// told is a log that says at each probe what a test wants.
type told struct {
	heads []revocation.Head
	errs  []error
	asked int
}

func (l *told) Probe(context.Context, int, revocation.Beat) (revocation.Head, error) {
	i := min(l.asked, len(l.heads)-1)
	l.asked++
	return l.heads[i], l.errs[i]
}

func (l *told) say(head revocation.Head, err error) *told {
	l.heads, l.errs = append(l.heads, head), append(l.errs, err)
	return l
}

func headAt(at revocation.Millis, life string, reads ...revocation.Millis) revocation.Head {
	h := revocation.Head{Time: at, Life: life}
	for i, read := range reads {
		h.Beats = append(h.Beats, revocation.Beat{Origin: revocation.Origin([]string{"a/aaaaaaaa", "b/bbbbbbbb"}[i]), At: at, Read: read})
	}
	return h
}

func TestAllHaveReadOnceTheirBeatsSayMoreThanTheMomentOfTheQuestion(t *testing.T) {
	away := errors.New("away")
	fromAhead := headAt(5000, "x", 1200, 1300)
	fromAhead.Beats[0].At = 9000
	for name, c := range map[string]struct {
		log  *told
		want readers
		err  error
	}{
		"at once":                       {new(told).say(headAt(1000, "x", 900, 1100), nil).say(headAt(1300, "x", 1200, 1300), nil), readers{Read: []string{"a", "b"}}, nil},
		"the same millisecond":          {new(told).say(headAt(1000, "x", 1000, 1001), nil), readers{Read: []string{"b"}, Behind: []string{"a (last heard 0s ago)"}}, nil},
		"an outage in between":          {new(told).say(headAt(1000, "x", 900, 900), nil).say(revocation.Head{}, away).say(headAt(1300, "x", 1200, 1300), nil), readers{Read: []string{"a", "b"}}, nil},
		"an outage all the time":        {new(told).say(revocation.Head{}, away), readers{}, away},
		"nobody":                        {new(told).say(headAt(1000, "x"), nil), readers{}, errNobodyTells},
		"another server":                {new(told).say(headAt(1000, "x", 900, 900), nil).say(headAt(5000, "y", 1200, 1300), nil), readers{Behind: []string{"a (last heard 0s ago)", "b (last heard 0s ago)"}}, nil},
		"a beat of a faster clock":      {new(told).say(headAt(1000, "x", 900, 900), nil).say(fromAhead, nil), readers{Read: []string{"b"}, Behind: []string{"a (last heard 0s ago)"}}, nil},
		"later, after an outage before": {new(told).say(revocation.Head{}, away).say(headAt(1000, "x", 900, 1100), nil).say(headAt(1300, "x", 1001, 1300), nil), readers{Read: []string{"a", "b"}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				got, err := awaitReaders(ctx, c.log, 0)
				if diff := cmp.Diff(c.want, got); diff != "" || !errors.Is(err, c.err) {
					t.Errorf("%v (-want +got):\n%s", err, diff)
				}
			})
		})
	}
}
