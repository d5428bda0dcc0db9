package disk_test

import (
	"encoding/base64"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/revocation/disk"
	"github.com/edgeauth/edgeauth/session"
)

// ringSeal seals as an edge does.
type ringSeal struct {
	ring    *session.Ring
	purpose session.Purpose
}

func (s ringSeal) Seal(place string, record []byte) (string, error) {
	return s.ring.Seal(time.Now(), s.purpose, place, "", record)
}

func (s ringSeal) Open(place, sealed string) ([]byte, error) {
	return s.ring.Open(time.Now(), s.purpose, place, "", sealed)
}

func ringOf(t testing.TB, keys ...session.Key) *session.Ring {
	t.Helper()
	ring, err := session.NewRing(keys)
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

func newKey(t testing.TB, from time.Time) session.Key {
	t.Helper()
	k, err := session.GenerateKey(from)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// openSeal binds records to their places and hides nothing, so that a fuzzer gets to what is inside.
type openSeal struct{}

func (openSeal) Seal(place string, record []byte) (string, error) {
	return base64.RawURLEncoding.EncodeToString([]byte(place + "\x00" + string(record))), nil
}

func (openSeal) Open(place, sealed string) ([]byte, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(sealed)
	if err != nil {
		return nil, err
	}
	record, ok := strings.CutPrefix(string(b), place+"\x00")
	if !ok {
		return nil, errors.New("sealed for another place")
	}
	return []byte(record), nil
}

func options(ring *session.Ring) disk.Options {
	return disk.Options{Outbox: ringSeal{ring, session.PurposeOutbox}, Snapshot: ringSeal{ring, session.PurposeCopy},
		Log: slog.New(slog.DiscardHandler), Now: time.Now}
}

// claim takes a folder for as long as the test, or until it is closed.
func claim(t testing.TB, dir string, o disk.Options) *disk.Folder {
	t.Helper()
	f, err := disk.Claim(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// openOutbox opens the outbox of a folder in which all is well.
func openOutbox(t testing.TB, f *disk.Folder) (*disk.Outbox, []revocation.Entry) {
	t.Helper()
	box, waiting, err := f.OpenOutbox()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = box.Close() })
	return box, waiting
}

// someEntries are of every scope and kind, with texts of every sort.
func someEntries(n int) (out []revocation.Entry) {
	now := revocation.MillisOf(time.Now())
	alice := identity.Subject{Issuer: "https://id.test", Sub: "alice"}
	for i := range n {
		reg := []revocation.Register{
			revocation.Family(identity.NewFamily()), revocation.Session(identity.NewSessionID()), revocation.Subject(alice), revocation.All(),
			revocation.Device(identity.NewDeviceID()), revocation.Floor(alice, identity.High),
		}[i%6]
		out = append(out, revocation.Entry{Register: reg, Value: revocation.Value{Since: now + revocation.Millis(i), Until: now + 3_600_000,
			Region: "here", Reason: "a reason\nwith everything % in it", Actor: "cli:root"}})
	}
	return out
}

// rewrite changes a file of a folder that nobody has open.
func rewrite(t testing.TB, dir, name string, change func([]byte) []byte) {
	t.Helper()
	path := filepath.Join(dir, name)
	text, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, change(text), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// problems are those of each part that was refused.
func problems(err error) (out []disk.Problem) {
	if all, ok := err.(interface{ Unwrap() []error }); ok {
		for _, one := range all.Unwrap() {
			out = append(out, problems(one)...)
		}
		return out
	}
	var refused *disk.Refused
	if errors.As(err, &refused) {
		return []disk.Problem{refused.Problem}
	}
	return nil
}
