package session_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgeauth/edgeauth/session"
)

// constant table: the pepper's line in a ring file.
var pepperLine = regexp.MustCompile(`  "pepper": "([^"]+)",\n`)

func openRing(t *testing.T, path string) *session.Ring {
	t.Helper()
	kr, err := session.OpenKeyring(path)
	if err != nil {
		t.Fatal(err)
	}
	return kr.Ring()
}

// pepperAt returns the pepper of a ring file, and fails the test if there is none.
func pepperAt(t *testing.T, path string) session.Secret {
	t.Helper()
	pepper, ok := openRing(t, path).Pepper()
	if !ok {
		t.Fatal("the ring has no pepper")
	}
	return pepper
}

// ringWithoutPepper writes a ring file as a release without a history did.
func ringWithoutPepper(t *testing.T, keys ...session.Key) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "keys.json")
	if err := session.CreateKeys(path, keys); err != nil {
		t.Fatal(err)
	}
	data, _ := os.ReadFile(path)
	if !pepperLine.Match(data) {
		t.Fatal("the file shows no pepper to take out")
	}
	if err := os.WriteFile(path, pepperLine.ReplaceAll(data, nil), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func Test_a_new_ring_has_a_pepper_of_its_own_that_stays_when_keys_rotate_and_go(t *testing.T) {
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a.json"), filepath.Join(dir, "b.json")
	keys := []session.Key{newKey(t, start)}
	if err := errors.Join(session.CreateKeys(a, keys), session.WriteKeys(b, keys)); err != nil {
		t.Fatal(err)
	}
	pepper := pepperAt(t, a)
	if pepperAt(t, b) == pepper {
		t.Error("two rings of the same keys have one pepper")
	}
	for i := range 3 {
		at := start.Add(time.Duration(i) * 48 * time.Hour)
		keys, err := session.Rotate(session.Prune(keys, at), at, time.Hour)
		if err := errors.Join(err, session.WriteKeys(a, keys)); err != nil {
			t.Fatal(err)
		}
		if pepperAt(t, a) != pepper {
			t.Fatalf("rotation %d changed the pepper", i+1)
		}
	}
}

func Test_a_ring_from_before_there_was_a_pepper_works_without_until_a_rotation_adds_one(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first := newKey(t, time.Now())
		path := ringWithoutPepper(t, first)
		kr, err := session.OpenKeyring(path)
		if err != nil {
			t.Fatal(err)
		}
		before := kr.Ring()
		if pepper, ok := before.Pepper(); ok || pepper != (session.Secret{}) {
			t.Error("a ring without a pepper has one")
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			_ = kr.Run(ctx, slog.New(slog.DiscardHandler), func() {})
		}()
		keys, err := session.Rotate([]session.Key{first}, time.Now().Add(time.Hour), time.Hour)
		if err := errors.Join(err, session.WriteKeys(path, keys)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		cancel()
		<-done
		if pepper, ok := kr.Ring().Pepper(); !ok || pepper != pepperAt(t, path) {
			t.Errorf("the running edge has no pepper (%v), or another one", ok)
		}
	})
}

func Test_a_pepper_that_is_none_is_refused_and_not_shown(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.json")
	if err := session.CreateKeys(path, []session.Key{newKey(t, start)}); err != nil {
		t.Fatal(err)
	}
	good, _ := os.ReadFile(path)
	for name, pepper := range map[string]string{
		"short": "c2hvcnQ=", "no base64": "sh*rt", "zero": base64.StdEncoding.EncodeToString(make([]byte, 32)),
		"two spellings": strings.Repeat("C", 42) + "B=",
	} {
		bad := pepperLine.ReplaceAllString(string(good), `  "pepper": "`+pepper+`",`+"\n")
		if err := os.WriteFile(path, []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := session.OpenKeyring(path)
		if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "pepper") || strings.Contains(err.Error(), pepper) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func Test_a_ring_that_cannot_be_read_is_not_replaced_for_its_pepper_would_be_lost(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.json")
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := session.WriteKeys(path, []session.Key{newKey(t, start)}); err == nil || !strings.Contains(err.Error(), "reading") {
		t.Errorf("got %v", err)
	}
}

func Test_a_ring_shows_neither_pepper_nor_secrets_under_any_verb(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.json")
	k := newKey(t, start)
	if err := session.CreateKeys(path, []session.Key{k}); err != nil {
		t.Fatal(err)
	}
	ring, pepper := openRing(t, path), pepperAt(t, path)
	var shown strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		fmt.Fprintf(&shown, verb+" "+verb+" "+verb+"\n", ring, []any{ring}, pepper)
	}
	slog.New(slog.NewTextHandler(&shown, nil)).Info("x", "ring", ring, "pepper", pepper)
	slog.New(slog.NewJSONHandler(&shown, nil)).Info("x", "ring", ring, "pepper", pepper)
	for _, secret := range []session.Secret{pepper, k.Secret} {
		for _, form := range []string{"%v", "%x", "%X", "%s", "%d"} {
			plain := strings.Trim(fmt.Sprintf(form, secret[:]), "[]")
			if strings.Contains(shown.String(), plain) {
				t.Errorf("a secret is shown under %s:\n%s", form, shown.String())
			}
		}
	}
}
