package proto_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	validate "buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/edgeauth/edgeauth/internal/need"
)

// buf runs buf in a folder and returns what it said.
func buf(t *testing.T, dir string, args ...string) (string, error) {
	t.Helper()
	bin := need.Buf(t)
	cmd := exec.Command(filepath.Join(bin, "buf"), args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// copied is a copy of this folder within a tree of its own, edited.
func copied(t *testing.T, edits ...string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "proto")
	if err := os.CopyFS(dir, os.DirFS(".")); err != nil {
		t.Fatal(err)
	}
	for _, out := range []string{"admin/edgeauthv1", "docs"} {
		if err := os.MkdirAll(filepath.Join(dir, "..", out), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if len(edits) > 0 {
		file := filepath.Join(dir, "edgeauth/v1/session_service.proto")
		text := read(t, file)
		if !strings.Contains(text, edits[0]) {
			t.Fatalf("the .proto has no %q any more", edits[0])
		}
		if err := os.WriteFile(file, []byte(strings.NewReplacer(edits...).Replace(text)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func read(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestWhatIsGeneratedFromTheProtoIsFresh(t *testing.T) {
	t.Parallel()
	dir := copied(t)
	if said, err := buf(t, dir, "generate"); err != nil {
		t.Fatalf("buf generate: %v\n%s", err, said)
	}
	root, files := filepath.Dir(dir), 0
	for _, out := range []string{"admin", "docs"} {
		err := filepath.WalkDir(filepath.Join(root, out), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			files++
			name, _ := filepath.Rel(root, path)
			if read(t, path) != read(t, filepath.Join("..", name)) {
				t.Errorf("%s is not what proto/ says now: go generate ./admin/api", name)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if files != 4 {
		t.Errorf("%d files were generated, want 4", files)
	}
}

func TestTheProtoIsAsBufWantsIt(t *testing.T) {
	t.Parallel()
	if said, err := buf(t, ".", "lint"); err != nil {
		t.Errorf("buf lint: %v\n%s", err, said)
	}
	// The rules of protovalidate are looked at too.
	if said, err := buf(t, copied(t, "[a-z0-9_]{0,64}$", "[a-z0-9_{0,64}$"), "lint"); err == nil {
		t.Errorf("a pattern that is none is not found\n%s", said)
	}
}

// The kept image is what clients were promised. It may be replaced when a release has added to it; never to make this test pass.
func TestOldClientsGoOnWorking(t *testing.T) {
	t.Parallel()
	const against = "kept/edgeauth.v1.binpb"
	if said, err := buf(t, ".", "breaking", "--path", "edgeauth", "--against", against); err != nil {
		t.Errorf("the contract is broken: %v\n%s", err, said)
	}
	for what, edits := range map[string][]string{
		"another number":        {"string page_token = 3", "string page_token = 9"},
		"another type":          {"int32 page_size = 2 [(buf.validate.field).int32", "int64 page_size = 2 [(buf.validate.field).int64"},
		"a field that went":     {"  // Whether sessions that have ended are wanted too.\n  bool include_ended = 4;\n", ""},
		"another name in JSON":  {"string next_page_token = 2", "string next_token = 2"},
		"a method that went":    {"rpc Explain(", "rpc ExplainRequested("},
		"another enum's number": {"SESSION_STATE_IDLE = 5", "SESSION_STATE_IDLE = 6"},
		"no stream any more":    {"returns (stream ListEventsResponse)", "returns (ListEventsResponse)"},
	} {
		t.Run(what, func(t *testing.T) {
			if said, err := buf(t, copied(t, edits...), "breaking", "--path", "edgeauth", "--against", against); err == nil || !strings.Contains(said, "session_service.proto") {
				t.Errorf("nobody notices: %v\n%s", err, said)
			}
		})
	}
}

// What stands in vendor was printed from these very descriptors. Nothing may get lost on the way.
func TestTheVendoredFilesAreThoseOfTheBinary(t *testing.T) {
	t.Parallel()
	image := filepath.Join(t.TempDir(), "image.binpb")
	if said, err := buf(t, ".", "build", "--exclude-source-info", "--as-file-descriptor-set", "-o", image); err != nil {
		t.Fatalf("buf build: %v\n%s", err, said)
	}
	var set descriptorpb.FileDescriptorSet
	if err := proto.Unmarshal([]byte(read(t, image)), &set); err != nil {
		t.Fatal(err)
	}
	built := map[string]*descriptorpb.FileDescriptorProto{}
	for _, f := range set.GetFile() {
		built[f.GetName()] = f
	}
	for _, linked := range []protoreflect.FileDescriptor{
		validate.File_buf_validate_validate_proto, annotations.File_google_api_annotations_proto, annotations.File_google_api_http_proto,
	} {
		if diff := cmp.Diff(protodesc.ToFileDescriptorProto(linked), built[linked.Path()], protocmp.Transform()); diff != "" {
			t.Errorf("%s (-binary +vendor): go -C tools run ./protovendor ../proto/vendor\n%.2000s", linked.Path(), diff)
		}
	}
}
