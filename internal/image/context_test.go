package image_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/edgeauth/edgeauth/internal/image"
)

// root is the repository's root, which is the build context.
const root = "../.."

func readFile(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func stages(t *testing.T) (build, last image.Stage) {
	t.Helper()
	all, err := image.ParseDockerfile(readFile(t, "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 2 || all[0].Name != "build" || all[1].Base != "scratch" {
		t.Fatalf("the Dockerfile should have a stage called build and one from scratch, has %v", all)
	}
	return all[0], all[1]
}

// copyContext copies what Docker would send to the builder into a new folder.
func copyContext(t *testing.T) string {
	t.Helper()
	ignore, err := image.ParseIgnore(readFile(t, ".dockerignore"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	err = filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, file)
		if err != nil || name == "." {
			return err
		}
		switch {
		case ignore.Out(filepath.ToSlash(name)) && entry.IsDir():
			return filepath.SkipDir
		case ignore.Out(filepath.ToSlash(name)), !entry.IsDir() && !entry.Type().IsRegular():
			return nil
		case entry.IsDir():
			return os.MkdirAll(filepath.Join(dir, name), 0o755)
		default:
			return copyFile(file, filepath.Join(dir, name))
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func copyFile(from, to string) error {
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.WriteFile(to, data, info.Mode().Perm())
}
