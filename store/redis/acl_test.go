package redis_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/internal/redistest"
	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/store/redis"
	"github.com/edgeauth/edgeauth/store/storetest"
)

// documented returns the block of docs/redis.md that begins with a text, as words.
func documented(t *testing.T, start string) []string {
	t.Helper()
	doc, err := os.ReadFile(filepath.Join("..", "..", "docs", "redis.md"))
	must(t, err)
	for block := range strings.SplitSeq(string(doc), "```") {
		if words := strings.Fields(block); strings.HasPrefix(strings.TrimSpace(block), start) {
			return words
		}
	}
	t.Fatalf("docs/redis.md has no block that begins with %q", start)
	return nil
}

// theUser is the command that makes the edges' user, without rights that only some need.
func theUser(t *testing.T) []string { return documented(t, "ACL SETUSER edgeauth on >PASSWORD ~") }

// isRight reports whether a word of the command gives a right, to a command or to keys.
func isRight(word string) bool { return word[0] == '+' || word[0] == '~' }

func asUser(o redis.Options) redis.Options {
	o.Username, o.Password, o.Command = "edgeauth", text("PASSWORD"), limit
	return o
}

func TestAUserWithTheRightsOfTheDocumentKeepsTheContractOfStores(t *testing.T) {
	server := redistest.Start(t)
	server.Do(theUser(t)...)
	storetest.Run(t, func(t *testing.T) storetest.Subject {
		server.Flush()
		return open(t, asUser(redis.Options{Addresses: []string{server.Addr()}}))
	})
}

// everything uses each command that the store knows, and returns what failed.
func everything(ctx context.Context, s *redis.Store) (failed []error) {
	push := func() error { return s.Push(ctx, "twice", []byte("v"), 2, time.Minute) }
	entries := entriesOf(0, 1)
	for _, err := range []error{
		push(), push(),
		s.Append(ctx, entries),
		s.Reseed(ctx, 0, identity.NewIncarnation(), entries),
	} {
		if err != nil {
			failed = append(failed, err)
		}
	}
	return append(failed, storetest.Exercise(ctx, s)...)
}

func TestAUserWithOneRightFewerIsToldSo(t *testing.T) {
	server := redistest.Start(t)
	whole := theUser(t)
	server.Do(whole...)
	for _, err := range everything(t.Context(), open(t, asUser(redis.Options{Addresses: []string{server.Addr()}}))) {
		t.Errorf("with all rights: %v", err)
	}
	for i, right := range whole {
		if !isRight(right) {
			continue
		}
		server.Flush()
		server.Do("ACL", "DELUSER", "edgeauth")
		server.Do(slices.Delete(slices.Clone(whole), i, i+1)...)
		failed := everything(t.Context(), open(t, asUser(redis.Options{Addresses: []string{server.Addr()}})))
		if len(failed) == 0 {
			t.Errorf("%s is documented, and nothing needs it", right)
		}
		for _, err := range failed {
			if !strings.Contains(err.Error(), "ACL LOG") {
				t.Errorf("without %s: %v", right, err)
			}
		}
	}
}

func TestWhatOnlySomeNeedIsNeededThere(t *testing.T) {
	t.Parallel()
	group := redistest.StartGroup(t, 1, 0)
	cluster := redistest.StartCluster(t, 1, 0)
	for _, row := range []struct {
		right string
		on    *redistest.Server
		o     redis.Options
	}{
		{"+select", group.Nodes()[0], redis.Options{DB: 2}},
		{"+wait", group.Nodes()[0], redis.Options{Acknowledge: 1}},
		{"+cluster|slots", cluster.Nodes()[0], redis.Options{Cluster: true}},
	} {
		if !slices.Contains(documented(t, "+select"), row.right) {
			t.Errorf("%s is not documented", row.right)
		}
		o := asUser(row.o)
		o.Addresses = []string{row.on.Addr()}
		row.on.Do(theUser(t)...)
		if err := open(t, o).Append(t.Context(), entriesOf(3, 1)); err == nil || !strings.Contains(err.Error(), "ACL LOG") {
			t.Errorf("without %s: %v", row.right, err)
		}
		row.on.Do("ACL", "SETUSER", "edgeauth", row.right)
		for _, err := range everything(t.Context(), open(t, o)) {
			t.Errorf("with %s: %v", row.right, err)
		}
	}
}

func TestAUserOfTheSentinelsWithTheRightsOfTheDocumentFindsTheMaster(t *testing.T) {
	t.Parallel()
	group := redistest.StartGroup(t, 0, 1)
	sentinel := group.Sentinels()[0]
	whole := documented(t, "ACL SETUSER edgeauth on >PASSWORD resetchannels &")
	o := redis.Options{Addresses: group.Addrs(), MasterName: redistest.MasterName, SentinelUsername: "edgeauth", SentinelPassword: text("PASSWORD")}
	sentinel.Do(whole...)
	storetest.RequireAvailable(t, open(t, o))
	if log := sentinel.Do("ACL", "LOG").([]any); len(log) > 0 {
		t.Errorf("the Sentinel refused %v", log)
	}
	for i, word := range whole {
		if word[0] != '+' {
			continue
		}
		sentinel.Do("ACL", "DELUSER", "edgeauth")
		sentinel.Do("ACL", "LOG", "RESET")
		sentinel.Do(slices.Delete(slices.Clone(whole), i, i+1)...)
		s := open(t, o)
		err := s.Append(t.Context(), nil)
		_, err2 := s.Probe(t.Context(), 0, revocation.Beat{})
		if err = errors.Join(err, err2); err != nil && !strings.Contains(err.Error(), "ACL LOG") {
			t.Errorf("without %s: %v", word, err)
		}
		if log := sentinel.Do("ACL", "LOG").([]any); err == nil && len(log) == 0 && word != "+ping" { // sent after a while only
			t.Errorf("%s is documented, and nothing needs it", word)
		}
	}
}

func TestANamedPrefixOfKeysIsAllThatTheUserMayTouch(t *testing.T) {
	server := redistest.Start(t)
	server.Do(theUser(t)...)
	s := open(t, asUser(redis.Options{Addresses: []string{server.Addr()}, Prefix: "another:"}))
	if err := s.Append(t.Context(), []revocation.Entry{entriesOf(0, 1)[0]}); err == nil || !strings.Contains(err.Error(), "ACL LOG") {
		t.Errorf("the user wrote outside the documented keys: %v", err)
	}
}
