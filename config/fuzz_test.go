package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"github.com/edgeauth/edgeauth/config"
)

// FuzzParse: whatever the file, Parse answers with a configuration or with mistakes in order, each in its place, and
// never shows what the environment or a file holds.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range append(files, examplePath) {
		b, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte(minimal))
	const canary = "zqJxKvWcanary"
	loader := config.Loader{
		Env:      func(string) (string, bool) { return canary, true },
		ReadFile: func(string) ([]byte, error) { return []byte(canary), nil },
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := loader.Parse("edge.yaml", data)
		if err == nil {
			checkAccepted(t, c)
			return
		}
		var all *config.Errors
		if !errors.As(err, &all) || len(all.List) == 0 {
			t.Fatalf("err = %v, want *config.Errors", err)
		}
		checkMistakes(t, all.List)
		if !strings.Contains(string(data), canary) && strings.Contains(err.Error(), canary) {
			t.Fatalf("a substituted value is shown: %v", err)
		}
	})
}

func checkAccepted(t *testing.T, c *config.Config) {
	if len(c.Server.Hosts) == 0 || len(c.Routes) == 0 || len(c.Upstreams) == 0 {
		t.Fatal("accepted without hosts, routes or upstreams")
	}
	for _, r := range c.Routes {
		if _, ok := c.Upstream(r.Upstream); !ok {
			t.Fatalf("route %q leads nowhere", r.Name)
		}
		if !r.Public && len(c.Providers) == 0 {
			t.Fatalf("route %q needs a login, but there is no provider", r.Name)
		}
	}
	for _, w := range c.Warnings {
		if w.Line < 1 || w.Message == "" {
			t.Fatalf("a warning without place or message: %+v", w)
		}
	}
}

func checkMistakes(t *testing.T, list []config.Error) {
	for _, e := range list {
		if e.Message == "" || e.File != "edge.yaml" || e.Line < 0 || e.Line > 0 && e.Column < 1 {
			t.Fatalf("a mistake without its place: %+v", e)
		}
		if strings.ContainsAny(e.Pretty(), "\x1b\r\x00\x07\u202e") {
			t.Fatalf("a control character is shown: %q", e.Pretty())
		}
	}
	if !sort.SliceIsSorted(list, func(i, j int) bool { return list[i].Line < list[j].Line }) {
		t.Fatal("the mistakes are not in the order of the file")
	}
}
