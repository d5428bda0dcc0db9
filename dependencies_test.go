package edgeauth_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEveryDependencyIsListedWithItsReason(t *testing.T) {
	listed, incomplete := listedModules(read(t, "docs/dependencies.md"))
	if diff := cmp.Diff(directModules(read(t, "go.mod")), listed); diff != "" {
		t.Errorf("go.mod and docs/dependencies.md differ (-go.mod +docs):\n%s", diff)
	}
	for _, row := range incomplete {
		t.Errorf("a row without where, why, alternatives and upkeep: %s", row)
	}
}

func TestTheListOfDependenciesIsReadStrictly(t *testing.T) {
	const mod = "module m\n\ngo 1.26\n\nrequire example.org/one v1.0.0\n\nrequire (\n\texample.org/two/v2 v2.0.0\n" +
		"\texample.org/three v3.0.0 // indirect\n)\n"
	if diff := cmp.Diff([]string{"example.org/one", "example.org/two/v2"}, directModules(mod)); diff != "" {
		t.Errorf("direct modules (-want +got):\n%s", diff)
	}
	const page = "| `example.org/b` | x | because | none | yes |\n| `example.org/a` | x |  | none | yes |\n| module | where |\n"
	listed, incomplete := listedModules(page)
	if diff := cmp.Diff([]string{"example.org/a", "example.org/b"}, listed); diff != "" {
		t.Errorf("listed modules (-want +got):\n%s", diff)
	}
	if len(incomplete) != 1 || !strings.Contains(incomplete[0], "example.org/a") {
		t.Errorf("incomplete rows: %q", incomplete)
	}
}

// directModules returns the modules that a go.mod requires without "// indirect", sorted.
func directModules(mod string) []string {
	requirement := regexp.MustCompile(`(?m)^(?:require )?\t?([a-z0-9.-]+\.[a-z]+/\S+) v\S+$`)
	var modules []string
	for _, match := range requirement.FindAllStringSubmatch(mod, -1) {
		modules = append(modules, match[1])
	}
	slices.Sort(modules)
	return modules
}

// listedModules returns the modules in the first column of the tables, sorted, and the rows with an empty column.
func listedModules(page string) (modules, incomplete []string) {
	for line := range strings.Lines(page) {
		module, rest, found := strings.Cut(strings.TrimPrefix(line, "| `"), "` |")
		if !strings.HasPrefix(line, "| `") || !found {
			continue
		}
		modules = append(modules, module)
		cells := strings.Split(strings.TrimSuffix(strings.TrimSpace(rest), "|"), "|")
		empty := slices.ContainsFunc(cells, func(cell string) bool { return strings.TrimSpace(cell) == "" })
		if len(cells) != 4 || empty {
			incomplete = append(incomplete, strings.TrimSpace(line))
		}
	}
	slices.Sort(modules)
	return modules, incomplete
}

func read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
