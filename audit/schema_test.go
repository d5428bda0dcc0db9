package audit_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"maps"
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/edgeauth/edgeauth/audit"
)

const schemaPath = "../docs/audit.schema.json"

func TestTheSchemaInTheTreeIsFresh(t *testing.T) {
	have, err := os.ReadFile(schemaPath)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(audit.Schema()), string(have)); diff != "" {
		t.Errorf("%s is stale: run go generate ./audit\n%s", schemaPath, diff)
	}
}

func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(audit.Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// valid reports what is wrong with an event by the schema.
func valid(t *testing.T, s *jsonschema.Schema, text []byte) error {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(doc)
}

func TestEachEventIsWhatTheSchemaSaysAsALineAndAlone(t *testing.T) {
	s := compiled(t)
	for _, n := range audit.Names() {
		e := audit.Event{ID: "an-id", At: noon, Name: n, Delivery: "pending", Detail: "x"}
		if n == audit.Assessed {
			e.Level, e.Assessment = "normal", &audit.Assessment{Mode: audit.ModeEnforce}
		}
		alone, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		line, err := json.Marshal(written(t, slog.LevelInfo, e)[0])
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range [][]byte{alone, line} {
			if err := valid(t, s, text); err != nil {
				t.Errorf("%s: %v", text, err)
			}
		}
	}
}

func TestTheSchemaRefusesWhatNoEventIs(t *testing.T) {
	s := compiled(t)
	for _, text := range []string{
		`{}`, `{"event":"logout","id":"1","at":"2026-03-01T11:00:00Z"}`, `{"event":"burglary","id":"1","schema":1,"at":"2026-03-01T11:00:00Z"}`,
		`{"event":"logout","id":"1","schema":2,"at":"2026-03-01T11:00:00Z"}`, `{"event":"logout","id":"1","schema":1,"at":"noon"}`,
		`{"event":"login_assessed","id":"1","schema":1,"at":"2026-03-01T11:00:00Z"}`,
		`{"event":"logout","id":"1","schema":1,"at":"2026-03-01T11:00:00Z","delivery":"perhaps"}`,
		`{"event":"logout","id":"1","schema":1,"at":"2026-03-01T11:00:00Z","terms":"new_country +1.00"}`,
	} {
		if valid(t, s, []byte(text)) == nil {
			t.Errorf("the schema accepts %s", text)
		}
	}
}

func TestTheSchemaHasEachFieldWithAMeaning(t *testing.T) {
	var schema struct {
		Properties map[string]struct{ Description string }
	}
	if err := json.Unmarshal(audit.Schema(), &schema); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(full("x"))
	var line map[string]any
	if err == nil {
		err = json.Unmarshal(text, &line)
	}
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(line)), slices.Sorted(maps.Keys(schema.Properties))); diff != "" {
		t.Errorf("fields in the code and in the schema differ: %s", diff)
	}
	for name, p := range schema.Properties {
		if p.Description == "" {
			t.Errorf("%s has no meaning", name)
		}
	}
}
