package main

import (
	"fmt"
	"io"
	"math"

	"github.com/edgeauth/edgeauth/policy"
)

// goal is the true-positive rate at which an attacker is compared. Nobody can tell all of the last kind from the victim: the
// published figure for them is lower, too.
func goal(a Attacker) float64 {
	if a == VeryTargeted {
		return 0.83
	}
	return 0.99
}

// tune looks for weights by coordinate descent on one seed: each in turn is made smaller and greater and kept where it lowers the
// mean re-authentication rate over all attackers, with all signals, without the device cookie, and without it and JA4. It is how
// the shipped weights were found; they were rounded by hand afterwards.
func tune(w io.Writer, plan Plan) *policy.Rules {
	p := Generate(plan)
	settings := []*Population{p, p.Without(noDevice), p.Without(noBoth)}
	rules := policy.DefaultRules()
	best := cost(settings, rules)
	fmt.Fprintf(w, "start: %.4f\n", best)
	for range 2 {
		for _, f := range policy.Features() {
			for _, by := range []float64{0.5, 0.75, 1.4, 2} {
				was := rules.Weights[f]
				rules.Weights[f] = math.Round(was*by*100) / 100
				c := cost(settings, rules)
				if c < best {
					best = c
					fmt.Fprintf(w, "%s %.2f: %.4f\n", f, rules.Weights[f], c)
					continue
				}
				rules.Weights[f] = was
			}
		}
	}
	return rules
}

func cost(settings []*Population, rules *policy.Rules) (sum float64) {
	for _, p := range settings {
		r := Replay(p, Ours(rules))
		for _, a := range Attackers() {
			sum += caught(r.Honest, catching(r.Attacks[a], goal(a)))
		}
	}
	return sum / float64(len(settings)*len(Attackers()))
}
