package revocation

import (
	"bytes"
	"iter"
	"slices"
)

// with is a run that holds more entries besides, all of one scope and kind. It sorts more.
func (r *run) with(more []Entry, names *attributions) *run {
	more = sorted(more)
	longest := Millis(0)
	for p := range r.all() {
		longest = max(longest, p.until-p.since)
	}
	for i := range more {
		names.number(&more[i].Value)
		longest = max(longest, more[i].Until-more[i].Since)
	}
	n := r.len() + len(more)
	b := newBuilder(shapeFor(n, longest, len(names.list)), n) // a merged value lives no longer than one of its parts
	r.zip(more, names, b)
	return b.done()
}

// zip merges the records of a run and sorted entries.
func (r *run) zip(more []Entry, names *attributions, b *builder) {
	c := cursor{run: r}
	old, left := c.next()
	for left || len(more) > 0 {
		switch {
		case len(more) == 0 || left && bytes.Compare(old.key[:], more[0].Key[:]) < 0:
			b.add(&old)
			old, left = c.next()
		case !left || old.key != more[0].Key:
			b.add(names.pack(more[0].Key, more[0].Value))
			more = more[1:]
		default:
			b.add(names.pack(old.key, names.value(&old).Merge(more[0].Value)))
			old, left = c.next()
			more = more[1:]
		}
	}
}

// sorted sorts entries of one scope and kind by their keys and merges those of one key.
func sorted(entries []Entry) []Entry {
	slices.SortFunc(entries, func(a, b Entry) int { return bytes.Compare(a.Key[:], b.Key[:]) })
	out := entries[:0]
	for _, e := range entries {
		if last := len(out) - 1; last >= 0 && out[last].Key == e.Key {
			out[last].Value = out[last].Merge(e.Value)
			continue
		}
		out = append(out, e)
	}
	return out
}

// without is a run without the records that ended before limit, or the run itself while those are few.
func (r *run) without(limit Millis) *run {
	ended := 0
	for p := range r.all() {
		if p.until < limit {
			ended++
		}
	}
	if ended == 0 || ended < r.len()/16 {
		return r
	}
	b := newBuilder(r.shape, r.len()-ended)
	for p := range r.all() {
		if p.until >= limit {
			b.add(p)
		}
	}
	return b.done()
}

// attributions numbers the few regions, reasons and actors that many values share. A list only grows, so that whoever
// holds a shorter one can go on reading it; renumber begins another.
type attributions struct {
	list  []Value          // Since and Until are zero
	known map[Value]uint32 // used by who writes only
}

// number is the attribution's number, a new one if need be.
func (a *attributions) number(v *Value) uint32 {
	name := Value{Region: v.Region, Reason: v.Reason, Actor: v.Actor}
	n, known := a.known[name]
	if !known {
		if a.known == nil {
			a.known = map[Value]uint32{}
		}
		n = uint32(len(a.list))
		a.list, a.known[name] = append(a.list, name), n
	}
	return n
}

func (a *attributions) pack(key Key, v Value) *packed {
	return &packed{key: key, since: v.Since, until: v.Until, by: a.number(&v)}
}

func (a *attributions) value(p *packed) Value {
	v := a.list[p.by]
	v.Since, v.Until = p.since, p.until
	return v
}

// manyNames is how many attributions there are before anyone looks whether they are needed.
const manyNames = 1024

// renumber leaves out the attributions that no record has any more, once they are more than half of many: whoever gives each
// revocation a reason of its own would fill the memory with them.
func (rs *runs) renumber(names attributions) attributions {
	if len(names.list) < manyNames {
		return names
	}
	used, n := make([]bool, len(names.list)), 0
	for r := range rs.each() {
		for p := range (*r).all() {
			if !used[p.by] {
				used[p.by] = true
				n++
			}
		}
	}
	if n > len(names.list)/2 {
		return names
	}
	var left attributions
	for r := range rs.each() {
		*r = (*r).named(names, &left, n)
	}
	return left
}

// each are the places of all runs that there are.
func (rs *runs) each() iter.Seq[**run] {
	return func(yield func(**run) bool) {
		for scope := range rs {
			for kind := range rs[scope] {
				if r := &rs[scope][kind]; *r != nil && !yield(r) {
					return
				}
			}
		}
	}
}

// named is a run with other numbers of its attributions, of which there will be n.
func (r *run) named(before attributions, now *attributions, n int) *run {
	to := r.shape
	to.by = bytesFor(uint64(n))
	b := newBuilder(to, r.len())
	for p := range r.all() {
		p.by = now.number(&before.list[p.by])
		b.add(p)
	}
	return b.done()
}
