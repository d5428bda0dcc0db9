package image_test

import (
	"debug/elf"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/edgeauth/edgeauth/internal/image"
	"github.com/edgeauth/edgeauth/internal/need"
)

const (
	maxImageBytes = 40 << 20 // everything in the image
	user          = 65532
)

// buildRoot makes the last stage's file set, from the build context alone, by the very commands of the Dockerfile.
func buildRoot(t *testing.T, version string) string {
	t.Helper()
	build, last := stages(t)
	context, out, rootfs := copyContext(t), t.TempDir(), t.TempDir()
	for _, step := range build.All("RUN") {
		cmd := exec.Command("sh", "-ec", strings.ReplaceAll(step.Text, "/out/", out+"/"))
		cmd.Dir = context
		cmd.Env = append(os.Environ(), "VERSION="+version, "TARGETOS="+runtime.GOOS, "TARGETARCH="+runtime.GOARCH, "GOFLAGS=")
		if said, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("RUN %s\n%v\n%s", step.Text, err, said)
		}
	}
	for _, step := range last.All("COPY") {
		words := step.Words()
		target := words[len(words)-1]
		for _, from := range words[:len(words)-1] {
			copyInto(t, sourceOf(t, step, from, context, out), filepath.Join(rootfs, target), strings.HasSuffix(target, "/"))
		}
	}
	return rootfs
}

// sourceOf says where on this machine stands what a COPY takes.
func sourceOf(t *testing.T, step image.Step, from, context, out string) string {
	t.Helper()
	if step.Flags["from"] == "" {
		return filepath.Join(context, from)
	}
	if rest, built := strings.CutPrefix(from, "/out/"); built {
		return filepath.Join(out, rest)
	}
	if roots := need.CARoots(t); from != roots { // of the base image; this machine has the same at the same place
		t.Fatalf("the Dockerfile takes %s from the base image; this test knows of %s alone", from, roots)
	}
	return from
}

// copyInto is COPY for one source: a folder's content, or a file, which keeps its name when the target is a folder.
func copyInto(t *testing.T, from, to string, intoFolder bool) {
	t.Helper()
	info, err := os.Stat(from)
	if err != nil {
		t.Fatal(err)
	}
	if info.IsDir() {
		err = errors.Join(os.MkdirAll(to, 0o755), os.CopyFS(to, os.DirFS(from)))
	} else if intoFolder {
		err = copyFile(from, filepath.Join(to, filepath.Base(from)))
	} else {
		err = copyFile(from, to)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// content lists a folder's files, and its empty folders with a slash at the end, and adds up the sizes.
func content(t *testing.T, dir string) (names []string, bytes int64) {
	t.Helper()
	err := filepath.WalkDir(dir, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := "/" + strings.TrimPrefix(filepath.ToSlash(strings.TrimPrefix(file, dir)), "/")
		if entry.IsDir() {
			inside, err := os.ReadDir(file)
			if err == nil && len(inside) == 0 {
				names = append(names, name+"/")
			}
			return err
		}
		info, err := entry.Info()
		names, bytes = append(names, name), bytes+info.Size()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names, bytes
}

func TestImageHoldsOneStaticBinaryAndLittleElse(t *testing.T) {
	rootfs := buildRoot(t, "v0.0.0-image-test")
	names, bytes := content(t, rootfs)
	want := []string{"/edgeauth", "/etc/group", "/etc/passwd", "/etc/ssl/certs/ca-certificates.crt",
		"/licenses/demo-places.txt", "/licenses/time-zone-table.txt", "/var/lib/edgeauth/"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("the image's files (-want +got):\n%s", diff)
	}
	for name, want := range map[string]string{"time-zone-table.txt": "Open Database License", "demo-places.txt": "Creative Commons"} {
		text, err := os.ReadFile(filepath.Join(rootfs, "licenses", name))
		if err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%s does not name its licence: %v\n%s", name, err, text)
		}
	}
	t.Logf("the image has %.1f MiB", float64(bytes)/(1<<20))
	if bytes > maxImageBytes {
		t.Errorf("the image has %d bytes, more than %d", bytes, maxImageBytes)
	}
	if linker := interpreter(t, filepath.Join(rootfs, "edgeauth")); linker != "" {
		t.Errorf("the binary is not static: it asks for %s", linker)
	}
	if said := runInside(t, rootfs, "version"); !strings.Contains(said, "v0.0.0-image-test") {
		t.Errorf("version says %q", said)
	}
}

// interpreter is the dynamic linker that a binary names; empty for a static one.
func interpreter(t *testing.T, file string) string {
	t.Helper()
	binary, err := elf.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = binary.Close() }()
	for _, p := range binary.Progs {
		if p.Type == elf.PT_INTERP {
			name := make([]byte, p.Filesz)
			if _, err := p.ReadAt(name, 0); err != nil {
				t.Fatal(err)
			}
			return string(name)
		}
	}
	return ""
}

// runInside runs the entry point with rootfs as its whole file system and as the image's user, where this process may
// do that; else it just runs it.
func runInside(t *testing.T, rootfs string, args ...string) string {
	t.Helper()
	_, last := stages(t)
	entry := last.All("ENTRYPOINT")[0].Words()[0]
	cmd := exec.Command(filepath.Join(rootfs, entry), args...)
	if os.Getuid() == 0 {
		// Chroot's folder must be open to the user, and TempDir's parents are not.
		if err := os.Chmod(rootfs, 0o755); err != nil {
			t.Fatal(err)
		}
		cmd = exec.Command(entry, args...)
		cmd.Dir = "/"
		cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: rootfs, Credential: &syscall.Credential{Uid: user, Gid: user}}
	}
	cmd.Env = []string{}
	said, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %v\n%s", cmd.Args, err, said)
	}
	return string(said)
}

func TestImageRunsAsAUserWhoOwnsItsDataOnly(t *testing.T) {
	_, last := stages(t)
	if got := last.All("USER"); len(got) != 1 || got[0].Text != "65532:65532" {
		t.Errorf("USER is %v, want the number", got)
	}
	for file, want := range map[string]string{
		"deploy/image/passwd": "edgeauth:x:65532:65532:edgeauth:/var/lib/edgeauth:/sbin/nologin\n",
		"deploy/image/group":  "edgeauth:x:65532:\n",
	} {
		if got := readFile(t, file); got != want {
			t.Errorf("%s is %q, want %q", file, got, want)
		}
	}
	for _, step := range last.All("COPY") {
		words := step.Words()
		owned := step.Flags["chown"] == "65532:65532"
		if data := words[len(words)-1] == "/var/lib/edgeauth"; data != owned {
			t.Errorf("COPY %s: owned by the user: %t", step.Text, owned)
		}
	}
}

func TestImageStartsTheBinaryWithTheMountedConfiguration(t *testing.T) {
	_, last := stages(t)
	const config = "/etc/edgeauth/config.yaml"
	if got := last.All("ENTRYPOINT")[0].Words(); !slices.Equal(got, []string{"/edgeauth"}) {
		t.Errorf("ENTRYPOINT is %v", got)
	}
	if got := last.All("CMD")[0].Words(); !slices.Equal(got, []string{"run", "--config", config}) {
		t.Errorf("CMD is %v", got)
	}
	check := strings.TrimPrefix(last.All("HEALTHCHECK")[0].Text, "CMD ")
	if got := (image.Step{Text: check}).Words(); !slices.Equal(got, []string{"/edgeauth", "healthcheck", "--config", config}) {
		t.Errorf("HEALTHCHECK is %v", got)
	}
}

func TestImageContextHoldsWhatIsCopiedAndNoSecretsOrTests(t *testing.T) {
	build, last := stages(t)
	context := copyContext(t)
	for _, step := range slices.Concat(build.All("COPY"), last.All("COPY")) {
		if step.Flags["from"] != "" {
			continue
		}
		for _, from := range step.Words()[:len(step.Words())-1] {
			if _, err := os.Stat(filepath.Join(context, from)); err != nil {
				t.Errorf("COPY %s: %v", step.Text, err)
			}
		}
	}
	names, _ := content(t, context)
	for _, name := range names {
		if strings.HasPrefix(name, "/.git/") || strings.HasSuffix(name, "_test.go") || path.Ext(name) == ".key" {
			t.Errorf("%s is sent to the builder", name)
		}
	}
}

func TestImageIgnoreFileIsReadAsDockerDoes(t *testing.T) {
	ignore, err := image.ParseIgnore("# comment\ndocs\n**/*_test.go\n/a/*.pem\n**/testdata\n!docs/keep.md\n")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{
		"docs": true, "docs/x/y": true, "docs/keep.md": false, "x/docs": false, "a_test.go": true, "x/y/a_test.go": true,
		"a/b.pem": true, "a/c/b.pem": false, "x/testdata/y": true, "main.go": false,
	} {
		if got := ignore.Out(name); got != want {
			t.Errorf("%s is left out: %t, want %t", name, got, want)
		}
	}
}
