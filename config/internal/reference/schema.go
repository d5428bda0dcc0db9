package reference

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/invopop/jsonschema"
	"go.yaml.in/yaml/v3"

	"github.com/edgeauth/edgeauth/config/internal/strict"
)

const (
	referencePattern = `\$\{.+\}`
	durationPattern  = `^([0-9]+d)?([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))*$`
	namePattern      = `^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$`
)

// Schema is the JSON Schema (draft 2020-12) of the configuration type t, indented, with a final newline. It is a little
// more lenient than the decoder: formats and what hangs on several keys at once are checked by edgeauth alone.
func Schema(t reflect.Type) ([]byte, error) {
	s := &schema{defs: jsonschema.Definitions{}}
	root := s.section(t)
	root.Version = jsonschema.Version
	root.ID = "https://github.com/edgeauth/edgeauth/config.schema.json"
	root.Title = "edgeauth configuration"
	root.Definitions = s.defs
	out, err := json.MarshalIndent(root, "", "  ")
	return append(out, '\n'), err
}

type schema struct {
	defs jsonschema.Definitions
}

func (s *schema) section(t reflect.Type) *jsonschema.Schema {
	out := &jsonschema.Schema{Type: "object", Properties: jsonschema.NewProperties(), AdditionalProperties: jsonschema.FalseSchema}
	for _, f := range strict.FieldsOf(t) {
		p := s.value(f.Type, f)
		p.Description = description(f)
		p.Default = defaultOf(f)
		out.Properties.Set(f.Key, p)
		if f.Required && f.Default == "" {
			out.Required = append(out.Required, f.Key)
		}
	}
	return out
}

// reference puts a section's type among the definitions and refers to it.
func (s *schema) reference(t reflect.Type) *jsonschema.Schema {
	if _, known := s.defs[t.Name()]; !known {
		s.defs[t.Name()] = s.section(t)
	}
	return &jsonschema.Schema{Ref: "#/$defs/" + t.Name()}
}

func (s *schema) value(t reflect.Type, f strict.Field) *jsonschema.Schema {
	element := strict.Field{Enum: f.Enum, Format: f.Format, Min: f.Min, Max: f.Max, Required: true}
	switch kindOf(t) {
	case section:
		return s.reference(t)
	case byName:
		return &jsonschema.Schema{Type: "object", AdditionalProperties: s.reference(t.Elem()), MinProperties: atLeastOne(f),
			PropertyNames: &jsonschema.Schema{Pattern: namePattern}}
	case mapping:
		return &jsonschema.Schema{Type: "object", AdditionalProperties: s.value(t.Elem(), element)}
	case list:
		return &jsonschema.Schema{Type: "array", Items: s.value(t.Elem(), element), MinItems: atLeastOne(f)}
	case truth:
		return orReference(&jsonschema.Schema{Type: "boolean"})
	case number:
		return orReference(&jsonschema.Schema{Type: "integer", Minimum: json.Number(f.Min), Maximum: json.Number(f.Max)})
	case decimal:
		return orReference(&jsonschema.Schema{Type: "number", Minimum: json.Number(f.Min), Maximum: json.Number(f.Max)})
	case duration:
		return orReference(&jsonschema.Schema{Type: "string", Pattern: durationPattern})
	}
	return textSchema(f)
}

func textSchema(f strict.Field) *jsonschema.Schema {
	if len(f.Enum) == 0 {
		return &jsonschema.Schema{Type: "string", MinLength: atLeastOne(f)}
	}
	values := make([]any, len(f.Enum))
	for i, e := range f.Enum {
		values[i] = e
	}
	return orReference(&jsonschema.Schema{Type: "string", Enum: values})
}

// orReference also allows a text that contains ${...}.
func orReference(s *jsonschema.Schema) *jsonschema.Schema {
	return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{s, {Type: "string", Pattern: referencePattern}}}
}

func atLeastOne(f strict.Field) *uint64 {
	if !f.Required {
		return nil
	}
	one := uint64(1)
	return &one
}

func description(f strict.Field) string {
	parts := []string{f.Doc}
	if f.Min != "" || f.Max != "" {
		parts = append(parts, fmt.Sprintf("From %s to %s.", f.Min, f.Max))
	}
	if f.Derived != "" {
		parts = append(parts, "Default: "+f.Derived+".")
	}
	return strings.Join(parts, " ")
}

// defaultOf turns the YAML text of a default into a value for JSON; nil where there is none, or other keys decide.
func defaultOf(f strict.Field) any {
	if f.Default == "" || f.Derived != "" {
		return nil
	}
	var v any
	if err := yaml.Unmarshal([]byte(f.Default), &v); err != nil {
		return f.Default
	}
	return v
}
