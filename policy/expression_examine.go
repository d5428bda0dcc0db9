package policy

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

// node is a part of an expression's checked tree, as far as we look at it.
type node struct {
	sort  sort
	at    int    // where in the text, in characters
	text  string // of a literal text, name, function, field, or loop variable
	parts []*node
}

// sort is what a node is.
type sort uint8

const (
	anything sort = iota // with parts
	literal              // a text
	named                // a name of ours, or a loop's variable
	call                 // a function or operator with what it is applied to
	field                // a field of its part, by name
	list
	loop // what exists, all, map and filter become; the first part is what it goes over
)

// examiner finds what an expression looks at, and refuses what could look at nothing without anybody noticing: sessions
// carry only those groups and claims that the configuration names.
type examiner struct {
	levels   []string
	uses     Uses
	mistakes []Mistake
	texts    map[string][]string // the texts that a loop's variable goes over
}

func (c *Compiler) examine(n *node) (Uses, []Mistake) {
	x := &examiner{levels: c.levels, texts: map[string][]string{}}
	x.visit(n)
	return Uses{
		Groups: union(x.uses.Groups, nil), Claims: union(x.uses.Claims, nil), Parameters: union(x.uses.Parameters, nil),
		Request: x.uses.Request, Query: x.uses.Query, Now: x.uses.Now, Proof: x.uses.Proof,
	}, x.mistakes
}

func (x *examiner) report(n *node, message, hint string) {
	x.mistakes = append(x.mistakes, Mistake{Offset: n.at, Message: message, Hint: hint})
}

func (x *examiner) visit(n *node) {
	switch n.sort {
	case named:
		x.name(n)
	case field:
		if !x.key(n.parts[0], []string{n.text}) {
			x.visit(n.parts[0])
		}
	case call:
		x.call(n)
	case loop:
		x.loop(n)
	default:
		x.all(n.parts)
	}
}

func (x *examiner) all(parts []*node) {
	for _, p := range parts {
		x.visit(p)
	}
}

// name is a name that stands by itself.
func (x *examiner) name(n *node) {
	switch n.text {
	case "user.groups":
		x.report(n, "groups can only be asked for one by one", `write "admins" in user.groups; sessions carry no groups but those that the configuration names`)
	case "user.claims":
		x.report(n, "claims can only be asked for one by one", "write user.claims.department; sessions carry no claims but those that the configuration names")
	case "now", "session.auth_age", "session.login_age":
		x.uses.Now = true
	case "request.query":
		x.uses.Query = true
	}
	switch n.text {
	case "session.level", "session.proven", "session.acr", "session.amr", "session.auth_time", "session.auth_age", "risk.level":
		x.uses.Proof = true
	}
	if strings.HasPrefix(n.text, "request.") {
		x.uses.Request = true
	}
}

// key notes the keys by which claims or parameters are asked for. It fails for everything else.
func (x *examiner) key(of *node, keys []string) bool {
	if of.sort != named {
		return false
	}
	switch of.text {
	case "user.claims":
		x.uses.Claims = append(x.uses.Claims, keys...)
	case "request.query":
		x.uses.Request, x.uses.Query = true, true
		x.uses.Parameters = append(x.uses.Parameters, keys...)
	default:
		return false
	}
	return true
}

func (x *examiner) call(n *node) {
	switch n.text {
	case "_[_]":
		if x.keyed(n.parts[0], n.parts[1]) {
			return
		}
	case "@in":
		x.compare(n)
		if x.member(n.parts[0], n.parts[1]) || x.keyed(n.parts[1], n.parts[0]) {
			return
		}
	case "_==_", "_!=_":
		x.compare(n)
	case "matches":
		x.pattern(n.parts[len(n.parts)-1])
	case "in_network":
		x.network(n.parts[1])
	default:
		if strings.HasPrefix(n.text, "get") && len(n.parts) == 2 {
			x.zone(n.parts[1])
		}
	}
	x.all(n.parts)
}

// member is a question for a group.
func (x *examiner) member(who, of *node) bool {
	if of.sort != named || of.text != "user.groups" {
		return false
	}
	groups, ok := x.constants(who)
	if !ok {
		x.report(who, "only a group that stands here as a text can be asked for", `as in "admins" in user.groups: sessions carry no groups but those that the configuration names`)
	}
	x.uses.Groups = append(x.uses.Groups, groups...)
	return true
}

// keyed is a mapping that is asked for a key.
func (x *examiner) keyed(of, key *node) bool {
	if keys, ok := x.constants(key); ok {
		return x.key(of, keys)
	}
	if of.sort == named && of.text == "user.claims" {
		x.report(key, "only a claim whose name stands here as a text can be asked for",
			`as in user.claims["department"]: sessions carry no claims but those that the configuration names`)
		return true
	}
	return false
}

// constants are the texts that n can be, if they stand in the expression.
func (x *examiner) constants(n *node) ([]string, bool) {
	switch n.sort {
	case literal:
		return []string{n.text}, true
	case named:
		texts, ok := x.texts[n.text]
		return texts, ok
	case list:
		var all []string
		for _, p := range n.parts {
			if p.sort != literal {
				return nil, false
			}
			all = append(all, p.text)
		}
		return all, true
	}
	return nil, false
}

// compare refuses to compare a level with what is none: that would be false for ever.
func (x *examiner) compare(n *node) {
	for i, p := range n.parts {
		if p.sort != named || p.text != "session.level" && p.text != "risk.level" {
			continue
		}
		other := n.parts[1-i]
		all, _ := x.constants(other)
		for _, l := range all {
			if !slices.Contains(x.levels, l) {
				x.report(other, "there is no level `"+l+"`", "the levels are "+strings.Join(x.levels, ", "))
			}
		}
	}
}

// pattern asks for regular expressions that are known, and so bounded, when the configuration is loaded.
func (x *examiner) pattern(n *node) {
	if n.sort != literal {
		x.report(n, "a regular expression must stand here as a text", "")
		return
	}
	if _, err := regexp.Compile(n.text); err != nil {
		x.report(n, "not a regular expression", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
}

func (x *examiner) network(n *node) {
	p, err := netip.ParsePrefix(n.text)
	if n.sort != literal || err != nil || p != p.Masked() {
		x.report(n, "a network must stand here, with its first address and its length", `as in in_network(request.client, "10.0.0.0/8")`)
	}
}

var offsetFromUTC = regexp.MustCompile(`^[+-][0-9]{2}:[0-9]{2}$`)

// zone asks for a time zone that is the same on every edge: tables of named ones are not.
func (x *examiner) zone(n *node) {
	if n.sort != literal || n.text != "UTC" && !offsetFromUTC.MatchString(n.text) {
		x.report(n, "only UTC and offsets from it are known as time zones", `as in now.getHours("+01:00")`)
	}
}

func (x *examiner) loop(n *node) {
	if isRoot(n.text) {
		x.report(n, "`"+n.text+"` cannot be the name of a variable: it would hide what the expression may look at", "use another one, as in user.claims.role.exists(r, r == 'admin')")
		return
	}
	outer, hides := x.texts[n.text]
	delete(x.texts, n.text)
	x.visit(n.parts[0])
	if texts, ok := x.constants(n.parts[0]); ok && n.parts[0].sort == list {
		x.texts[n.text] = texts
	}
	x.all(n.parts[1:])
	delete(x.texts, n.text)
	if hides {
		x.texts[n.text] = outer
	}
}
