package config

import (
	"slices"
	"strings"
)

// meetable checks that somebody can have both the acr that a route names and one that proves a level which it asks for, or
// which can close it: a login has one acr only. What proves a stricter level proves a weaker one.
func (v validator) meetable(path string, r Route) {
	if len(r.ACR) == 0 {
		return
	}
	all := v.Levels.All()
	for i, name := range v.Levels.Names() {
		closes := share(r.Classes, all[i].Blocks)
		if r.Level != name && !closes || slices.ContainsFunc(all[i:], func(l *Level) bool { return takes(l, all[i], r.ACR) }) {
			continue
		}
		hint := "add one of those that prove " + name + ": " + strings.Join(all[i].ACR, ", ")
		if r.Level == name {
			v.report(path+".acr", "names none that proves "+name+", which the route asks for, and a login has only one: nobody could open it", hint)
			return
		}
		v.warn(path+".acr", "names none that proves "+name+", and a login has only one: nobody can open the route while that level closes it", hint)
		return
	}
}

// takes reports whether a login with one of these acr can prove the level asked for by what l, which is that or a stricter
// one, names.
func takes(l, asked *Level, acr []string) bool {
	if l != asked && len(l.ACR) == 0 && len(l.AMR) == 0 {
		return false
	}
	return len(l.ACR) == 0 || share(l.ACR, acr)
}

func share(a, b []string) bool {
	return slices.ContainsFunc(a, func(s string) bool { return slices.Contains(b, s) })
}
