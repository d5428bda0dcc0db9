// Package reference writes what people and editors read about the configuration: the JSON Schema and the reference
// page. It owns their form only; every fact comes from the types of package config and their tags.
package reference

import (
	"encoding"
	"log/slog"
	"net/netip"
	"net/url"
	"reflect"
	"time"

	"github.com/edgeauth/edgeauth/config/internal/strict"
)

// kind is how a value is written.
type kind int

const (
	text kind = iota
	truth
	number
	decimal
	duration
	webAddress
	network
	section
	list
	byName // a mapping from names to sections
	mapping
)

func kindOf(t reflect.Type) kind {
	switch t {
	case reflect.TypeFor[time.Duration]():
		return duration
	case reflect.TypeFor[*url.URL]():
		return webAddress
	case reflect.TypeFor[netip.Prefix]():
		return network
	case reflect.TypeFor[slog.Level]():
		return text
	}
	return kindByShape(t)
}

func kindByShape(t reflect.Type) kind {
	switch {
	case reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()):
		return text
	case strict.IsSection(t):
		return section
	case t.Kind() == reflect.Map:
		return mapping
	case t.Kind() == reflect.Bool:
		return truth
	case t.Kind() == reflect.Int:
		return number
	case t.Kind() == reflect.Float64:
		return decimal
	case t.Kind() != reflect.Slice:
		return text
	}
	if _, keyed := strict.KeyField(t.Elem()); keyed {
		return byName
	}
	return list
}
