// Command protovendor writes the .proto files of others that ours import, printed from the descriptors in the Go modules that the
// binary is built with. So they are what the generated code was made for, and no registry of .proto files is asked.
//
//	go -C tools run ./protovendor ../proto/vendor
package main

import (
	"fmt"
	"log"
	"os"
	"path/filepath"

	validate "buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"github.com/jhump/protoreflect/v2/protoprint"
	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/reflect/protoreflect"
)

const head = "// Printed by tools/protovendor; do not edit. Of %s, Apache License 2.0.\n\n"

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: protovendor FOLDER")
	}
	const rules, google = "protovalidate (Buf Technologies, Inc.)", "googleapis (Google LLC)"
	for file, of := range map[protoreflect.FileDescriptor]string{
		validate.File_buf_validate_validate_proto: rules, annotations.File_google_api_annotations_proto: google, annotations.File_google_api_http_proto: google,
	} {
		if err := write(filepath.Join(os.Args[1], file.Path()), file, of); err != nil {
			log.Fatal(err)
		}
	}
}

func write(path string, file protoreflect.FileDescriptor, of string) error {
	text, err := (&protoprint.Printer{Indent: "  ", Compact: true}).PrintProtoToString(file)
	if err != nil {
		return fmt.Errorf("printing %s: %w", file.Path(), err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(fmt.Sprintf(head, of)+text), 0o644)
}
