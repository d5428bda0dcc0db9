package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

// event is one line of `go test -json` (go doc test2json).
type event struct {
	Action     string
	Package    string
	ImportPath string // of build output; Package is empty then
	Test       string
	Elapsed    float64 // seconds
	Output     string
}

// skip is one skipped test.
type skip struct{ pkg, test, reason string }

// Summary collects events and writes what a reader wants to know. Use NewSummary.
type Summary struct {
	w        io.Writer
	output   map[[2]string][]string // by package and test, until the test has ended
	passed   int
	failed   int
	packages int // that failed
	skipped  []skip
}

// NewSummary returns a summary that writes to w.
func NewSummary(w io.Writer) *Summary {
	return &Summary{w: w, output: map[[2]string][]string{}}
}

// Read takes events from r up to its end. A line that is no event is passed through.
func (s *Summary) Read(r io.Reader) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			fmt.Fprintln(s.w, lines.Text())
			continue
		}
		s.add(e)
	}
	return lines.Err()
}

// Passed reports whether nothing failed and at least one test was seen.
func (s *Summary) Passed() bool { return s.failed == 0 && s.packages == 0 && s.passed > 0 }

// Finish writes the totals and the list of skipped tests.
func (s *Summary) Finish() {
	fmt.Fprintf(s.w, "\n%d tests passed, %d failed in %d packages, %d skipped\n",
		s.passed, s.failed, s.packages, len(s.skipped))
	for _, skipped := range s.skipped {
		fmt.Fprintf(s.w, "  skipped: %s in %s: %s\n", skipped.test, skipped.pkg, skipped.reason)
	}
}

func (s *Summary) add(e event) {
	switch {
	case e.Action == "build-output":
		fmt.Fprint(s.w, e.Output)
	case e.Action == "output":
		key := [2]string{e.Package, e.Test}
		s.output[key] = append(s.output[key], e.Output)
	case e.Test != "":
		s.endTest(e)
	default:
		s.endPackage(e)
	}
}

func (s *Summary) endTest(e event) {
	key := [2]string{e.Package, e.Test}
	switch e.Action {
	case "pass":
		s.passed++
	case "fail":
		s.failed++
		fmt.Fprintf(s.w, "\n%s %s\n%s", e.Package, e.Test, strings.Join(s.output[key], ""))
	case "skip":
		s.skipped = append(s.skipped, skip{e.Package, e.Test, reason(s.output[key])})
	default:
		return // run, pause, cont, bench: the test goes on
	}
	delete(s.output, key)
}

func (s *Summary) endPackage(e event) {
	switch e.Action {
	case "pass":
		fmt.Fprintf(s.w, "ok    %7.1fs  %s\n", e.Elapsed, e.Package)
	case "skip":
		fmt.Fprintf(s.w, "  -             %s (no tests)\n", e.Package)
	case "fail":
		s.packages++
		s.unfinished(e.Package)
		fmt.Fprintf(s.w, "FAIL  %7.1fs  %s\n", e.Elapsed, e.Package)
	default:
		return
	}
	for key := range s.output {
		if key[0] == e.Package {
			delete(s.output, key)
		}
	}
}

// unfinished shows what a failed package wrote outside of tests, and the tests that never ended: a panic, a race that was
// found late, or a time limit speaks there.
func (s *Summary) unfinished(pkg string) {
	var tests []string
	for key := range s.output {
		if key[0] == pkg {
			tests = append(tests, key[1])
		}
	}
	slices.Sort(tests)
	for _, test := range tests {
		if test != "" {
			fmt.Fprintf(s.w, "\n%s %s (did not end)\n", pkg, test)
		}
		fmt.Fprint(s.w, strings.Join(s.output[[2]string{pkg, test}], ""))
	}
}

// reason finds what t.Skip said in a skipped test's output: "    file_test.go:12: reason" among the frame lines.
func reason(output []string) string {
	var said []string
	for _, line := range output {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "=== ") || strings.HasPrefix(line, "--- ") {
			continue
		}
		if _, after, found := strings.Cut(line, ".go:"); found {
			if _, text, found := strings.Cut(after, ": "); found {
				line = text
			}
		}
		said = append(said, strings.TrimPrefix(line, "SKIPPED: "))
	}
	if len(said) == 0 {
		return "no reason given"
	}
	return strings.Join(said, " ")
}
