package reference

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/edgeauth/edgeauth/config/internal/strict"
)

const intro = `# Configuration reference

<!-- Made from the Go types by "go generate ./config". Do not edit. -->

One YAML file holds everything. [config.example.yaml](../config.example.yaml) shows every key in its place;
[config.schema.json](../config.schema.json) lets an editor complete and check it: begin the file with
` + "`# yaml-language-server: $schema=config.schema.json`" + `. Run ` + "`edgeauth check FILE`" + ` before you use it: it reports every
mistake at once.

- Keys that are not listed here are mistakes, as are repeated keys, anchors, aliases, merge keys, tags and a second document.
- In every value, ` + "`${NAME}`" + ` stands for an environment variable and ` + "`${file:/path}`" + ` for a file's content without the
  newlines at its end; both must exist. ` + "`$${`" + ` stands for the characters ` + "`${`" + `.
- Durations have units: ` + "`30s`, `1h30m`, `180d`" + `. Relative paths start at the configuration file's folder.
- Where a key is absent its default counts. "Required" keys without a default must be there.
- A running edgeauth follows the file as it changes. What says "needs a restart" is the exception: while such a key differs
  from the one in use, the whole changed file is refused and the configuration before it stays in use.
`

// Page is the reference of the configuration type t in Markdown: one table for each section.
func Page(t reflect.Type) []byte {
	var b strings.Builder
	b.WriteString(intro)
	for _, f := range strict.FieldsOf(t) {
		writeSection(&b, f.Key, f.Type, f, "##")
	}
	return []byte(b.String())
}

// writeSection writes the table of one section and then the sections below it. path is how its keys are reached.
func writeSection(b *strings.Builder, path string, t reflect.Type, f strict.Field, level string) {
	inner, path := sectionIn(t, path)
	fmt.Fprintf(b, "\n%s `%s`\n\n%s\n\n", level, path, f.Doc)
	if f.Default != "" {
		fmt.Fprintf(b, "Default: %s\n\n", code(f.Default))
	}
	b.WriteString("| key | type | default | meaning |\n|---|---|---|---|\n")
	var below []strict.Field
	for _, k := range strict.FieldsOf(inner) {
		if s, _ := sectionIn(k.Type, ""); s != nil {
			below = append(below, k)
		}
		writeRow(b, k)
	}
	for _, k := range below {
		writeSection(b, path+"."+k.Key, k.Type, k, "###")
	}
}

// sectionIn is the section that t is, or is made of, and how its keys are reached; nil where t is none.
func sectionIn(t reflect.Type, path string) (reflect.Type, string) {
	switch kindOf(t) {
	case section:
		return t, path
	case byName:
		return t.Elem(), path + ".NAME"
	case list:
		if kindOf(t.Elem()) == section {
			return t.Elem(), path + "[]"
		}
	}
	return nil, path
}

func writeRow(b *strings.Builder, f strict.Field) {
	meaning := f.Doc
	if f.Min != "" {
		meaning += fmt.Sprintf(" From %s to %s.", f.Min, f.Max)
	}
	fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", f.Key, typeName(f.Type, f), cell(defaultText(f)), cell(meaning))
}

func defaultText(f strict.Field) string {
	switch {
	case f.Derived != "":
		return f.Derived
	case f.Default != "":
		return code(f.Default)
	case f.Required:
		return "**required**"
	}
	return ""
}

func typeName(t reflect.Type, f strict.Field) string {
	if len(f.Enum) > 0 && kindOf(t) == text {
		return "`" + strings.Join(f.Enum, "`, `") + "`"
	}
	switch kindOf(t) {
	case truth:
		return "true or false"
	case number:
		return "whole number"
	case decimal:
		return "number"
	case duration:
		return "duration"
	case webAddress:
		return "URL"
	case network:
		return "address or network"
	case section:
		return "section"
	case byName:
		return "sections by name"
	case mapping:
		return "mapping to " + typeName(t.Elem(), f)
	case list:
		return "list of " + plural(typeName(t.Elem(), f))
	}
	return textName(f)
}

func plural(name string) string {
	switch name {
	case "address with port":
		return "addresses with port"
	case "address or network":
		return "addresses and networks"
	}
	if strings.HasPrefix(name, "`") {
		return name
	}
	return name + "s"
}

func textName(f strict.Field) string {
	switch f.Format {
	case "path", "file", "expression":
		return f.Format
	case "origin", "issuer":
		return "URL"
	case "listen", "hostport":
		return "address with port"
	}
	return "text"
}

func code(s string) string { return "`" + s + "`" }

// cell keeps a text within its cell.
func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }
