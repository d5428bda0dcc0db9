package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/protobuf/encoding/protojson"
)

// form is the JSON of REST: names as in the .proto, nothing unknown, one object and nothing behind it, and always the same bytes for the
// same message (protojson varies its white space from build to build).
type form struct{ *runtime.JSONPb }

func newForm() form {
	return form{&runtime.JSONPb{MarshalOptions: protojson.MarshalOptions{UseProtoNames: true, EmitDefaultValues: true}}}
}

// Marshal implements runtime.Marshaler.
func (f form) Marshal(v any) ([]byte, error) {
	text, err := f.JSONPb.Marshal(v)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = json.Compact(&out, text)
	return out.Bytes(), err
}

// NewEncoder implements runtime.Marshaler.
func (f form) NewEncoder(w io.Writer) runtime.Encoder {
	return runtime.EncoderFunc(func(v any) error {
		text, err := f.Marshal(v)
		if err == nil {
			_, err = w.Write(text)
		}
		return err
	})
}

// NewDecoder implements runtime.Marshaler. An empty body is io.EOF, which the gateway takes for an empty message.
func (f form) NewDecoder(r io.Reader) runtime.Decoder {
	return runtime.DecoderFunc(func(v any) error {
		text, err := io.ReadAll(r)
		switch {
		case err != nil:
			return err
		case len(text) == 0:
			return io.EOF
		case !json.Valid(text): // the gateway would read the first value and pass over what follows
			return errors.New("the body is not one JSON object")
		}
		return f.Unmarshal(text, v)
	})
}
