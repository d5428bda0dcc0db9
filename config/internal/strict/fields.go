// Package strict decodes one YAML document into Go structs and misses nothing: every unknown or repeated key, wrong
// type, missing value and broken format is collected with its place, and decoding goes on. It owns YAML, the struct
// tags, the ${...} substitution and the display of source lines; it must not know what any key is for.
//
// The struct tags are
//
//	yaml:"name"       the key; "-" for fields that are not keys
//	key:"name"        on the field of a list element that takes the key where the YAML has a mapping by name
//	doc:"..."         the meaning, for references and schemas
//	default:"..."     YAML text of the value that stands where the key is absent
//	derived:"..."     says in words what stands for an absent key where that depends on other keys; a default
//	                  beside it is the value where they do not decide
//	required:"true"   the value must not be empty
//	enum:"a,b"        the allowed texts (of a list: of its elements)
//	min, max          bounds of numbers and durations, included
//	format:"name"     a [Format] that each text must pass; path and file are built in, and so is expression: a text that
//	                  may have several lines, takes nothing from outside, and whose characters have places
package strict

import (
	"reflect"
	"strings"
)

// Field describes one key of a section.
type Field struct {
	Key, Doc, Default, Derived, Format, Min, Max string

	Enum     []string
	Required bool
	Type     reflect.Type

	index int
}

// FieldsOf lists the keys of a struct type in the order of its fields.
func FieldsOf(t reflect.Type) []Field {
	var out []Field
	for i := range t.NumField() {
		sf := t.Field(i)
		key := sf.Tag.Get("yaml")
		if key == "" || key == "-" {
			continue
		}
		out = append(out, fieldOf(sf, key, i))
	}
	return out
}

func fieldOf(sf reflect.StructField, key string, index int) Field {
	f := Field{
		Key: key, Doc: sf.Tag.Get("doc"), Default: sf.Tag.Get("default"), Derived: sf.Tag.Get("derived"),
		Format: sf.Tag.Get("format"), Min: sf.Tag.Get("min"), Max: sf.Tag.Get("max"),
		Required: sf.Tag.Get("required") == "true", Type: sf.Type, index: index,
	}
	if e := sf.Tag.Get("enum"); e != "" {
		f.Enum = strings.Split(e, ",")
	}
	return f
}

// KeyField returns the index of the field that takes the name where a list of t is written as a mapping by name.
func KeyField(t reflect.Type) (int, bool) {
	if t.Kind() != reflect.Struct {
		return 0, false
	}
	for i := range t.NumField() {
		if t.Field(i).Tag.Get("key") != "" {
			return i, true
		}
	}
	return 0, false
}

// IsSection reports whether values of t are written as a mapping of known keys.
func IsSection(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && len(FieldsOf(t)) > 0
}
