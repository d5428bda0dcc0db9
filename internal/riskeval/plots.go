package main

// styleOf is how a setting is drawn in every plot; below 0: not at all.
func styleOf(name string) int {
	for i, s := range settings() {
		if s.Name == name {
			return [...]int{0, 1, -1, 3, 2}[i]
		}
	}
	return -1
}

// rocPlot shows detection over re-authentication for each attacker.
func rocPlot(outcomes []*Outcome) string {
	var panels []panel
	for _, a := range Attackers() {
		p := panel{
			title: a.String() + " attacker", xLabel: "re-authentication rate of honest logins", yLabel: "detection rate", logX: true,
			x: [2]float64{0.001, 1}, y: [2]float64{0, 1}, xTicks: []float64{0.001, 0.01, 0.05, 0.1, 1}, yTicks: []float64{0, 0.25, 0.5, 0.75, 1},
		}
		for _, o := range outcomes {
			if st := styleOf(o.Name); st >= 0 {
				p.lines = append(p.lines, line{o.Name, st, o.curve(a)})
			}
		}
		panels = append(panels, p)
	}
	return figure("Detection over re-authentication (synthetic)", 2, panels)
}

// historyPlot shows how step-ups become rarer as more is known.
func historyPlot(outcomes []*Outcome) string {
	var panels []panel
	for _, a := range []Attacker{Naive, Targeted} {
		p := panel{
			title: "threshold for the " + a.String() + " attacker", xLabel: "logins so far", yLabel: "mean re-authentication rate",
			x: [2]float64{2, 60}, y: [2]float64{0, 0.6}, xTicks: []float64{2, 12, 24, 40, 60}, yTicks: []float64{0, 0.05, 0.1, 0.2, 0.4, 0.6},
		}
		if a == Targeted {
			p.y, p.yTicks = [2]float64{0, 1}, []float64{0, 0.1, 0.25, 0.5, 0.75, 1}
		}
		for _, o := range outcomes {
			st := styleOf(o.Name)
			if st < 0 {
				continue
			}
			l := line{name: o.Name, style: st}
			t := o.threshold(a)
			for n := 2; n <= 60; n += 2 {
				l.points = append(l.points, [2]float64{float64(n), o.mean(func(r *Result) float64 { return ratesAt(r, n, above(t), everybody).Mean })})
			}
			p.lines = append(p.lines, l)
		}
		panels = append(panels, p)
	}
	return figure("Re-authentication as history grows, at 99 % detection (synthetic)", 2, panels)
}

// sweepPanel shows one error rate.
func sweepPanel(sw sweep, outcomes []*Outcome) panel {
	last := sw.values[len(sw.values)-1]
	p := panel{title: sw.name, xLabel: "error rate", yLabel: "mean re-authentication rate", x: [2]float64{0, last}, y: [2]float64{0, 0.3},
		xTicks: []float64{0, last / 4, last / 2, last}, yTicks: []float64{0, 0.05, 0.1, 0.2, 0.3}}
	for _, a := range Attackers() {
		l := line{name: a.String(), style: int(a)}
		for i, o := range outcomes {
			l.points = append(l.points, [2]float64{sw.values[i], o.row(a).Mean12})
		}
		p.lines = append(p.lines, l)
	}
	return p
}
