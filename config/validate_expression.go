package config

import (
	"errors"
	"slices"

	"github.com/edgeauth/edgeauth/policy"
)

// NewCompiler returns a compiler for the expressions of routes: they are checked with it, and carried out with one like it.
func (c *Config) NewCompiler() (*policy.Compiler, error) {
	levels := c.Levels.Ranked()
	return policy.NewCompiler(levels[:])
}

// prepare makes a compiler if there are expressions: it takes a moment.
func (v *validator) prepare() {
	if !slices.ContainsFunc(v.Routes, func(r Route) bool { return r.Allow != "" || r.When != "" }) {
		return
	}
	var err error
	if v.compiler, err = v.NewCompiler(); err != nil {
		v.report("routes", err.Error(), "")
	}
}

func (v validator) expressions(path string, r Route) {
	v.expression(path+".allow", r.Allow)
	v.expression(path+".when", r.When)
	asks := len(r.Classes) > 0 || r.Level != "" || len(r.ACR) > 0 || len(r.AMR) > 0 || r.MaxAge > 0
	if r.When != "" && !asks && !r.Public {
		v.report(path+".when", "has no effect, because the route has no classes, level, acr, amr or max_age", "say what is asked of these requests, or move the condition to allow")
	}
}

// expression reports every mistake in its place within the text.
func (v validator) expression(path, text string) {
	if text == "" || v.compiler == nil || v.r.Bad(path) {
		return
	}
	_, err := v.compiler.Compile(text)
	var bad *policy.CompileError
	switch {
	case errors.As(err, &bad):
		for _, m := range bad.Mistakes {
			v.r.ReportWithin(path, m.Offset, path+": "+m.Message, m.Hint)
		}
	case err != nil:
		v.report(path, err.Error(), "")
	}
}
