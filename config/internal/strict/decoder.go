package strict

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/edgeauth/edgeauth/config/internal/excerpt"
	"github.com/edgeauth/edgeauth/config/internal/suggestion"
)

// Options are what decoding needs from outside. Env and ReadFile must be set.
type Options struct {
	Dir      string                            // relative paths start here; empty: where the process is
	Env      func(name string) (string, bool)  // the environment
	ReadFile func(path string) ([]byte, error) // reads secrets and checks files
	Formats  map[string]Format                 // by the name in the format tag; "name" checks the names of keyed lists
}

// Result is a decoded document and all that was found about it. It is not safe for concurrent use.
type Result struct {
	places   map[string]Place      // of values that the file gives, by path
	texts    map[string]*yaml.Node // of expressions, by path
	problems []Problem
	warnings []Problem
	failed   map[string]bool // paths with a problem
	source   *excerpt.Source
	decoder  *decoder
}

type decoder struct {
	*Result
	opts  Options
	files []string
}

// Decode decodes data into the struct that into points to, whose defaults it sets first. It never fails as a whole: what
// is wrong stands in the result.
func Decode(data []byte, into any, opts Options) *Result {
	r := &Result{places: map[string]Place{}, texts: map[string]*yaml.Node{}, failed: map[string]bool{}, source: excerpt.New(string(data))}
	d := &decoder{Result: r, opts: opts}
	r.decoder = d
	v := reflect.ValueOf(into).Elem()
	d.defaults(v)
	root, problem := parse(data)
	if problem != nil {
		r.add(&r.problems, problem.Place, "", problem.Message, problem.Hint)
		r.failed[""] = true
		return r
	}
	r.source.ParsedAs(root)
	d.places[""] = excerpt.At(1, 1)
	d.value(root, v, Field{}, "")
	return r
}

// defaults sets every default below v.
func (d *decoder) defaults(v reflect.Value) {
	for _, f := range FieldsOf(v.Type()) {
		field := v.Field(f.index)
		if IsSection(f.Type) {
			d.defaults(field)
		}
		if f.Default == "" {
			continue
		}
		var n yaml.Node
		if err := yaml.Unmarshal([]byte(f.Default), &n); err != nil {
			continue // a test decodes every default
		}
		quiet := &Result{places: map[string]Place{}, texts: map[string]*yaml.Node{}, failed: map[string]bool{}, source: excerpt.New("")}
		(&decoder{Result: quiet, opts: Options{Dir: d.opts.Dir, Formats: d.opts.Formats}}).value(n.Content[0], field, f, "")
	}
}

// value decodes any node into v.
func (d *decoder) value(n *yaml.Node, v reflect.Value, f Field, path string) {
	if !d.plain(n, path) {
		return
	}
	_, keyed := elemKey(v.Type())
	switch {
	case IsSection(v.Type()):
		d.section(n, v, path)
	case keyed:
		d.keyedList(n, v, path)
	case isList(v.Type()):
		d.list(n, v, f, path)
	case v.Kind() == reflect.Map:
		d.mapping(n, v, f, path)
	default:
		d.scalar(n, v, f, path)
	}
}

// plain refuses what YAML offers beyond mappings, lists and texts.
func (d *decoder) plain(n *yaml.Node, path string) bool {
	at := excerpt.At(n.Line, n.Column)
	switch {
	case n.Kind == yaml.AliasNode:
		d.problem(at, path, "aliases (*name) are not allowed", `write the value out; a text that begins with * must stand in quotes, as in "*@example.org"`)
		return false
	case n.Anchor != "":
		// What it holds is decoded all the same, so that secrets in it are known and hidden.
		d.problem(at, path, "anchors (&name) are not allowed", "write the value out where it is needed; a text that begins with & must stand in quotes")
	case n.Style&yaml.TaggedStyle != 0:
		d.hide(n)
		d.problem(at, path, "tags (!name) are not allowed", "a text that begins with ! must stand in quotes")
		return false
	}
	return true
}

func (d *decoder) section(n *yaml.Node, v reflect.Value, path string) {
	fields := FieldsOf(v.Type())
	if hint, ok := d.meant(n, fields); ok {
		d.problem(excerpt.At(n.Line, n.Column), path, mismatch(path, "a section with keys", kindOf(n)), hint)
		return
	}
	for _, p := range d.pairs(n, path) {
		i := indexOf(fields, p.key)
		if i < 0 {
			d.unknown(p, fields, path)
			continue
		}
		d.value(p.value, v.Field(fields[i].index), fields[i], p.path)
	}
	for _, f := range fields {
		d.required(v.Field(f.index), f, path)
	}
}

// meant is how to write a text that stands where a section should, if it is a good value of the one key that the section
// must have. A text in such a form is no secret.
func (d *decoder) meant(n *yaml.Node, fields []Field) (hint string, ok bool) {
	must := slices.DeleteFunc(slices.Clone(fields), func(f Field) bool { return !f.Required || f.Default != "" })
	if n.Kind != yaml.ScalarNode || n.Tag != "!!str" || len(must) != 1 || must[0].Format == "" || isList(must[0].Type) {
		return "", false
	}
	text, fault := d.format(must[0].Format, n.Value)
	return fmt.Sprintf("write {%s: %q}", must[0].Key, text), fault == nil && text != ""
}

func (d *decoder) unknown(p pair, fields []Field, path string) {
	d.hide(p.value)
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.Key
	}
	delete(d.places, p.path)
	d.problem(p.at, p.path, "unknown key `"+printable(p.key)+"`"+below(path), suggestion.Hint(p.key, names))
}

func (d *decoder) required(v reflect.Value, f Field, path string) {
	own := Key(path, f.Key)
	at, given := d.places[own]
	if !f.Required || d.Bad(own) || !isEmpty(v, given) {
		return
	}
	if given {
		d.problem(at, own, own+": must not be empty", "")
		return
	}
	d.problem(d.Place(path), own, "missing key `"+f.Key+"`"+below(path), firstSentence(f.Doc))
}

func firstSentence(doc string) string {
	first, _, more := strings.Cut(doc, ". ")
	if more {
		first += "."
	}
	return first
}

// isEmpty reports whether there is no value; a section is one where the file has it, whatever it holds.
func isEmpty(v reflect.Value, given bool) bool {
	switch {
	case IsSection(v.Type()):
		return !given
	case v.Kind() == reflect.Slice, v.Kind() == reflect.Map:
		return v.Len() == 0
	}
	return v.IsZero()
}

func indexOf(fields []Field, key string) int {
	for i, f := range fields {
		if f.Key == key {
			return i
		}
	}
	return -1
}

func below(path string) string {
	if path == "" {
		return ""
	}
	return " in `" + path + "`"
}

// hide keeps a value out of every source line that is shown. A text that only refers to a secret may be seen.
func (d *decoder) hide(n *yaml.Node) {
	if n.Kind != yaml.ScalarNode {
		for _, c := range n.Content {
			d.hide(c)
		}
		return
	}
	if n.Tag == "!!bool" || n.Tag == "!!null" {
		return
	}
	if m := reference.FindString(n.Value); m != n.Value || n.Value == "" {
		inLine := n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) == 0
		d.source.Hide(excerpt.At(n.Line, n.Column), n.Value, inLine)
	}
}

func sorted(list []Problem) []Problem {
	slices.SortStableFunc(list, func(a, b Problem) int { return a.Compare(b.Place) })
	return list
}

func mismatch(path, want, got string) string {
	return fmt.Sprintf("%s: must be %s, not %s", path, want, got)
}
