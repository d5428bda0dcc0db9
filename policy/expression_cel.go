package policy

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/cost"
	"cel.dev/cel-go/common/env"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

// This file is the only one that knows cel-go. The rest of the package sees a tree of nodes, a program that takes facts,
// and mistakes.

// language is CEL's standard one with our names. It can do what cannot be told when the configuration is loaded (dyn,
// type) and macros with two variables as little as optional values, protocol buffers or extensions.
type language struct{ env *cel.Env }

func newLanguage() (language, error) {
	without := &env.LibrarySubset{ExcludeFunctions: []*env.Function{{Name: "dyn"}, {Name: "type"}}}
	options := []cel.EnvOption{
		cel.StdLib(cel.StdLibSubset(without)), cel.ExtendedValidations(), cel.DefaultUTCTimeZone(true),
		cel.ParserExpressionSizeLimit(maxExpression), cel.ParserRecursionLimit(maxDepth), cel.ExpressionNodeLimit(maxNodes),
		cel.ParserErrorRecoveryLimit(4), cel.RegexProgramSizeLimit(maxPattern),
		cel.ASTValidators(cel.ValidateComprehensionNestingLimit(maxLoops)),
		cel.Function("in_network", cel.Overload("in_network_string_string", []*cel.Type{cel.StringType, cel.StringType}, cel.BoolType, cel.BinaryBinding(inNetwork))),
	}
	for _, n := range names() {
		options = append(options, cel.Variable(n.name, typeOf(n.kind)))
	}
	e, err := cel.NewCustomEnv(options...)
	return language{e}, err
}

func typeOf(k kind) *cel.Type {
	switch k {
	case isText:
		return cel.StringType
	case isTruth:
		return cel.BoolType
	case isTime:
		return cel.TimestampType
	case isDuration:
		return cel.DurationType
	case isTexts:
		return cel.ListType(cel.StringType)
	}
	return cel.MapType(cel.StringType, cel.ListType(cel.StringType))
}

// inNetwork reports whether an address is in a network. What is no address is an error.
func inNetwork(address, network ref.Val) ref.Val {
	a, err := netip.ParseAddr(fmt.Sprint(address.Value()))
	if err != nil {
		return types.NewErr("in_network: not an address")
	}
	p, err := netip.ParsePrefix(fmt.Sprint(network.Value()))
	if err != nil {
		return types.NewErr("in_network: not a network")
	}
	return types.Bool(p.Contains(a.Unmap()))
}

// program is an expression that can be evaluated.
type program struct{ cel.Program }

// eval decides, or fails: then the answer is false.
func (p program) eval(f *facts) (bool, error) {
	out, _, err := p.Eval(activation{f})
	if err != nil {
		if names, found := strings.CutPrefix(err.Error(), "no such attribute(s): "); found {
			return false, errors.New(names + " is not known")
		}
		return false, err
	}
	b, ok := out.(types.Bool)
	if !ok {
		return false, fmt.Errorf("neither true nor false, but %s", out.Type().TypeName())
	}
	return bool(b), nil
}

// activation hands the facts to a program.
type activation struct{ *facts }

// ResolveName is for [cel.Activation].
func (a activation) ResolveName(name string) (any, bool) { return a.value(name) }

// Parent is for [cel.Activation].
func (a activation) Parent() cel.Activation { return nil }

// compile returns the checked tree and the program, or what is wrong. A tree without a program is one that is too dear.
func (l language) compile(text string) (*node, program, []Mistake) {
	checked, issues := l.env.Compile(text)
	if issues.Err() != nil {
		var mistakes []Mistake
		for _, e := range issues.Errors() {
			m := Mistake{Offset: offset(text, e.Location.Line(), e.Location.Column()), Message: e.Message}
			mistakes = append(mistakes, reword(text, m))
		}
		return nil, program{}, mistakes
	}
	if !checked.OutputType().IsExactType(cel.BoolType) {
		return nil, program{}, []Mistake{{Message: "must be true or false, not " + checked.OutputType().String(), Hint: "compare it with something"}}
	}
	tree := treeOf(checked.NativeRep(), text)
	if dear := l.price(checked); dear != nil {
		return tree, program{}, dear
	}
	run, err := l.env.Program(checked, cel.EvalOptions(cel.OptOptimize), cel.CostLimit(maxCost))
	if err != nil {
		return nil, program{}, []Mistake{{Message: err.Error()}}
	}
	return tree, program{run}, nil
}

// price refuses what could cost too much with the largest values that there can be.
func (l language) price(checked *cel.Ast) []Mistake {
	estimate, err := l.env.EstimateCost(checked, sizes{})
	if err != nil {
		return []Mistake{{Message: err.Error()}}
	}
	if estimate.Max > maxCost {
		return []Mistake{{Message: fmt.Sprintf("could take too long: %d steps, where %d are permitted", estimate.Max, maxCost),
			Hint: "loops within loops and regular expressions on long texts are what costs"}}
	}
	return nil
}

// sizes tells how large values can be.
type sizes struct{}

// EstimateSize is for [cost.Estimator].
func (sizes) EstimateSize(element cost.AstNode) *cost.SizeEstimate {
	path := element.Path()
	if len(path) == 0 {
		return nil
	}
	s, known := sizeOf(path[0])
	if !known {
		return nil
	}
	var largest uint64
	switch kind := element.Type().Kind(); {
	case kind == types.MapKind:
		largest = s.entries
	case kind == types.ListKind && s.values > 0: // of a mapping
		largest = s.values
	case kind == types.ListKind:
		largest = s.entries
	default:
		largest = max(1, s.characters)
	}
	e := cost.RangedSizeEstimate(0, largest)
	return &e
}

// EstimateCallCost is for [cost.Estimator]; what is not in_network is CEL's own.
func (sizes) EstimateCallCost(function, _ string, _ *cost.AstNode, _ []cost.AstNode) *cost.CallEstimate {
	if function != "in_network" {
		return nil
	}
	return cost.NewCallEstimate(cost.FixedCostEstimate(5), nil)
}

// reader makes nodes of a checked tree.
type reader struct {
	tree *ast.AST
	text string
}

func treeOf(tree *ast.AST, text string) *node {
	return reader{tree, text}.node(tree.Expr())
}

func (r reader) node(e ast.Expr) *node {
	start := r.tree.SourceInfo().GetStartLocation(e.ID())
	n := &node{at: offset(r.text, start.Line(), start.Column())}
	switch e.Kind() {
	case ast.LiteralKind:
		if s, ok := e.AsLiteral().(types.String); ok {
			n.sort, n.text = literal, string(s)
		}
	case ast.IdentKind:
		n.sort, n.text = named, e.AsIdent()
		n.at = whole(r.text, n)
	case ast.SelectKind:
		n.sort, n.text, n.parts = field, e.AsSelect().FieldName(), r.nodes(e.AsSelect().Operand())
	case ast.CallKind:
		c := e.AsCall()
		n.sort, n.text, n.parts = call, c.FunctionName(), r.nodes(c.Args()...)
		if c.IsMemberFunction() {
			n.parts = append(r.nodes(c.Target()), n.parts...)
		}
	case ast.ListKind:
		n.sort, n.parts = list, r.nodes(e.AsList().Elements()...)
	case ast.MapKind:
		for _, entry := range e.AsMap().Entries() {
			n.parts = append(n.parts, r.nodes(entry.AsMapEntry().Key(), entry.AsMapEntry().Value())...)
		}
	case ast.StructKind:
		for _, f := range e.AsStruct().Fields() {
			n.parts = append(n.parts, r.node(f.AsStructField().Value()))
		}
	case ast.ComprehensionKind:
		c := e.AsComprehension()
		n.sort, n.text = loop, c.IterVar()
		n.parts = r.nodes(c.IterRange(), c.AccuInit(), c.LoopCondition(), c.LoopStep(), c.Result())
	}
	return n
}

func (r reader) nodes(all ...ast.Expr) []*node {
	var out []*node
	for _, e := range all {
		out = append(out, r.node(e))
	}
	return out
}
