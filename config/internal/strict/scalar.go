package strict

import (
	"encoding"
	"net/netip"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/edgeauth/edgeauth/config/internal/excerpt"
	"github.com/edgeauth/edgeauth/config/internal/suggestion"
)

// credentials finds a user name in a URL, which a password may follow.
var credentials = regexp.MustCompile(`//[^/]*@`)

// expression is the format of texts whose characters have places.
const expression = "expression"

// scalar decodes one text, number or truth value.
func (d *decoder) scalar(n *yaml.Node, v reflect.Value, f Field, path string) {
	if isSecret(v) || credentials.MatchString(n.Value) {
		d.hide(n)
	}
	want := wanted(v)
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
		d.wrongKind(n, path, want)
		return
	}
	text, changed, fault := d.expandIn(n)
	if fault == nil && !changed {
		fault = d.checkTag(n, v, f, want)
	}
	if f.Format == expression {
		d.texts[path] = n
		if fault == nil && changed {
			fault = &Fault{"an expression takes nothing from the environment or from files", "write the value out"}
		}
	}
	if fault == nil && text == "" && f.Required {
		fault = &Fault{"must not be empty", ""}
	}
	if fault == nil {
		fault = d.set(v, text, f)
	}
	if fault != nil {
		d.problem(excerpt.At(n.Line, n.Column), path, path+": "+fault.Message, fault.Hint)
	}
}

// expandIn substitutes ${...}; a default, which is decoded without an environment, contains none.
func (d *decoder) expandIn(n *yaml.Node) (string, bool, *Fault) {
	if d.opts.Env == nil {
		return n.Value, false, nil
	}
	return d.expand(n.Value)
}

// checkTag compares what YAML took the text for with what is wanted.
func (d *decoder) checkTag(n *yaml.Node, v reflect.Value, f Field, want string) *Fault {
	if n.Value == "" {
		return nil
	}
	ok := n.Tag == "!!str" || n.Tag == "!!timestamp"
	switch want {
	case "true or false":
		ok = n.Tag == "!!bool"
	case "a whole number":
		ok = n.Tag == "!!int"
	case "a number":
		ok = n.Tag == "!!int" || n.Tag == "!!float"
	}
	if ok {
		return nil
	}
	fault := &Fault{Message: "must be " + want + ", not " + kindOf(n)}
	switch {
	case v.Kind() == reflect.Bool:
		fault.Hint = "write true or false, without quotes"
	case v.Type() == durationType:
		fault.Hint = "give the unit too, as in 30s"
	case want == "a text":
		if _, unfit := d.format(f.Format, n.Value); unfit != nil {
			return unfit // quotes alone would not mend it
		}
		fault.Hint = "put it in quotes"
	}
	return fault
}

var (
	durationType = reflect.TypeFor[time.Duration]()
	prefixType   = reflect.TypeFor[netip.Prefix]()
)

func wanted(v reflect.Value) string {
	switch {
	case v.Type() == durationType:
		return "a duration"
	case v.Type() == urlType:
		return "a URL"
	case v.Type() == prefixType:
		return "an address or a network"
	case isTextual(v):
		return "a text"
	case v.Kind() == reflect.Bool:
		return "true or false"
	case v.Kind() == reflect.Int:
		return "a whole number"
	case v.Kind() == reflect.Float64:
		return "a number"
	}
	return "a text"
}

// isTextual reports whether v reads texts by itself.
func isTextual(v reflect.Value) bool {
	_, ok := v.Addr().Interface().(encoding.TextUnmarshaler)
	return ok
}

func isSecret(v reflect.Value) bool {
	_, ok := v.Interface().(interface{ Reveal() string })
	return ok
}

// set checks a text and puts it into v in its own type.
func (d *decoder) set(v reflect.Value, text string, f Field) *Fault {
	if len(f.Enum) > 0 && !slices.Contains(f.Enum, text) {
		return notOneOf(text, f.Enum)
	}
	if f.Format == expression {
		text = strings.TrimRight(text, "\n")
	}
	if strings.ContainsFunc(text, func(r rune) bool { return isControl(r) && (r != '\n' || f.Format != expression) }) {
		return unprintable(text)
	}
	text, fault := d.format(f.Format, text)
	if fault != nil {
		return fault
	}
	switch {
	case v.Type() == durationType:
		return setDuration(v, text, f)
	case v.Type() == urlType:
		return setURL(v, text)
	case v.Type() == prefixType:
		return setPrefix(v, text)
	case isTextual(v):
		return setTextual(v, text)
	case v.Kind() == reflect.Bool:
		return setBool(v, text)
	case v.Kind() == reflect.Int:
		return setInt(v, text, f)
	case v.Kind() == reflect.Float64:
		return setFloat(v, text, f)
	}
	v.SetString(text)
	return nil
}

func unprintable(text string) *Fault {
	fault := &Fault{Message: "must not contain control characters or newlines"}
	if strings.HasSuffix(text, "\n") {
		fault.Hint = "a block that begins with | ends with a newline; begin it with |- instead"
	}
	return fault
}

func isControl(r rune) bool { return r < 0x20 || r >= 0x7f && r < 0xa0 || r == 0x2028 || r == 0x2029 }

func notOneOf(text string, allowed []string) *Fault {
	return &Fault{"must be one of " + strings.Join(allowed, ", "), suggestion.DidYouMean(text, allowed)}
}

// format applies a named format to a text that is not empty.
func (d *decoder) format(name, text string) (string, *Fault) {
	if text == "" {
		return text, nil
	}
	switch name {
	case "path":
		return d.absolute(text), nil
	case "file":
		file := d.absolute(text)
		if d.opts.ReadFile == nil {
			return file, nil
		}
		_, fault := d.readFile(file)
		return file, fault
	}
	if check, ok := d.opts.Formats[name]; ok {
		return check(text)
	}
	return text, nil
}

func setTextual(v reflect.Value, text string) *Fault {
	if err := v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(text)); err != nil {
		return &Fault{"has a form that is not understood", ""}
	}
	return nil
}

func setBool(v reflect.Value, text string) *Fault {
	if text != "true" && text != "false" {
		return &Fault{"must be true or false", ""}
	}
	v.SetBool(text == "true")
	return nil
}

func setInt(v reflect.Value, text string, f Field) *Fault {
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		return &Fault{"must be a whole number in decimal digits", ""}
	}
	if low, e := strconv.ParseInt(f.Min, 10, 32); e == nil && n < low {
		return outside(f)
	}
	if high, e := strconv.ParseInt(f.Max, 10, 32); e == nil && n > high {
		return outside(f)
	}
	v.SetInt(n)
	return nil
}

// decimal is a number as people write it: no exponent, no infinity, nothing that is none.
var decimal = regexp.MustCompile(`^-?[0-9]{1,9}(\.[0-9]{1,9})?$`)

func setFloat(v reflect.Value, text string, f Field) *Fault {
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || !decimal.MatchString(text) {
		return &Fault{"must be a number in decimal digits", "as in 2.5"}
	}
	if low, e := strconv.ParseFloat(f.Min, 64); e == nil && n < low {
		return outside(f)
	}
	if high, e := strconv.ParseFloat(f.Max, 64); e == nil && n > high {
		return outside(f)
	}
	v.SetFloat(n)
	return nil
}

func outside(f Field) *Fault { return &Fault{"must be from " + f.Min + " to " + f.Max, ""} }

func setURL(v reflect.Value, text string) *Fault {
	if text == "" {
		v.SetZero()
		return nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme == "" || u.Host == "" {
		return &Fault{"must be a URL with scheme and host", "as in https://app.example.com"}
	}
	v.Set(reflect.ValueOf(u))
	return nil
}

func setPrefix(v reflect.Value, text string) *Fault {
	if a, err := netip.ParseAddr(text); err == nil && a.Zone() == "" {
		v.Set(reflect.ValueOf(netip.PrefixFrom(a, a.BitLen())))
		return nil
	}
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return &Fault{"must be an address or a network", "as in 10.0.0.7 or 10.0.0.0/8"}
	}
	if p != p.Masked() {
		return &Fault{"has bits set beyond its length", "write the first address of the network, as in 10.0.0.0/8"}
	}
	v.Set(reflect.ValueOf(p))
	return nil
}
