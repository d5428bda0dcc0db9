package config

import (
	"slices"
	"strings"
	"time"

	"github.com/edgeauth/edgeauth/config/internal/strict"
)

// levels keeps admission monotone: a stronger level never lets in what a weaker one refuses.
func (v validator) levels() {
	all := v.Levels.All()
	for i, key := range levelKeys() {
		path := strict.Key("levels", key)
		v.levelName(i)
		v.proof(path, all[i])
		if i > 0 {
			v.notWeaker(path, levelKeys()[i-1], all[i-1], all[i])
		}
	}
}

// acrAlone is what is wrong with an acr without an amr.
const acrAlone = "proves little by itself: providers give it to people who have just enrolled an authenticator"

// proof warns of a level that closes something which nothing in particular opens.
func (v validator) proof(path string, l *Level) {
	switch {
	case len(l.Blocks) > 0 && len(l.ACR) == 0 && len(l.AMR) == 0:
		v.warn(path+".blocks", "is opened again by any new login, because the level names no acr and no amr", "name what proves it")
	case len(l.ACR) > 0 && len(l.AMR) == 0:
		v.warn(path+".acr", acrAlone, "name an amr too, as in [hwk]")
	}
}

func (v validator) notWeaker(path, weakerName string, weaker, l *Level) {
	if l.MaxStaleness > weaker.MaxStaleness {
		v.report(path+".max_staleness", "must not be longer than that of "+weakerName+", which is weaker", v.bothAre(path+".max_staleness", l.MaxStaleness, weakerName, weaker.MaxStaleness))
	}
	if slices.Index(Pasts(), l.Past) < slices.Index(Pasts(), weaker.Past) {
		v.report(path+".past", "must not be "+string(l.Past)+" while that of "+weakerName+", which is weaker, is "+string(weaker.Past), "")
	}
	if l.Lifetime > weaker.Lifetime {
		v.report(path+".lifetime", "must not be longer than that of "+weakerName+", which is weaker", v.bothAre(path+".lifetime", l.Lifetime, weakerName, weaker.Lifetime))
	}
	if l.Idle > weaker.Idle {
		v.report(path+".idle", "must not be longer than that of "+weakerName+", which is weaker", v.bothAre(path+".idle", l.Idle, weakerName, weaker.Idle))
	}
	if l.Hold < weaker.Hold && len(weaker.Blocks) > 0 { // a floor that closes nothing is missed by nobody
		v.report(path+".hold", "must not be shorter than that of "+weakerName+", which is weaker", v.bothAre(path+".hold", l.Hold, weakerName, weaker.Hold))
	}
	if l.AllowNewAuthenticator && !weaker.AllowNewAuthenticator && len(weaker.ACR)+len(weaker.AMR) > 0 {
		v.report(path+".allow_new_authenticator", "must not be true while that of "+weakerName+", which is weaker, is false", "")
	}
	if weaker.MaxAge > 0 && (l.MaxAge == 0 || l.MaxAge > weaker.MaxAge) {
		v.report(path+".max_age", "must not be longer than that of "+weakerName+", which is weaker", "0s stands for any time")
	}
	if len(weaker.ACR)+len(weaker.AMR) > 0 && len(l.ACR)+len(l.AMR) == 0 {
		v.report(path+".acr", "must name something, because "+weakerName+", which is weaker, does", "name what proves it, and an amr")
	}
	for _, class := range weaker.Blocks {
		if !slices.Contains(l.Blocks, class) {
			v.report(path+".blocks", "must contain "+class+", which "+weakerName+", the weaker level, blocks", "")
		}
	}
}

// bothAre says what two levels have. The value at path may be a default, of which the file says nothing.
func (v validator) bothAre(path string, d time.Duration, weakerName string, weaker time.Duration) string {
	hint := isFor(weakerName, weaker)
	if !v.r.Given(path) {
		hint += "; for this level it is " + brief(d) + " unless you set it"
	}
	return hint
}

// isFor says what a level has, which may be a default that stands nowhere in the file.
func isFor(level string, d time.Duration) string { return "it is " + brief(d) + " for " + level }

// brief is a duration without the units that are zero.
func brief(d time.Duration) string {
	text := d.String()
	for _, none := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, none) {
			text = strings.TrimSuffix(text, none[1:])
		}
	}
	return text
}

// assurance checks what a route asks of an authentication.
func (v validator) assurance(path string, r Route) {
	v.level(path+".level", r.Level)
	if i := slices.Index(v.Levels.Names(), r.Level); i >= 0 {
		if l := v.Levels.All()[i]; len(l.ACR) == 0 && len(l.AMR) == 0 && l.MaxAge == 0 {
			v.warn(path+".level", "asks for nothing, because the level names no acr, amr or max_age", "")
		}
	}
	if len(r.ACR) > 0 && len(r.AMR) == 0 {
		v.warn(path+".acr", acrAlone, "name an amr too, as in [hwk]")
	}
	v.meetable(path, r)
	for i, class := range r.Classes {
		blocks := func(l *Level) bool { return slices.Contains(l.Blocks, class) }
		if !slices.ContainsFunc(v.Levels.All(), blocks) {
			v.warn(strict.Index(path+".classes", i), "no level blocks this class", "")
		}
	}
	unique(r.Classes, func(i int) { v.report(strict.Index(path+".classes", i), "is listed twice", "") })
}
