package config

import (
	"slices"
	"strings"

	"github.com/edgeauth/edgeauth/config/internal/strict"
)

// LoadPart is [Load] for a command that needs some values only: it does not matter what is wrong elsewhere in the file,
// such as a secret that only the edge can read. Needed are the paths of these values as messages show them; * stands for
// any one name, as in "providers.*.issuer". Other values of the Config may be missing or wrong, and there are no warnings.
func LoadPart(path string, env func(name string) (string, bool), needed ...string) (*Config, error) {
	data, err := read(path)
	if err != nil {
		return nil, err
	}
	c, r := Loader{Env: env}.decode(path, data)
	resolve(c, r)
	validate(c, r)
	problems := slices.DeleteFunc(r.Problems(), func(p strict.Problem) bool {
		return !slices.ContainsFunc(needed, func(n string) bool { return concerns(p.Path, n) })
	})
	if len(problems) > 0 {
		return nil, &Errors{List: describe(path, problems)}
	}
	return c, nil
}

// concerns reports whether a mistake at path spoils a value that is needed: it is with the value, with a part of it, or
// with something around it. A mistake of the whole file has the empty path.
func concerns(path, needed string) bool {
	if path == "" {
		return true
	}
	have, want := strings.Split(path, "."), strings.Split(needed, ".")
	for i := range min(len(have), len(want)) {
		if want[i] != "*" && want[i] != have[i] {
			return false
		}
	}
	return true
}
