package sessions

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/edgeauth/edgeauth/identity"
)

func FuzzRecord(f *testing.F) {
	r := Record{Family: identity.Family{1}, Subject: identity.Subject{Issuer: "https://idp.test", Sub: "\xff"}, SID: "\x00",
		Sight: Sight{LastSeen: time.UnixMilli(1_700_000_000_123).UTC(), Client: Client{Browser: "Firefox 140"}, Place: Place{City: "Köln", Private: true}},
		Level: identity.High, Reasons: []string{"time_zones"}, Assurance: identity.Assurance{AMR: []string{"pwd"}}}
	seed, err := r.encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Add([]byte(`{"v":2}`))
	f.Add([]byte(`{"v":1,"family":"AA==","later":{}}`))
	f.Add(bytes.Replace(seed, []byte(`"reasons":["time_zones"]`), []byte(`"reasons":[]`), 1))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := decode(b)
		if err != nil {
			if diff := cmp.Diff(Record{}, r); diff != "" {
				t.Fatalf("an error comes with a record: %s", diff)
			}
			return
		}
		again, err := r.encode()
		if err != nil {
			t.Fatal(err)
		}
		same, err := decode(again)
		if diff := cmp.Diff(r, same, cmpopts.EquateEmpty()); err != nil || diff != "" {
			t.Fatalf("%v (-read +read again):\n%s", err, diff)
		}
	})
}

func TestARecordOfALaterReleaseIsReadIfItsVersionIsTheSame(t *testing.T) {
	b, err := (&Record{Subject: identity.Subject{Issuer: "i", Sub: "s"}}).encode()
	if err != nil {
		t.Fatal(err)
	}
	more := append([]byte(`{"of a later release":[1],`), b[1:]...)
	if r, err := decode(more); err != nil || r.Subject.Sub != "s" {
		t.Errorf("with a field more: %v, %v", r.Subject, err)
	}
	if _, err := decode([]byte(`{"v":2}`)); err == nil {
		t.Error("another version is read")
	}
}
