package file_test

import (
	"testing"

	"github.com/edgeauth/edgeauth/store/file"
	"github.com/edgeauth/edgeauth/store/storetest"
)

func TestFileKeepsTheContractOfStores(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Subject { return open(t, t.TempDir()) })
}

func open(t *testing.T, dir string) *file.Store {
	t.Helper()
	s, err := file.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}
