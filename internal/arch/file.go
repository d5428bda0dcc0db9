// Package arch checks rules about source code that the compiler does not know: who may import whom, and what must not stand
// where. It owns the reading of the tree and the kinds of rules; it must not know the rules of this project, which stand with
// their reasons in arch_test.go at the root.
package arch

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
)

// File is one parsed Go file.
type File struct {
	Path    string // relative to the root, with slashes
	Package string // directory relative to the root, "." for the root itself
	Test    bool   // a _test.go file
	tree    *ast.File
	fset    *token.FileSet
}

// Finding is one breach of a rule.
type Finding struct {
	Where  string // file:line
	What   string
	Reason string // why the rule exists
}

func (f Finding) String() string {
	return fmt.Sprintf("%s: %s\n\tbecause %s", f.Where, f.What, f.Reason)
}

// Parse reads one file from memory; name is its path relative to the root.
func Parse(name string, source []byte) (File, error) {
	fset := token.NewFileSet()
	tree, err := parser.ParseFile(fset, name, source, parser.ParseComments)
	if err != nil {
		return File{}, fmt.Errorf("parsing %s: %w", name, err)
	}
	return File{
		Path: name, Package: path.Dir(name), Test: strings.HasSuffix(name, "_test.go"), tree: tree, fset: fset,
	}, nil
}

// Load parses every Go file below root that belongs to its module: not testdata, hidden folders, or modules of their own.
func Load(root string) ([]File, error) {
	var files []File
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return skipDir(root, name)
		}
		if filepath.Ext(name) != ".go" {
			return nil
		}
		source, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		file, err := Parse(filepath.ToSlash(relative), source)
		files = append(files, file)
		return err
	})
	return files, err
}

func skipDir(root, dir string) error {
	if dir == root {
		return nil
	}
	base := filepath.Base(dir)
	if base == "testdata" || strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") {
		return filepath.SkipDir
	}
	if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
		return filepath.SkipDir
	}
	return nil
}

// Imports returns the import paths of the file.
func (f File) Imports() []string {
	paths := make([]string, len(f.tree.Imports))
	for i, spec := range f.tree.Imports {
		paths[i], _ = strconv.Unquote(spec.Path.Value)
	}
	return paths
}

// In reports whether the file's package is one of packages or below one of them.
func (f File) In(packages ...string) bool {
	for _, p := range packages {
		if below(f.Package, p) {
			return true
		}
	}
	return false
}

// below reports whether path is prefix or a path below it.
func below(path, prefix string) bool {
	return path == prefix || strings.HasPrefix(path, prefix+"/")
}

// at makes a finding at node.
func (f File) at(node ast.Node, reason, format string, args ...any) Finding {
	where := fmt.Sprintf("%s:%d", f.Path, f.fset.Position(node.Pos()).Line)
	return Finding{Where: where, What: fmt.Sprintf(format, args...), Reason: reason}
}
