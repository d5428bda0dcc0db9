package strict

import (
	"net/url"
	"reflect"
	"strconv"

	"go.yaml.in/yaml/v3"

	"github.com/edgeauth/edgeauth/config/internal/excerpt"
)

// pair is one key of a mapping with its value.
type pair struct {
	key, path string
	at        Place // of the key
	value     *yaml.Node
}

// pairs returns the keys of a mapping that can be used and records their places.
func (d *decoder) pairs(n *yaml.Node, path string) []pair {
	if n.Kind != yaml.MappingNode {
		d.wrongKind(n, path, "a section with keys")
		return nil
	}
	var out []pair
	first := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		if !d.keyText(k, path) {
			d.hide(v)
			continue
		}
		at := excerpt.At(k.Line, k.Column)
		if line, twice := first[k.Value]; twice {
			d.hide(v)
			d.problem(at, Key(path, k.Value), "the key `"+printable(k.Value)+"` is written twice", "first on line "+strconv.Itoa(line))
			continue
		}
		first[k.Value] = k.Line
		p := pair{key: k.Value, path: Key(path, k.Value), at: at, value: v}
		d.record(p.path, v, at)
		out = append(out, p)
	}
	return out
}

// record remembers where a value stands: a text and a list in one line at themselves, a section at its key.
func (d *decoder) record(path string, n *yaml.Node, key Place) {
	at := excerpt.At(n.Line, n.Column)
	if n.Kind != yaml.ScalarNode && n.Style&yaml.FlowStyle == 0 {
		at = key
	}
	d.places[path] = at
}

func (d *decoder) keyText(k *yaml.Node, path string) bool {
	at := excerpt.At(k.Line, k.Column)
	switch {
	case k.Tag == "!!merge":
		d.problem(at, Key(path, "<<"), "merge keys (<<) are not allowed", "write the keys out")
	case k.Kind != yaml.ScalarNode || k.Anchor != "" || k.Style&yaml.TaggedStyle != 0:
		d.problem(at, Key(path, "?"), "a key must be a plain text", "")
	case k.Value == "":
		d.problem(at, Key(path, "?"), "a key must not be empty", "")
	default:
		return true
	}
	return false
}

func (d *decoder) list(n *yaml.Node, v reflect.Value, f Field, path string) {
	if n.Kind != yaml.SequenceNode {
		d.wrongKind(n, path, "a list")
		return
	}
	out := reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content))
	for i, c := range n.Content {
		own := Index(path, i)
		at := excerpt.At(c.Line, c.Column)
		d.record(own, c, at)
		d.fresh(out.Index(i))
		d.value(c, out.Index(i), element(f), own)
	}
	v.Set(out)
}

// keyedList decodes a mapping by name into a list whose elements carry their names.
func (d *decoder) keyedList(n *yaml.Node, v reflect.Value, path string) {
	pairs := d.pairs(n, path)
	out := reflect.MakeSlice(v.Type(), len(pairs), len(pairs))
	index, _ := elemKey(v.Type())
	for i, p := range pairs {
		if _, fault := d.format("name", p.key); fault != nil {
			// Recorded beside the element's path, so that what is wrong inside is still reported.
			d.problem(p.at, p.path+"?", p.path+": the name "+fault.Message, fault.Hint)
		}
		d.fresh(out.Index(i))
		out.Index(i).Field(index).SetString(p.key)
		d.value(p.value, out.Index(i), Field{}, p.path)
	}
	v.Set(out)
}

func (d *decoder) mapping(n *yaml.Node, v reflect.Value, f Field, path string) {
	out := reflect.MakeMap(v.Type())
	for _, p := range d.pairs(n, path) {
		e := reflect.New(v.Type().Elem()).Elem()
		d.value(p.value, e, element(f), p.path)
		out.SetMapIndex(reflect.ValueOf(p.key), e)
	}
	v.Set(out)
}

// fresh gives a new element its defaults.
func (d *decoder) fresh(v reflect.Value) {
	if IsSection(v.Type()) {
		d.defaults(v)
	}
}

// element is what a list's or map's tags say of its elements, none of which may be empty.
func element(f Field) Field {
	return Field{Enum: f.Enum, Format: f.Format, Min: f.Min, Max: f.Max, Required: true}
}

func (d *decoder) wrongKind(n *yaml.Node, path, want string) {
	if want != "a list" {
		d.hide(n)
	}
	hint := ""
	switch {
	case n.Tag == "!!null":
		hint = "remove the line, or give it a value (spaces before what belongs to it)"
	case want == "a list" && n.Kind == yaml.ScalarNode:
		hint = "write one element as [element]"
	case want == "a list":
		hint = "begin each element with a dash, or write [a, b]"
	}
	name := path
	if name == "" {
		name = "the file"
	}
	d.problem(excerpt.At(n.Line, n.Column), path, mismatch(name, want, kindOf(n)), hint)
}

func kindOf(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "a section"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.Tag == "!!null":
		return "nothing"
	case n.Tag == "!!bool":
		return "true or false"
	case n.Tag == "!!int", n.Tag == "!!float":
		return "a number"
	}
	return "a text"
}

func elemKey(t reflect.Type) (int, bool) {
	if t.Kind() != reflect.Slice {
		return 0, false
	}
	return KeyField(t.Elem())
}

func isList(t reflect.Type) bool { return t.Kind() == reflect.Slice }

var urlType = reflect.TypeFor[*url.URL]()
