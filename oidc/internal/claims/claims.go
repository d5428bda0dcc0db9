// Package claims reads JSON objects from a provider strictly, because readers that differ in what they make of one object
// are how checks are got round. It owns which objects are accepted at all and how single members are read. It must
// not know which members a token needs.
package claims

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// maxDepth bounds nesting; real tokens use four levels.
const maxDepth = 32

// ErrForm is what is not one JSON object, or one that is nested too deeply.
var ErrForm = errors.New("not a JSON object that can be read")

// Object is a parsed JSON object. Values are nil, bool, string, json.Number, []any or map[string]any.
type Object map[string]any

// Parse accepts one JSON object in valid UTF-8, at most 32 levels deep, in which no object names a member twice, and
// the outermost none that differs from another by case alone: encoding/json would take the last of them for
// either. Errors show nothing of the input but names of members; some are ErrForm.
func Parse(data []byte) (Object, error) {
	if !utf8.Valid(data) || !json.Valid(data) {
		return nil, fmt.Errorf("%w: not valid JSON in UTF-8", ErrForm)
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	value, err := parseValue(decoder, 0)
	if err != nil {
		return nil, err
	}
	object, ok := value.(map[string]any)
	if !ok {
		return nil, ErrForm
	}
	if err := refuseVariants(object); err != nil {
		return nil, err
	}
	return object, nil
}

func parseValue(decoder *json.Decoder, depth int) (any, error) {
	token, err := decoder.Token()
	if err != nil {
		return nil, endOfInput(err)
	}
	if depth > maxDepth {
		return nil, fmt.Errorf("%w: nested deeper than %d levels", ErrForm, maxDepth)
	}
	switch token {
	case json.Delim('{'):
		return parseObject(decoder, depth)
	case json.Delim('['):
		return parseArray(decoder, depth)
	}
	return token, nil
}

func parseObject(decoder *json.Decoder, depth int) (map[string]any, error) {
	object := map[string]any{}
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return nil, endOfInput(err)
		}
		name, ok := token.(string)
		if !ok {
			return nil, errors.New("not valid JSON")
		}
		if _, twice := object[name]; twice {
			return nil, fmt.Errorf("member %.40q stands there twice", name)
		}
		if object[name], err = parseValue(decoder, depth+1); err != nil {
			return nil, err
		}
	}
	_, err := decoder.Token()
	return object, endOfInput(err)
}

func parseArray(decoder *json.Decoder, depth int) ([]any, error) {
	array := []any{}
	for decoder.More() {
		value, err := parseValue(decoder, depth+1)
		if err != nil {
			return nil, err
		}
		array = append(array, value)
	}
	_, err := decoder.Token()
	return array, endOfInput(err)
}

func endOfInput(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

func refuseVariants(object map[string]any) error {
	seen := make(map[string]bool, len(object))
	for name := range object {
		folded := Fold(name)
		if seen[folded] {
			return fmt.Errorf("member %.40q stands there in two cases", strings.ToLower(name))
		}
		seen[folded] = true
	}
	return nil
}

// RefuseVariantsOf returns an error if o holds a member that differs from one of names by case alone.
func (o Object) RefuseVariantsOf(names ...string) error {
	wanted := make(map[string]string, len(names))
	for _, name := range names {
		wanted[Fold(name)] = name
	}
	for name := range o {
		if right, ok := wanted[Fold(name)]; ok && right != name {
			return fmt.Errorf("member %.40q is not spelt %q", name, right)
		}
	}
	return nil
}

// Fold maps names to one form that encoding/json takes for the same (it also folds U+017F to s and U+212A to k).
func Fold(name string) string { return strings.ToLower(strings.ToUpper(name)) }
