package strict

import "slices"

// Place is where the value of a path stands, or the nearest section around it that the file gives.
func (r *Result) Place(path string) Place {
	for {
		if at, ok := r.places[path]; ok || path == "" {
			return at
		}
		path = parent(path)
	}
}

func parent(path string) string {
	for i := len(path) - 1; i >= 0; i-- {
		if path[i] == '.' || path[i] == '[' {
			return path[:i]
		}
	}
	return ""
}

// Given reports whether the file has a value at path.
func (r *Result) Given(path string) bool {
	_, ok := r.places[path]
	return ok
}

// Report adds a problem with the value at path, unless one with it or with something around it is already known.
func (r *Result) Report(path, message, hint string) {
	if !r.Bad(path) {
		r.problem(r.Place(path), path, message, hint)
	}
}

// ReportWithin adds a problem with a character of the expression at path, counted from 0. Unlike Report it adds one to those
// that are known of the same expression.
func (r *Result) ReportWithin(path string, offset int, message, hint string) {
	at := r.Place(path)
	if n, ok := r.texts[path]; ok {
		at = r.source.Within(n, offset)
	}
	r.problem(at, path, message, hint)
}

// Warn adds a remark on the value at path.
func (r *Result) Warn(path, message, hint string) {
	r.add(&r.warnings, r.Place(path), path, message, hint)
}

// ReadValue reads a file whose content is a value, without the newlines at its end; a problem is reported at path.
func (r *Result) ReadValue(path, file string) string {
	value, fault := r.decoder.readValue(file)
	if fault != nil {
		r.Report(path, path+": "+fault.Message, fault.Hint)
	}
	return value
}

// Content reads a file that the value at path names; a problem is reported there.
func (r *Result) Content(path, file string) ([]byte, bool) {
	b, fault := r.decoder.readFile(file)
	if fault != nil {
		r.Report(path, path+": "+fault.Message, fault.Hint)
	}
	return b, fault == nil
}

// Problems are all problems, in the order of the file.
func (r *Result) Problems() []Problem { return sorted(r.shown(r.problems)) }

// Warnings are all warnings, in the order of the file.
func (r *Result) Warnings() []Problem { return sorted(r.shown(r.warnings)) }

// Files are the files whose content went into values, in the order in which they were read, each once.
func (r *Result) Files() []string { return slices.Clone(r.decoder.files) }

// shown adds the source lines, which can be masked only when everything has been decoded.
func (r *Result) shown(list []Problem) []Problem {
	out := slices.Clone(list)
	for i := range out {
		out[i].Source, out[i].Caret = r.source.Show(out[i].Place)
	}
	return out
}

// Bad reports whether the value at path, or something around it, has a problem.
func (r *Result) Bad(path string) bool {
	for p := path; ; p = parent(p) {
		if r.failed[p] {
			return true
		}
		if p == "" {
			return false
		}
	}
}

func (r *Result) problem(at Place, path, message, hint string) {
	r.failed[path] = true
	r.add(&r.problems, at, path, message, hint)
}

func (r *Result) add(list *[]Problem, at Place, path, message, hint string) {
	*list = append(*list, Problem{Place: at, Path: path, Message: message, Hint: hint})
}
