package config

import (
	"slices"

	"github.com/edgeauth/edgeauth/config/internal/strict"
	"github.com/edgeauth/edgeauth/config/internal/suggestion"
)

// levelName keeps the levels apart. The key of another level is refused even where that has a name of its own: sessions and
// floors from before the change would pass from one level to the other.
func (v validator) levelName(rank int) {
	path := levelNamePath(rank)
	names := v.Levels.Names()
	for other, key := range levelKeys() {
		switch {
		case other != rank && names[rank] == key:
			v.report(path, "is the key of levels."+key+", and sessions and floors from before would change their level", "use a name that no level has had")
			return
		case other < rank && names[rank] == names[other]:
			v.report(path, "is the name of levels."+key+" too", "each level needs its own")
			return
		}
	}
}

func levelNamePath(rank int) string { return strict.Key("levels", levelKeys()[rank]) + ".name" }

// level checks that a name is one of a level; the empty name refers to nothing. While the name of a level is no good itself,
// nobody can tell what was meant.
func (v validator) level(path, name string) {
	names := v.Levels.Names()
	for rank := range names {
		if name == "" || name == names[rank] || v.r.Bad(levelNamePath(rank)) {
			return
		}
	}
	hint := suggestion.Hint(name, names)
	if rank := slices.Index(levelKeys(), name); rank >= 0 {
		hint = "did you mean `" + names[rank] + "`? That is what levels." + name + " is called"
	}
	v.report(path, "there is no level of this name", hint)
}
