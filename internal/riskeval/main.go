// Command riskeval measures how well policy.Rules.Assess tells the owners of accounts from people who hold their passwords, beside a
// plain port of the model of Freeman et al. (NDSS 2016), on a population that it makes up itself, or on the published data
// set of Wiefling et al. (ACM TOPS 25(4), 2022, doi 10.1145/3546069) where that is at hand. Everything it makes is synthetic; docs/risk.md
// lists the assumptions.
//
//	go run ./internal/riskeval -out docs/risk     write figures.md and the plots
//	go run ./internal/riskeval -csv rba-dataset.csv -rows 1000000
//	go run ./internal/riskeval -tune              look for weights on the first seed
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
)

func main() {
	log.SetFlags(0)
	users := flag.Int("users", 4000, "people in a population")
	days := flag.Int("days", 365, "days that they are watched")
	fixed := flag.Uint64("seed", 1, "the seed on which thresholds are fixed")
	others := flag.Int("seeds", 4, "how many other seeds are reported on")
	out := flag.String("out", "", "directory for figures.md and the plots; empty: the tables go to standard output")
	data := flag.String("csv", "", "a file in the columns of the published data set, in place of a made-up population")
	rows := flag.Int("rows", 1_000_000, "how many rows of it are read; 0: all")
	look := flag.Bool("tune", false, "look for weights instead")
	flag.Parse()
	study := &Study{Plan: Plan{Users: *users, Days: *days, Errors: usualErrors()}, Fixed: *fixed}
	for i := range *others {
		study.Seeds = append(study.Seeds, *fixed+1+uint64(i))
	}
	var err error
	switch {
	case *look:
		plan := study.Plan
		plan.Seed = *fixed
		fmt.Println(tune(os.Stdout, plan).Weights)
	case *data != "":
		err = evaluate(os.Stdout, *data, *rows)
	default:
		err = study.publish(*out)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// usualErrors are the rates that all but the sweeps assume.
func usualErrors() Errors {
	return Errors{CookieLost: 0.01, JA4Changed: 0.03, Stolen: 0.02, Moved: 0.05}
}

// publish measures everything and writes tables and plots.
func (s *Study) publish(dir string) error {
	if dir == "" {
		s.tables(os.Stdout)
		return nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("making the directory: %w", err)
	}
	f, err := os.Create(filepath.Join(dir, "figures.md"))
	if err != nil {
		return fmt.Errorf("writing the tables: %w", err)
	}
	plots := s.tables(f)
	if err := f.Close(); err != nil {
		return fmt.Errorf("writing the tables: %w", err)
	}
	for name, svg := range plots {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(svg), 0o644); err != nil {
			return fmt.Errorf("writing a plot: %w", err)
		}
	}
	return nil
}

// tables writes all tables and returns the plots by name.
func (s *Study) tables(w io.Writer) map[string]string {
	fmt.Fprintf(w, "# Measured on made-up people\n\nWritten by `go run ./internal/riskeval -out docs/risk`. All of it is synthetic: %d people a seed, watched for %d days; thresholds fixed on seed %d, figures from seeds %v. [risk.md](../risk.md) lists the assumptions.\n\n",
		s.Plan.Users, s.Plan.Days, s.Fixed, s.Seeds)
	var main []*Outcome
	for _, set := range settings() {
		main = append(main, s.Run(set))
	}
	mainTable(w, main)
	goalTable(w, main)
	rocTable(w, main)
	cohortTable(w, main)
	shippedTable(w, main[1])
	plots := map[string]string{"roc.svg": rocPlot(main), "history.svg": historyPlot(main)}
	var without []*Outcome
	for _, set := range ablations() {
		without = append(without, s.Run(set))
	}
	names, worth := ablationTable(w, without)
	plots["ablation.svg"] = bars("Re-authentication without a signal, in percentage points, mean of all attackers (synthetic)", names, worth, 0.1)
	plots["sweep.svg"] = s.sweep(w)
	return plots
}

// sweep measures with error rates going up, one at a time.
func (s *Study) sweep(w io.Writer) string {
	fmt.Fprint(w, "## When the new signals fail\n\nRe-authentication rates of the first 12 logins at the same detection, with all signals, while one error rate goes up and the others stay (cookie lost 1 %, JA4 changed 3 %, cookie stolen 2 %, line moved 5 %). The goal is at most half of the median published for the Freeman model, and against naive attackers a mean of at most 5 %.\n\n")
	var panels []panel
	for _, sw := range sweeps() {
		var outcomes []*Outcome
		for _, v := range sw.values {
			study := *s
			sw.set(&study.Plan.Errors, v)
			outcomes = append(outcomes, study.Run(settings()[1]))
		}
		sweepTable(w, sw.name, sw.values, outcomes)
		panels = append(panels, sweepPanel(sw, outcomes))
	}
	return figure("Mean re-authentication rate of the first 12 logins, as signals fail (synthetic)", 2, panels)
}

// evaluate measures on a file of real logins, or of any in the same columns. There, thresholds are fixed on the same data: it has no
// second seed.
func evaluate(w io.Writer, path string, rows int) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("opening the data: %w", err)
	}
	defer f.Close()
	d, err := ReadDataset(f, rows)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "%d users, %d logins, %d takeovers, %d failed, %d unreadable\n\n", len(d.People), len(d.Logins), len(d.Takeovers), d.Failed, d.Skipped)
	var outcomes []*Outcome
	for _, set := range settings()[:2] {
		r := Replay(d.Population, set.Model())
		outcomes = append(outcomes, &Outcome{Setting: set, Fixed: r, Others: []*Result{r}})
	}
	mainTable(w, outcomes)
	rocTable(w, outcomes)
	takeoverTable(w, outcomes)
	return nil
}
