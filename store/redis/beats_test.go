package redis_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/internal/redistest"
	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/store/redis"
)

const origins = "{log:03}:origins"

// said is a beat as it stands in Redis, of so long ago.
func said(ago time.Duration) string {
	return fmt.Sprintf("%d %s", time.Now().Add(-ago).UnixMilli(), revocation.Beat{}.Encode())
}

func TestForeignBeatsChangeNoHeadAndAreCounted(t *testing.T) {
	server := redistest.Start(t)
	s := open(t, redis.Options{Addresses: []string{server.Addr()}})
	mine := revocation.Beat{Origin: revocation.NewOrigin("mine")}
	before, err := s.Probe(t.Context(), 3, mine)
	must(t, err)
	now := fmt.Sprint(time.Now().UnixMilli())
	server.Do("HSET", origins,
		"<script>alert(1)</script>/aaaaaaaa", said(0), "\x00\xff/aaaaaaaa", said(0), "no-run", said(0), "", said(0), "later/aaaaaaaa", now+" 2 of a later release",
		"wrong/aaaaaaaa", now+" 1 x y z -", "overflow/aaaaaaaa", now+" 1 1 99999999999999999999-0 0 -", "quoted/aaaaaaaa", now+" 1 1 0-0 0 \"} evil")
	head, err := s.Probe(t.Context(), 3, mine)
	must(t, err)
	if len(head.Beats) != 1 || head.Beats[0].Origin != mine.Origin || !strings.HasPrefix(head.Unread, "8 of 9") {
		t.Errorf("beats %v, unread %q", head.Beats, head.Unread)
	}
	if head.Life != before.Life || head.Current != before.Current || head.Last != before.Last {
		t.Errorf("the head was %+v and is %+v", before, head)
	}
}

func TestBeatsThatAreOldLongOrOfNoTimeAreTakenAway(t *testing.T) {
	server := redistest.Start(t)
	s := open(t, redis.Options{Addresses: []string{server.Addr()}})
	server.Do("HSET", origins, "old/aaaaaaaa", said(revocation.BeatLife+time.Second), "ahead/aaaaaaaa", said(-revocation.BeatLife-time.Minute),
		"timeless/aaaaaaaa", "1-0", "endless/aaaaaaaa", strings.Repeat("9", 190)+" x", strings.Repeat("n", 1<<16), said(0), "long/aaaaaaaa", said(0)+strings.Repeat(" ", 1<<16),
		"silent/aaaaaaaa", said(revocation.BeatLife-time.Minute))
	head, err := s.Probe(t.Context(), 3, revocation.Beat{})
	must(t, err)
	if len(head.Beats) != 1 || head.Beats[0].Origin != "silent/aaaaaaaa" || head.Unread != "" {
		t.Errorf("beats %v, unread %q", head.Beats, head.Unread)
	}
	if n := server.Do("HLEN", origins); n != int64(1) {
		t.Errorf("%v are left", n)
	}
	if ttl := server.Do("PTTL", origins).(int64); ttl > 0 {
		t.Errorf("a listener changed the key's life to %d", ttl)
	}
	_, err = s.Probe(t.Context(), 3, revocation.Beat{Origin: revocation.NewOrigin("mine")})
	must(t, err)
	if ttl := server.Do("PTTL", origins).(int64); ttl <= 0 || ttl > revocation.BeatLife.Milliseconds() {
		t.Errorf("the key ends in %d ms", ttl)
	}
}

func TestOfTooManyBeatsTheOldestGo(t *testing.T) {
	server := redistest.Start(t)
	s := open(t, redis.Options{Addresses: []string{server.Addr()}})
	for i := range 250 {
		server.Do("HSET", origins, fmt.Sprintf("e%03d/aaaaaaaa", i), said(time.Duration(i+1)*time.Second))
	}
	mine := revocation.NewOrigin("mine")
	head, err := s.Probe(t.Context(), 3, revocation.Beat{Origin: mine})
	must(t, err)
	found := map[revocation.Origin]bool{}
	for _, b := range head.Beats {
		found[b.Origin] = true
	}
	if len(found) != 200 || !found[mine] || !found["e198/aaaaaaaa"] || found["e199/aaaaaaaa"] {
		t.Errorf("%d are heard, own %v", len(found), found[mine])
	}
}

func TestAProbeBearsOriginsOfAnotherTypeAndAUserWhoMayNotHearThem(t *testing.T) {
	server := redistest.Start(t)
	server.Do("SET", origins, "x")
	probe := func(o redis.Options, problem string) {
		t.Helper()
		o.Addresses = []string{server.Addr()}
		head, err := open(t, o).Probe(t.Context(), 3, revocation.Beat{Origin: revocation.NewOrigin("mine")})
		if err != nil || len(head.Beats) > 0 || head.Life == "" || !strings.Contains(head.Unread, problem) {
			t.Errorf("%v: head %+v", err, head)
		}
	}
	probe(redis.Options{}, "WRONGTYPE")
	server.Flush()
	server.Do(theUser(t)...)
	server.Do("ACL", "SETUSER", "edgeauth", "-hgetall")
	probe(asUser(redis.Options{}), "can't run this command")
	server.Do("ACL", "SETUSER", "edgeauth", "-hset")
	probe(asUser(redis.Options{}), "can't run this command")
}

func TestAnAnswerWithoutBeatsIsStillAHead(t *testing.T) {
	const head = "*10\r\n$0\r\n\r\n*0\r\n$3\r\n0-0\r\n$3\r\n0-0\r\n:0\r\n:0\r\n$0\r\n\r\n$1\r\nx\r\n:5\r\n"
	for name, part := range map[string]string{
		"a number": ":7\r\n", "nothing": "$-1\r\n", "an odd number": "*1\r\n$1\r\nx\r\n", "what is no text": "*2\r\n:1\r\n*0\r\n", "what is wrong": "$9\r\nWRONGTYPE\r\n",
	} {
		f := startFake(t, always(head+part))
		got, err := open(t, redis.Options{Addresses: []string{f.addr()}}).Probe(t.Context(), 3, revocation.Beat{})
		if err != nil || got.Life != "x" || len(got.Beats) > 0 || got.Unread == "" {
			t.Errorf("%s: %v, head %+v", name, err, got)
		}
	}
}
