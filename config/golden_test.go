package config_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/edgeauth/edgeauth/config"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestMistakesAreShownAsInTheGoldenFiles(t *testing.T) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) { checkGolden(t, file) })
	}
}

func checkGolden(t *testing.T, file string) {
	c, err := fakeLoader().Parse(filepath.Base(file), readFile(t, file))
	got := shown(c, err)
	golden := strings.TrimSuffix(file, ".yaml") + ".golden"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(string(readFile(t, golden)), got); diff != "" {
		t.Error(diff)
	}
	if strings.Contains(got, "hunter2") || strings.Contains(got, "from-the-environment") {
		t.Error("a secret is shown")
	}
}

// shown is what a user would see: the mistakes, or else the warnings.
func shown(c *config.Config, err error) string {
	if err != nil {
		return err.Error() + "\n"
	}
	out := "accepted\n"
	for _, w := range c.Warnings {
		out += w.Pretty() + "\n"
	}
	return out
}

func TestErrorsCanBeInspected(t *testing.T) {
	_, err := config.Parse("edge.yaml", []byte("server: {colour: red}\n"), nil)
	var all *config.Errors
	if !errors.As(err, &all) || len(all.List) < 2 {
		t.Fatalf("err = %v, want *config.Errors with several mistakes", err)
	}
	var one config.Error
	if !errors.As(err, &one) || one.File != "edge.yaml" || one.Line != 1 || one.Hint == "" {
		t.Errorf("the first mistake is %+v", one)
	}
}
