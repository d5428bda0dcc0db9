package arch

import (
	"go/ast"
	"slices"
	"strconv"
	"strings"
)

// Rule looks at one file.
type Rule interface {
	Check(File) []Finding
}

// Check applies every rule to every file.
func Check(files []File, rules []Rule) []Finding {
	var findings []Finding
	for _, file := range files {
		for _, rule := range rules {
			findings = append(findings, rule.Check(file)...)
		}
	}
	return findings
}

// Leaf says that production code of packages imports the standard library, itself and Allowed only.
type Leaf struct {
	Packages []string // relative to Module
	Module   string   // import path of the root
	Allowed  []string // import paths; what is below them is allowed too
	Reason   string
}

// Check implements Rule.
func (r Leaf) Check(f File) []Finding {
	if f.Test || !f.In(r.Packages...) {
		return nil
	}
	allowed := slices.Clone(r.Allowed)
	for _, p := range r.Packages {
		if f.In(p) {
			allowed = append(allowed, r.Module+"/"+p)
		}
	}
	return eachImport(f, func(path string) bool {
		return standard(path) || slices.ContainsFunc(allowed, func(a string) bool { return below(path, a) })
	}, r.Reason)
}

// Door says that only certain packages may import certain paths (and what is below them).
type Door struct {
	Imports []string
	Only    []string // packages relative to the root
	File    string   // the only file there that may, relative to the root; empty: any
	Tests   bool     // whether test files must keep to it too
	Reason  string
}

// Check implements Rule.
func (r Door) Check(f File) []Finding {
	if f.Test && !r.Tests || f.In(r.Only...) && (r.File == "" || r.File == f.Path) {
		return nil
	}
	return eachImport(f, func(path string) bool { return !anyBelow(path, r.Imports) }, r.Reason)
}

// Wall says that packages must not import certain paths (and what is below them).
type Wall struct {
	Packages []string
	Imports  []string
	Reason   string
}

// Check implements Rule.
func (r Wall) Check(f File) []Finding {
	if f.Test || !f.In(r.Packages...) {
		return nil
	}
	return eachImport(f, func(path string) bool { return !anyBelow(path, r.Imports) }, r.Reason)
}

func anyBelow(path string, prefixes []string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool { return below(path, p) })
}

func eachImport(f File, allowed func(path string) bool, reason string) []Finding {
	var findings []Finding
	for _, spec := range f.tree.Imports {
		if path, _ := strconv.Unquote(spec.Path.Value); !allowed(path) {
			findings = append(findings, f.at(spec, reason, "imports %s", path))
		}
	}
	return findings
}

// standard reports whether path belongs to the standard library: no module's path begins with an element without a dot.
func standard(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return !strings.Contains(first, ".")
}

// Uses says that production code must not name certain things of a package, such as time.Now.
type Uses struct {
	Packages []string // none: every package
	Except   []string
	Import   string
	Names    []string
	Reason   string
}

// Check implements Rule.
func (r Uses) Check(f File) []Finding {
	if f.Test || f.In(r.Except...) || len(r.Packages) > 0 && !f.In(r.Packages...) {
		return nil
	}
	local := f.localName(r.Import)
	if local == "" {
		return nil
	}
	var findings []Finding
	ast.Inspect(f.tree, func(node ast.Node) bool {
		selector, ok := node.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		// A nil Obj means that nothing of this file is called so: it is the import.
		x, ok := selector.X.(*ast.Ident)
		if ok && x.Name == local && x.Obj == nil && slices.Contains(r.Names, selector.Sel.Name) {
			findings = append(findings, f.at(node, r.Reason, "uses %s.%s", r.Import, selector.Sel.Name))
		}
		return true
	})
	return findings
}

// localName returns what the file calls the package at path, or nothing where it does not import it.
func (f File) localName(path string) string {
	for _, spec := range f.tree.Imports {
		if p, _ := strconv.Unquote(spec.Path.Value); p != path {
			continue
		}
		if spec.Name != nil {
			return spec.Name.Name
		}
		return path[strings.LastIndex(path, "/")+1:]
	}
	return ""
}
