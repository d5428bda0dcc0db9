package file_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/edgeauth/edgeauth/store"
	"github.com/edgeauth/edgeauth/store/file"
)

func TestAListThatGrowsForMonthsOrIsErasedLeavesNoOldEndsBehind(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	for i := range 100 {
		must(t, s.Push(t.Context(), "k", fmt.Append(nil, i), 50, time.Duration(100+i)*24*time.Hour))
		must(t, s.Push(t.Context(), "erased", fmt.Append(nil, i), 50, time.Hour))
	}
	must(t, s.Erase(t.Context(), "erased"))
	must(t, s.Close())
	if n := records(t, dir); n != 2 { // the list, and its end
		t.Errorf("%d records", n)
	}
}

func TestAListThatCantBeReadIsUnavailableNotEmptyUntilItIsErased(t *testing.T) {
	for name, rest := range map[string]string{
		"half a length":  "\x00\x00\x01",
		"half a value":   "\x00\x00\x00\x05abc",
		"endless":        "\xff\xff\xff\xff",
		"more than said": "\x00\x00\x00\x01ab",
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			must(t, open(t, dir).Close())
			db, err := bbolt.Open(filepath.Join(dir, file.Name), 0o600, nil)
			must(t, err)
			must(t, db.Update(func(tx *bbolt.Tx) error {
				return tx.Bucket([]byte("lists")).Put([]byte("=k"), []byte("\x7f\x00\x00\x00\x00\x00\x00\x00"+rest))
			}))
			must(t, db.Close())
			s := open(t, dir)
			var outage *store.Unavailable
			if values, err := s.List(t.Context(), "k"); !errors.As(err, &outage) || len(values) != 0 {
				t.Errorf("list %q, %v", values, err)
			}
			if err := s.Push(t.Context(), "k", []byte("v"), 3, time.Hour); !errors.As(err, &outage) {
				t.Errorf("push: %v", err)
			}
			must(t, s.Erase(t.Context(), "k"))
			must(t, s.Push(t.Context(), "k", []byte("v"), 3, time.Hour))
		})
	}
}
