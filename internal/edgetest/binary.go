package edgetest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

var build struct { // constant table: the binary, built once per test process
	once sync.Once
	path string
	err  error
}

// Binary returns the path of an edgeauth, built with the race detector if the tests are. TestMain must call Clean at its end.
func Binary(t testing.TB) string {
	t.Helper()
	build.once.Do(func() {
		dir, err := os.MkdirTemp("", "edgeauth-binary-")
		if err != nil {
			build.err = err
			return
		}
		build.path = filepath.Join(dir, "edgeauth")
		out, err := exec.Command("go", "build", raceFlag, "-o", build.path, "github.com/edgeauth/edgeauth/cmd/edgeauth").CombinedOutput()
		if err != nil {
			build.err = fmt.Errorf("building edgeauth: %w\n%s", err, out)
		}
	})
	if build.err != nil {
		t.Fatal(build.err)
	}
	return build.path
}

// Clean removes the binary.
func Clean() {
	if build.path != "" {
		_ = os.RemoveAll(filepath.Dir(build.path))
	}
}
