package arch_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/edgeauth/edgeauth/internal/arch"
)

func TestLoadReadsTheModuleAndNothingElse(t *testing.T) {
	root := t.TempDir()
	for name, content := range map[string]string{
		"go.mod": "module m\n", "a.go": "package m\n", "sub/b_test.go": "package sub\n", "sub/testdata/c.go": "not Go",
		".hidden/d.go": "not Go", "tools/go.mod": "module tools\n", "tools/e.go": "package tools\n", "sub/readme.md": "text",
	} {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	files, err := arch.Load(root)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, file := range files {
		got[file.Path] = file.Package
	}
	if diff := cmp.Diff(map[string]string{"a.go": ".", "sub/b_test.go": "sub"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAFileThatIsNoGoIsAnErrorThatNamesIt(t *testing.T) {
	if _, err := arch.Parse("x/y.go", []byte("nonsense")); err == nil {
		t.Error("nonsense was parsed")
	}
}
