package main

import (
	"math"
	"slices"
)

// scores returns the scores of a list, ascending.
func scores(list []Scored) []float64 {
	out := make([]float64, len(list))
	for i := range list {
		out[i] = list[i].Score
	}
	slices.Sort(out)
	return out
}

// catching is the greatest threshold that still catches this share of the attacks.
func catching(attacks []Scored, share float64) float64 {
	s := scores(attacks)
	if len(s) == 0 {
		return math.NaN()
	}
	return s[min(len(s)-1, int((1-share)*float64(len(s))+1e-9))]
}

// sparing is the least threshold that steps up at most this share of the honest logins.
func sparing(honest []Scored, share float64) float64 {
	s := scores(honest)
	if len(s) == 0 {
		return math.NaN()
	}
	i := len(s) - int(share*float64(len(s)))
	if i >= len(s) {
		return math.Nextafter(s[len(s)-1], math.Inf(1))
	}
	if i > 0 && s[i-1] == s[i] { // ties all step up or none
		return math.Nextafter(s[i], math.Inf(1))
	}
	return s[i]
}

// caught is the share at or above a threshold: the true-positive rate of attacks, the re-authentication rate of the honest.
func caught(list []Scored, threshold float64) float64 {
	n := 0
	for i := range list {
		if list[i].Score >= threshold {
			n++
		}
	}
	return ratio(n, len(list))
}

func ratio(n, of int) float64 {
	if of == 0 {
		return math.NaN()
	}
	return float64(n) / float64(of)
}

// auc is the probability that an attack has a greater score than an honest login; ties count half.
func auc(honest, attacks []Scored) float64 {
	h, a := scores(honest), scores(attacks)
	below, equal, i := 0.0, 0.0, 0
	for _, v := range a {
		for i < len(h) && h[i] < v {
			i++
		}
		j := i
		for j < len(h) && h[j] == v {
			j++
		}
		below, equal = below+float64(i), equal+float64(j-i)
	}
	return (below + equal/2) / (float64(len(h)) * float64(len(a)))
}

// Rates are users' re-authentication rates after their first so many logins.
type Rates struct {
	Users                int
	Median, Mean, Latest float64 // Latest: of the last of those logins alone
}

// ratesAt counts, for each user with that many logins, how many of the first ones were stepped up. The first of all, which has no
// history, is never.
func ratesAt(r *Result, logins int, stepped func(*Scored) bool, of func(*User) bool) Rates {
	count := make([]int, len(r.Users))
	last := 0
	for i := range r.Honest {
		h := &r.Honest[i]
		if h.Index < logins && r.Users[h.User].Logins >= logins && of(&r.Users[h.User]) && stepped(h) {
			count[h.User]++
			if h.Index == logins-1 {
				last++
			}
		}
	}
	var each []float64
	sum := 0.0
	for u := range r.Users {
		if p := &r.Users[u]; p.Logins >= logins && of(p) {
			each = append(each, float64(count[u])/float64(logins))
			sum += each[len(each)-1]
		}
	}
	slices.Sort(each)
	if len(each) == 0 {
		return Rates{Median: math.NaN(), Mean: math.NaN(), Latest: math.NaN()}
	}
	return Rates{len(each), each[len(each)/2], sum / float64(len(each)), ratio(last, len(each))}
}

func everybody(*User) bool { return true }

func above(threshold float64) func(*Scored) bool {
	return func(s *Scored) bool { return s.Score >= threshold }
}

// Trips says how often trips were interrupted.
type Trips struct{ All, None, Once, More int }

// trips counts the trips with any login by how often it came to a step-up on them.
func trips(r *Result, stepped func(*Scored) bool) (t Trips) {
	type key struct{ user, trip int }
	count := map[key]int{}
	for i := range r.Honest {
		if h := &r.Honest[i]; h.Trip > 0 {
			n := 0
			if stepped(h) {
				n = 1
			}
			count[key{h.User, h.Trip}] += n
		}
	}
	for _, n := range count {
		t.All++
		switch n {
		case 0:
			t.None++
		case 1:
			t.Once++
		default:
			t.More++
		}
	}
	return t
}
