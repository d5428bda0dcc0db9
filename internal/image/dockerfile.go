// Package image reads the files that packaging is made of: a Dockerfile and a .dockerignore. It knows as much of both as
// the tests need that build the image's file set without Docker; it must not know edgeauth.
package image

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Stage is one FROM and what follows it.
type Stage struct {
	Base, Name string
	Steps      []Step
}

// Step is one instruction of a stage.
type Step struct {
	Verb  string            // in capitals: COPY, RUN, ...
	Flags map[string]string // --from=build as from: build; of a flag given twice, the last
	Text  string            // what follows the flags, on one line
}

// ParseDockerfile splits a Dockerfile into its stages. It knows comments, continued lines and flags; no here-documents
// and no parser directives.
func ParseDockerfile(text string) ([]Stage, error) {
	var stages []Stage
	for _, line := range logicalLines(text) {
		step := parseStep(line)
		if step.Verb == "FROM" {
			base, name, _ := strings.Cut(step.Text, " AS ")
			stages = append(stages, Stage{Base: base, Name: name})
			continue
		}
		if len(stages) == 0 {
			return nil, fmt.Errorf("%s stands before the first FROM", step.Verb)
		}
		last := &stages[len(stages)-1]
		last.Steps = append(last.Steps, step)
	}
	return stages, nil
}

// All returns the stage's steps of one verb.
func (s Stage) All(verb string) (steps []Step) {
	for _, step := range s.Steps {
		if step.Verb == verb {
			steps = append(steps, step)
		}
	}
	return steps
}

// Words returns the step's arguments: the elements of its JSON array (the exec form), else its words.
func (s Step) Words() []string {
	var words []string
	if json.Unmarshal([]byte(s.Text), &words) == nil {
		return words
	}
	return strings.Fields(s.Text)
}

func logicalLines(text string) (lines []string) {
	var open strings.Builder
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if head, more := strings.CutSuffix(line, `\`); more {
			open.WriteString(head)
			continue
		}
		open.WriteString(line)
		lines = append(lines, open.String())
		open.Reset()
	}
	return lines
}

func parseStep(line string) Step {
	verb, rest, _ := strings.Cut(line, " ")
	step := Step{Verb: strings.ToUpper(verb), Flags: map[string]string{}}
	for {
		rest = strings.TrimSpace(rest)
		flag, after, _ := strings.Cut(rest, " ")
		if !strings.HasPrefix(flag, "--") {
			step.Text = rest
			return step
		}
		name, value, _ := strings.Cut(strings.TrimPrefix(flag, "--"), "=")
		step.Flags[name], rest = value, after
	}
}
