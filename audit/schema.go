package audit

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"
)

// Schema returns the JSON Schema (draft 2020-12) of an event, as docs/audit.schema.json holds it. Fields that it does not
// name are permitted: a line of the log has some of its own, and later releases may add to the event's.
func Schema() []byte {
	root := object(reflect.TypeFor[line]())
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["$id"] = "https://github.com/edgeauth/edgeauth/docs/audit.schema.json"
	root["title"] = "edgeauth audit event"
	properties := root["properties"].(node)
	properties["event"].(node)["enum"] = Names()
	properties["schema"].(node)["const"] = Version
	root["allOf"] = []node{{
		"if":   node{"properties": node{"event": node{"const": Assessed}}},
		"then": node{"required": []string{"security_level", "mode", "score", "terms", "reasons", "unknown", "thresholds"}},
	}}
	out, err := json.MarshalIndent(root, "", "  ")
	if err != nil {
		panic(err) // maps, texts and numbers only
	}
	return append(out, '\n')
}

type node map[string]any

// object describes a struct by its tags.
func object(t reflect.Type) node {
	properties, required := node{}, []string{}
	for i := range t.NumField() {
		f := t.Field(i)
		key, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		one := value(f.Type)
		one["description"] = f.Tag.Get("doc")
		if words := f.Tag.Get("enum"); words != "" {
			one["enum"] = strings.Split(words, ",")
		}
		properties[key] = one
		if options == "" {
			required = append(required, key)
		}
	}
	return node{"type": "object", "properties": properties, "required": required}
}

func value(t reflect.Type) node {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return node{"type": "string", "format": "date-time"}
	case t.Kind() == reflect.Pointer:
		return value(t.Elem())
	case t.Kind() == reflect.String:
		return node{"type": "string"}
	case t.Kind() == reflect.Int:
		return node{"type": "integer"}
	case t.Kind() == reflect.Float64:
		return node{"type": "number"}
	case t.Kind() == reflect.Struct:
		return object(t)
	case t.Kind() == reflect.Slice:
		return node{"type": "array", "maxItems": maxList, "items": value(t.Elem())}
	case t.Kind() == reflect.Map:
		return node{"type": "object", "additionalProperties": value(t.Elem())}
	}
	panic(fmt.Sprintf("no schema for %v", t)) // a field of a new type: the test that makes the schema says so
}
