package arch

import (
	"go/ast"
	"go/token"
	"strings"
)

// Excuse is the comment that lets a package-level variable of a mutable type stand: it begins so and says why nobody
// writes to it.
const Excuse = "constant table:"

// State says that production code has no init function, no package-level variable that can be changed, and starts no
// goroutine.
type State struct {
	Except     []string          // packages that are exempt
	Goroutines map[string]string // files that may start goroutines, with the reason
	Reason     string
}

// Check implements Rule.
func (r State) Check(f File) []Finding {
	if f.Test || f.In(r.Except...) {
		return nil
	}
	var findings []Finding
	for _, declaration := range f.tree.Decls {
		switch d := declaration.(type) {
		case *ast.FuncDecl:
			findings = append(findings, r.function(f, d)...)
		case *ast.GenDecl:
			if d.Tok == token.VAR {
				findings = append(findings, r.variables(f, d)...)
			}
		}
	}
	return findings
}

func (r State) function(f File, d *ast.FuncDecl) []Finding {
	var findings []Finding
	if d.Recv == nil && d.Name.Name == "init" {
		findings = append(findings, f.at(d, r.Reason, "has an init function"))
	}
	_, mayStart := r.Goroutines[f.Path]
	ast.Inspect(d, func(node ast.Node) bool {
		switch n := node.(type) {
		case *ast.GoStmt:
			if !mayStart {
				findings = append(findings, f.at(n, r.Reason, "starts a goroutine"))
			}
		case *ast.AssignStmt:
			for _, left := range n.Lhs {
				findings = append(findings, r.write(f, left)...)
			}
		case *ast.IncDecStmt:
			findings = append(findings, r.write(f, n.X)...)
		}
		return true
	})
	return findings
}

// write finds an assignment to a variable of the package (declared in the same file, or to an element or field of it).
func (r State) write(f File, target ast.Expr) []Finding {
	for {
		switch x := target.(type) {
		case *ast.IndexExpr:
			target = x.X
		case *ast.SelectorExpr:
			target = x.X
		case *ast.StarExpr:
			target = x.X
		case *ast.ParenExpr:
			target = x.X
		case *ast.Ident:
			if x.Obj != nil && f.tree.Scope.Lookup(x.Name) == x.Obj && x.Obj.Kind == ast.Var {
				return []Finding{f.at(x, r.Reason, "writes to the package's variable %s", x.Name)}
			}
			return nil
		default:
			return nil
		}
	}
}

func (r State) variables(f File, d *ast.GenDecl) []Finding {
	var findings []Finding
	for _, s := range d.Specs {
		spec := s.(*ast.ValueSpec)
		if excused(d.Doc) || excused(spec.Doc) || excused(spec.Comment) || embedded(d.Doc) || embedded(spec.Doc) {
			continue
		}
		kind := mutableType(spec.Type)
		for _, value := range spec.Values {
			if k := mutableValue(value); kind == "" {
				kind = k
			}
		}
		if kind != "" && spec.Names[0].Name != "_" {
			findings = append(findings, f.at(spec, r.Reason,
				"variable %s of the package holds a %s and no comment says %q", spec.Names[0].Name, kind, Excuse))
		}
	}
	return findings
}

func excused(group *ast.CommentGroup) bool {
	return group != nil && strings.Contains(strings.ToLower(group.Text()), Excuse)
}

func embedded(group *ast.CommentGroup) bool {
	if group == nil {
		return false
	}
	for _, comment := range group.List {
		if strings.HasPrefix(comment.Text, "//go:embed") {
			return true
		}
	}
	return false
}

// mutableType names the kind of a type that can be written through, or nothing.
func mutableType(t ast.Expr) string {
	switch x := t.(type) {
	case *ast.MapType:
		return "map"
	case *ast.ArrayType:
		if x.Len == nil {
			return "slice"
		}
	case *ast.ChanType:
		return "channel"
	case *ast.StarExpr:
		return "pointer"
	case *ast.FuncType:
		return "function"
	case *ast.StructType:
		for _, field := range x.Fields.List {
			if kind := mutableType(field.Type); kind != "" {
				return kind
			}
		}
	case *ast.IndexExpr:
		return mutableType(x.X)
	case *ast.SelectorExpr:
		if p, ok := x.X.(*ast.Ident); ok && (p.Name == "sync" || p.Name == "atomic") {
			return p.Name + "." + x.Sel.Name
		}
	}
	return ""
}

// mutableValue does the same for what a variable is initialised with. What another package's function returns is taken to
// be a value, as those of errors.New and regexp.MustCompile are.
func mutableValue(v ast.Expr) string {
	switch x := v.(type) {
	case *ast.CompositeLit:
		return mutableType(x.Type)
	case *ast.UnaryExpr:
		if x.Op == token.AND {
			return "pointer"
		}
	case *ast.FuncLit:
		return "function"
	case *ast.CallExpr:
		if name, ok := x.Fun.(*ast.Ident); ok {
			if name.Name == "make" && len(x.Args) > 0 {
				return mutableType(x.Args[0])
			}
			if name.Name == "new" {
				return "pointer"
			}
		}
		return mutableType(x.Fun) // a conversion such as []byte("x"); sync.OnceFunc and its like
	}
	return ""
}
