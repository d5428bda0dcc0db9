package e2e_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/internal/edgetest"
	"github.com/edgeauth/edgeauth/revocation"
)

// scribble writes a value for a session's family as an edge of another release might: into the stream and into a snapshot. It
// returns the register's name.
func scribble(t *testing.T, f *fleet, c *edgetest.Client, value string) string {
	t.Helper()
	family, err := identity.ParseFamily(nameOf(t, f, c))
	if err != nil {
		t.Fatal(err)
	}
	e := revocation.Entry{Register: revocation.Family(family)}
	name, _ := e.Encode()
	hour := time.Now().Add(time.Hour).Unix() / 3600
	shard := fmt.Sprintf("{log:%02d}:", e.Shard())
	f.redis.Do("ZADD", shard+"buckets", fmt.Sprint((hour+1)*3600+7200), fmt.Sprint(hour))
	f.redis.Do("HSET", fmt.Sprint(shard, "snap:", hour), name, value)
	f.redis.Do("XADD", shard+"stream", "*", "n", name, "v", value)
	return name
}

func Test_RS_whom_an_entry_names_that_cannot_be_read_is_refused_and_an_operator_is_told(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 1, "")
	live, gone, damaged := f.login(), f.login(), f.login()
	register := scribble(t, f, gone, "2 in a form of the future")
	scribble(t, f, damaged, "1 \xff\x00 corrupt")
	f.redis.Do("XADD", "{log:00}:stream", "*", "junk", "junk")
	copied := f.thief(gone)

	f.wantRefused("whom an edge of a later release revoked", gone, 0)
	f.wantRefused("whom a corrupt entry names", damaged, 0)
	f.wantAdmitted("beside entries that cannot be read", live, 0)
	e := f.edges[0]
	e.Until("three entries are counted", func() bool { n, _ := e.Metric("edgeauth_revocation_unreadable_entries"); return n == 3 })
	if _, body := e.Get(e.Admin + "/readyz"); !strings.Contains(body, "degraded") || !strings.Contains(body, "of a later release") {
		t.Errorf("/readyz does not say so: %s", body)
	}
	e.Until("the log says what cannot be read", func() bool { // of one shard in one line
		log := e.Log()
		return strings.Contains(log, "entries cannot be read, 1 of them of a later release") && strings.Contains(log, register)
	})
	wantPage(t, gone.Open(f.origin+"/")) // logs in anew

	late := f.prepare()
	late.Run()
	late.WaitReady()
	f.edges = append(f.edges, late)
	f.wantRefused("at an edge that started later", copied, 1)
	f.wantAdmitted("at an edge that started later", live, 1)
	f.wantAdmitted("the new login", gone, 0, 1)
}
