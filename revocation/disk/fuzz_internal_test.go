package disk

import (
	"bufio"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/revocation"
)

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

// file makes a file whose lines are sealed for their places: what a fuzzer changes is what is inside.
func file(kind string, bodies ...string) string {
	h := header{kind, "000102030405060708090a0b0c0d0e0f"}
	out := h.String() + "\n"
	for i, b := range bodies {
		line, _ := openSeal{}.Seal(h.place(i+1), []byte(b)) // never fails
		out += line + "\n"
	}
	return out
}

func reader(text string) *bufio.Reader { return bufio.NewReader(strings.NewReader(text)) }

func anEntry() string {
	e := revocation.Entry{Register: revocation.Family(identity.Family{1}), Value: revocation.Value{Since: 1, Until: 2, Reason: "a reason"}}
	return string(encode([]revocation.Entry{e}))
}

// FuzzOutbox holds for any file: what waits are entries that a log could keep, and wait again if they are written anew; and
// a file that was torn off anywhere has the first of those that the whole one has.
func FuzzOutbox(f *testing.F) {
	f.Add(file(outboxKind, anEntry()), "", 9)
	f.Add("edgeauth outbox 2 000102030405060708090a0b0c0d0e0f\n", anEntry(), 1)
	f.Add("", "all/not_before/00000000000000000000000000000000 1 1 2 a b c\n", 40)
	f.Add("\x00\n\n\n", "\n", 3)
	f.Fuzz(func(t *testing.T, text, body string, cut int) {
		if body != "" {
			text = file(outboxKind, body, anEntry(), body)
		}
		folder := &Folder{opt: Options{Outbox: openSeal{}}}
		waiting, err := folder.parseOutbox(reader(text))
		if again, err := folder.parseOutbox(reader(file(outboxKind, string(encode(waiting))))); err != nil || len(again) != len(waiting) || !slices.Equal(encoded(again), encoded(waiting)) {
			t.Fatalf("%d entries that wait became %d: %v", len(waiting), len(again), err)
		}
		torn, _ := folder.parseOutbox(reader(text[:max(0, min(cut, len(text)))]))
		if len(torn) > len(waiting) || !slices.Equal(torn, waiting[:len(torn)]) {
			t.Fatalf("%d entries wait (%v), in what was torn off %d others", len(waiting), err, len(torn))
		}
	})
}

func encoded(entries []revocation.Entry) (out []string) {
	for _, e := range entries {
		out = append(out, string(encode([]revocation.Entry{e})))
	}
	return out
}

// restored reads a snapshot into an empty copy.
func restored(text string) (*revocation.Replica, *snapshotReader, error) {
	r := revocation.NewReplica(time.Now)
	in := &snapshotReader{from: reader(text), seal: openSeal{}, apply: r.Apply}
	err := in.all()
	if err == nil {
		r.Restore(in.states, 0)
	}
	return r, in, err
}

// snapshotOf is a file that promises the same of every shard.
func snapshotOf(shard, second, third string) string {
	promise := `p{"written":1,"shards":[` + strings.TrimSuffix(strings.Repeat(shard+",", revocation.Shards), ",") + "]}"
	return file(snapshotKind, promise, second, third)
}

// written is a snapshot of a copy.
func written(r *revocation.Replica) (string, error) {
	var out strings.Builder
	p := promiseOf(r, time.Now(), Boot{})
	w := snapshotWriter{to: &out, seal: openSeal{}, header: newHeader(snapshotKind)}
	err := w.all(&p, r)
	return out.String(), err
}

// FuzzSnapshot holds for any file: it is read as a whole or refused for a reason; what was read can be written and read
// again, and is the same; and no part of a whole file is a whole file. Shard is what is promised of each shard.
func FuzzSnapshot(f *testing.F) {
	const shard = `{"current":"01000000000000000000000000000000","held":["01000000000000000000000000000000"],"cursor":{"Major":1,"Minor":2},` +
		`"checked":{"Major":0,"Minor":0},"life":"a","staleness_ms":1}`
	f.Add("", shard, "e"+anEntry(), "z1", 3)
	f.Add("", shard, "e", "z0", 60)
	f.Add("", "{}", "e", "z0", 0)
	f.Add("edgeauth snapshot 9 00\n", "", "", "", 0)
	if _, in, err := restored(snapshotOf(shard, "e"+anEntry(), "z1")); err != nil {
		f.Fatalf("a file that is whole: %v (%s)", err, in.problem)
	}
	f.Fuzz(func(t *testing.T, text, shard, second, third string, cut int) {
		if shard != "" {
			text = snapshotOf(shard, second, third)
		}
		r, in, err := restored(text)
		if err != nil {
			if in.problem == "" {
				t.Fatalf("refused for no reason: %v", err)
			}
			return
		}
		next, err := written(r)
		if err != nil {
			t.Fatal(err)
		}
		again, _, err := restored(next)
		if err != nil || again.Len() != r.Len() || fmt.Sprint(places(again)) != fmt.Sprint(places(r)) {
			t.Fatalf("what was read cannot be written and read again: %v", err)
		}
		if cut = max(0, cut) % len(text); strings.HasSuffix(text, "\n") && cut < len(text)-1 {
			if _, _, err := restored(text[:cut]); err == nil {
				t.Fatalf("%d of %d bytes are a whole file", cut, len(text))
			}
		}
	})
}

func places(r *revocation.Replica) (out []revocation.Place) {
	for i := range revocation.Shards {
		out = append(out, r.State(i).Place)
	}
	return out
}
