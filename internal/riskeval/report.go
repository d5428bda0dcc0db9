package main

import (
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/edgeauth/edgeauth/policy"
)

// published are the medians that Wiefling et al. (2022) print for the Freeman model, read off a plot, at 12 and 40 logins.
func published(a Attacker) string {
	return [...]string{"17 / 3-5", "25 / 8", "33 / 8", "58 / 18"}[a]
}

// publishedMedians are the same as shares, the lower one where two were read.
func publishedMedians(a Attacker) (at12, at40 float64) {
	return [...]float64{0.17, 0.25, 0.33, 0.58}[a], [...]float64{0.03, 0.08, 0.08, 0.18}[a]
}

func percent(v float64) string {
	if math.IsNaN(v) {
		return "-"
	}
	return fmt.Sprintf("%.1f", 100*v)
}

// table writes a Markdown table.
func table(w io.Writer, head []string, rows [][]string) {
	fmt.Fprintf(w, "| %s |\n|%s\n", strings.Join(head, " | "), strings.Repeat("---|", len(head)))
	for _, r := range rows {
		fmt.Fprintf(w, "| %s |\n", strings.Join(r, " | "))
	}
	fmt.Fprintln(w)
}

// mainTable is the table of the published figures, for every setting.
func mainTable(w io.Writer, outcomes []*Outcome) {
	var rows [][]string
	for _, a := range Attackers() {
		for _, o := range outcomes {
			r := o.row(a)
			rows = append(rows, []string{
				a.String(), o.Name, fmt.Sprintf("%.2f", o.threshold(a)), percent(r.TPR), percent(r.Median12), percent(r.Mean12), percent(r.Median40), percent(r.Mean40), published(a),
			})
		}
	}
	fmt.Fprintln(w, "## Re-authentication at the same detection\n\nThresholds catch 99 % (very targeted: 83 %) on the first seed. Rates in per cent, of users' first 12 and first 40 logins; the last column is the published median of the Freeman model on real logins.")
	fmt.Fprintln(w)
	table(w, []string{"attacker", "model", "threshold", "TPR", "median 12", "mean 12", "median 40", "mean 40", "published 12 / 40"}, rows)
}

// goalTable says where the goal is reached: at the same detection, at most half the re-authentication of the Freeman port here, and at
// most half of the medians published for it, taking the lower one where two were read.
func goalTable(w io.Writer, outcomes []*Outcome) {
	var rows [][]string
	port := outcomes[0]
	for _, a := range Attackers() {
		base := port.row(a)
		for _, o := range outcomes[1:] {
			r := o.row(a)
			at12, at40 := publishedMedians(a)
			rows = append(rows, []string{
				a.String(), o.Name, half(r.Mean12, base.Mean12), half(r.Mean40, base.Mean40), half(r.Median12, at12), half(r.Median40, at40),
			})
		}
	}
	fmt.Fprint(w, "## The goal\n\nRe-authentication at the same detection as a share of the Freeman port's, in per cent, and whether that is half or less: of its mean here, and of the published medians.\n\n")
	table(w, []string{"attacker", "model", "mean 12", "mean 40", "published 12", "published 40"}, rows)
}

func half(ours, theirs float64) string { return percent(ours/theirs) + ", " + yes(ours <= theirs/2) }

func yes(reached bool) string {
	if reached {
		return "yes"
	}
	return "no"
}

// reached is the goal for the first 12 logins: at most half of the published median, and against naive attackers at most 5 % on
// average.
func reached(a Attacker, r *row) bool {
	at12, _ := publishedMedians(a)
	return r.Median12 <= at12/2 && (a != Naive || r.Mean12 <= 0.05)
}

// rocTable is the detection at fixed re-authentication rates.
func rocTable(w io.Writer, outcomes []*Outcome) {
	var rows [][]string
	for _, a := range Attackers() {
		for _, o := range outcomes {
			rows = append(rows, []string{a.String(), o.Name, percent(o.atRate(a, 0.05)), percent(o.atRate(a, 0.10)), fmt.Sprintf("%.4f", o.auc(a))})
		}
	}
	fmt.Fprintln(w, "## Detection at a given re-authentication rate\n\nThresholds step up 5 % and 10 % of all honest logins on the first seed.")
	fmt.Fprintln(w)
	table(w, []string{"attacker", "model", "TPR at 5 %", "TPR at 10 %", "ROC-AUC"}, rows)
}

// cohortTable is who is stepped up.
func cohortTable(w io.Writer, outcomes []*Outcome) {
	var rows [][]string
	for _, a := range []Attacker{Naive, Targeted} {
		for _, o := range outcomes {
			cells := []string{a.String(), o.Name}
			t := o.threshold(a)
			for _, c := range cohorts() {
				cells = append(cells, percent(o.mean(func(r *Result) float64 { return stepRate(r, above(t), c.of) })))
			}
			sum := sumTrips(o, above(t))
			rows = append(rows, append(cells, percent(ratio(sum.None, sum.All)), percent(ratio(sum.Once, sum.All)), percent(ratio(sum.More, sum.All))))
		}
	}
	head := []string{"threshold for", "model"}
	for _, c := range cohorts() {
		head = append(head, c.name)
	}
	fmt.Fprintln(w, "## Who is stepped up\n\nShare of each cohort's logins in per cent, with the threshold for the attacker named, and the share of trips with no, one and more step-ups.")
	fmt.Fprintln(w)
	table(w, append(head, "trips: none", "one", "more"), rows)
}

func sumTrips(o *Outcome, stepped func(*Scored) bool) (sum Trips) {
	for _, r := range o.Others {
		t := trips(r, stepped)
		sum = Trips{sum.All + t.All, sum.None + t.None, sum.Once + t.Once, sum.More + t.More}
	}
	return sum
}

// shippedTable is what the default rules do, with their own thresholds and the learning period.
func shippedTable(w io.Writer, o *Outcome) {
	learning := policy.DefaultRules().Learning.Logins
	var rows [][]string
	for _, a := range Attackers() {
		late := func(r *Result, early bool) (list []Scored) {
			for _, s := range r.Attacks[a] {
				if s.Index < learning == early {
					list = append(list, s)
				}
			}
			return list
		}
		share := func(early bool, level string) string {
			return percent(o.mean(func(r *Result) float64 {
				list, n := late(r, early), 0
				for _, s := range list {
					if raised(&s) && (level == "" || string(s.Level) == level) {
						n++
					}
				}
				return ratio(n, len(list))
			}))
		}
		rows = append(rows, []string{a.String(), share(false, ""), share(false, "high"), share(true, "")})
	}
	fmt.Fprintf(w, "## As shipped\n\nThe default rules with their own thresholds. The learning period lasts for %d logins; attacks within it are shown apart.\n\n", learning)
	table(w, []string{"attacker", "raised", "raised to high", "raised within the learning period"}, rows)
	sum := sumTrips(o, raised)
	at := func(n int, f func(Rates) float64) string {
		return percent(o.mean(func(r *Result) float64 { return f(ratesAt(r, n, raised, everybody)) }))
	}
	median, mean := func(r Rates) float64 { return r.Median }, func(r Rates) float64 { return r.Mean }
	rows = [][]string{
		{"honest logins raised", percent(o.mean(func(r *Result) float64 { return stepRate(r, raised, everybody) }))},
		{"first 12 logins: median, mean", at(12, median) + ", " + at(12, mean)},
		{"first 40 logins: median, mean", at(40, median) + ", " + at(40, mean)},
		{"VPN users' logins", percent(o.mean(func(r *Result) float64 { return stepRate(r, raised, cohorts()[1].of) }))},
		{"travellers' logins", percent(o.mean(func(r *Result) float64 { return stepRate(r, raised, cohorts()[2].of) }))},
		{"trips with no, one, more step-ups", percent(ratio(sum.None, sum.All)) + ", " + percent(ratio(sum.Once, sum.All)) + ", " + percent(ratio(sum.More, sum.All))},
	}
	table(w, []string{"what the honest see", "per cent"}, rows)
}

// ablationTable says what each signal is worth: how many more logins are stepped up at the same detection if it is missing.
func ablationTable(w io.Writer, outcomes []*Outcome) (names []string, worth []float64) {
	var rows [][]string
	var whole [4]float64
	for i, o := range outcomes {
		cells := []string{o.Name}
		change := 0.0
		for _, a := range Attackers() {
			t := o.threshold(a)
			rate := o.mean(func(r *Result) float64 { return caught(r.Honest, t) })
			if i == 0 {
				whole[a] = rate
			}
			change += (rate - whole[a]) / 4
			cells = append(cells, percent(rate), fmt.Sprintf("%.4f", o.auc(a)))
		}
		if i > 0 {
			names, worth = append(names, o.Name), append(worth, change)
		}
		rows = append(rows, cells)
	}
	head := []string{"rules"}
	for _, a := range Attackers() {
		head = append(head, a.String()+": re-auth", "AUC")
	}
	fmt.Fprintln(w, "## What each signal is worth\n\nThe share of all honest logins stepped up, in per cent, at 99 % detection (very targeted: 83 %), and ROC-AUC, when one signal is missing.")
	fmt.Fprintln(w)
	table(w, head, rows)
	return names, worth
}

// sweepTable says what happens when a signal fails honest users more often.
func sweepTable(w io.Writer, name string, values []float64, outcomes []*Outcome) {
	var rows [][]string
	for i, o := range outcomes {
		cells := []string{percent(values[i])}
		for _, a := range Attackers() {
			r := o.row(a)
			cells = append(cells, percent(r.Median12)+" / "+percent(r.Mean12)+", "+yes(reached(a, &r)))
		}
		rows = append(rows, cells)
	}
	fmt.Fprintf(w, "### %s\n\n", name)
	head := []string{"per cent"}
	for _, a := range Attackers() {
		head = append(head, a.String()+": median / mean 12, goal")
	}
	table(w, head, rows)
}

// takeoverTable says how many of the takeovers that the data knows of would have been stepped up, at 5 % and 10 % of the honest
// logins.
func takeoverTable(w io.Writer, outcomes []*Outcome) {
	var rows [][]string
	for _, o := range outcomes {
		cells := []string{o.Name, fmt.Sprint(len(o.Fixed.Takeovers))}
		for _, rate := range []float64{0.05, 0.10} {
			cells = append(cells, percent(caught(o.Fixed.Takeovers, sparing(o.Fixed.Honest, rate))))
		}
		rows = append(rows, cells)
	}
	fmt.Fprint(w, "## Takeovers that the data knows of\n\n")
	table(w, []string{"model", "with a history", "TPR at 5 %", "TPR at 10 %"}, rows)
}
