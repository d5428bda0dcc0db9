package main

import (
	"fmt"
	"html"
	"math"
	"strings"
)

// line is one series of a panel. Its style is one of the classes s0…s3.
type line struct {
	name   string
	style  int
	points [][2]float64
}

// panel is one diagram.
type panel struct {
	title          string
	xLabel, yLabel string
	logX           bool
	x, y           [2]float64 // ranges
	xTicks, yTicks []float64
	lines          []line
}

const (
	panelWidth  = 420.0
	panelHeight = 300.0
	left        = 62.0
	right       = 26.0
	top         = 34.0
	bottom      = 48.0
)

// style has two schemes of colours, so that a figure can be read on light and on dark paper.
const style = `<style>
.bg{fill:#ffffff}.ax{stroke:#57606a;fill:none}.gr{stroke:#d0d7de;stroke-width:.6}
text{font-family:system-ui,sans-serif;font-size:12px;fill:#1f2328}.tt{font-size:14px;font-weight:600}.tk{font-size:11px;fill:#57606a}
.s{fill:none;stroke-width:2}.s0{stroke:#bc4c00;stroke-dasharray:6 3}.s1{stroke:#0969da}.s2{stroke:#1a7f37;stroke-dasharray:2 3}.s3{stroke:#8250df;stroke-dasharray:8 3 2 3}
.bar{fill:#0969da}.bar.neg{fill:#bc4c00}
@media (prefers-color-scheme: dark){
.bg{fill:#0d1117}.ax{stroke:#8b949e}.gr{stroke:#30363d}text{fill:#e6edf3}.tk{fill:#8b949e}
.s0{stroke:#f0883e}.s1{stroke:#58a6ff}.s2{stroke:#56d364}.s3{stroke:#bc8cff}.bar{fill:#58a6ff}.bar.neg{fill:#f0883e}}
</style>
`

// figure writes panels in rows of so many, with one legend below.
func figure(title string, columns int, panels []panel) string {
	rows := (len(panels) + columns - 1) / columns
	w, h := float64(columns)*panelWidth, float64(rows)*panelHeight+62
	var b strings.Builder
	open(&b, title, w, h)
	for i := range panels {
		fmt.Fprintf(&b, "<g transform=\"translate(%g %g)\">\n", float64(i%columns)*panelWidth, 30+float64(i/columns)*panelHeight)
		panels[i].draw(&b)
		b.WriteString("</g>\n")
	}
	legend(&b, panels[0].lines, 20, h-12)
	b.WriteString("</svg>\n")
	return b.String()
}

func open(b *strings.Builder, title string, w, h float64) {
	fmt.Fprintf(b, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %g %g\" width=\"%g\" height=\"%g\" role=\"img\">\n<title>%s</title>\n%s", w, h, w, h, html.EscapeString(title), style)
	fmt.Fprintf(b, "<rect class=\"bg\" width=\"%g\" height=\"%g\"/>\n<text class=\"tt\" x=\"16\" y=\"22\">%s</text>\n", w, h, html.EscapeString(title))
}

func legend(b *strings.Builder, lines []line, x, y float64) {
	for _, l := range lines {
		fmt.Fprintf(b, "<path class=\"s s%d\" d=\"M%g %gh28\"/><text x=\"%g\" y=\"%g\">%s</text>\n", l.style, x, y-4, x+34, y, html.EscapeString(l.name))
		x += 60 + 6.6*float64(len(l.name))
	}
}

func (p *panel) at(x, y float64) (float64, float64) {
	lo, hi := p.x[0], p.x[1]
	if p.logX {
		x, lo, hi = math.Log10(max(x, lo)), math.Log10(lo), math.Log10(hi)
	}
	fx, fy := (x-lo)/(hi-lo), (y-p.y[0])/(p.y[1]-p.y[0])
	fx, fy = min(max(fx, 0), 1), min(max(fy, 0), 1)
	return left + fx*(panelWidth-left-right), panelHeight - bottom - fy*(panelHeight-top-bottom)
}

func (p *panel) draw(b *strings.Builder) {
	fmt.Fprintf(b, "<text x=\"%g\" y=\"%g\">%s</text>\n", left, top-10, html.EscapeString(p.title))
	for _, v := range p.xTicks {
		x, _ := p.at(v, 0)
		fmt.Fprintf(b, "<path class=\"gr\" d=\"M%.1f %gV%g\"/><text class=\"tk\" x=\"%.1f\" y=\"%g\" text-anchor=\"middle\">%s</text>\n", x, top, panelHeight-bottom, x, panelHeight-bottom+15, tick(v, p.xLabel))
	}
	for _, v := range p.yTicks {
		_, y := p.at(p.x[0], v)
		fmt.Fprintf(b, "<path class=\"gr\" d=\"M%g %.1fH%g\"/><text class=\"tk\" x=\"%g\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n", left, y, panelWidth-right, left-6, y+4, tick(v, p.yLabel))
	}
	fmt.Fprintf(b, "<path class=\"ax\" d=\"M%g %gV%gH%g\"/>\n", left, top, panelHeight-bottom, panelWidth-right)
	fmt.Fprintf(b, "<text class=\"tk\" x=\"%g\" y=\"%g\" text-anchor=\"middle\">%s</text>\n", (left+panelWidth-right)/2, panelHeight-bottom+32, html.EscapeString(p.xLabel))
	fmt.Fprintf(b, "<text class=\"tk\" transform=\"translate(14 %g) rotate(-90)\" text-anchor=\"middle\">%s</text>\n", (top+panelHeight-bottom)/2, html.EscapeString(p.yLabel))
	for _, l := range p.lines {
		b.WriteString("<path class=\"s s" + fmt.Sprint(l.style) + "\" d=\"")
		for i, v := range l.points {
			x, y := p.at(v[0], v[1])
			fmt.Fprintf(b, "%c%.1f %.1f", "ML"[min(i, 1)], x, y)
		}
		b.WriteString("\"/>\n")
	}
}

// tick writes shares as per cent and everything else as it is.
func tick(v float64, label string) string {
	if strings.Contains(label, "rate") || strings.Contains(label, "share") {
		return fmt.Sprintf("%g %%", math.Round(v*1e4)/100)
	}
	return fmt.Sprintf("%g", v)
}

// bars writes a figure of horizontal bars: how much a figure changes when each signal is missing.
func bars(title string, names []string, values []float64, limit float64) string {
	const rowHeight, zero, width = 24.0, 330.0, 840.0
	h := 60 + rowHeight*float64(len(names))
	var b strings.Builder
	open(&b, title, width, h)
	for i, name := range names {
		y := 44 + rowHeight*float64(i)
		long := min(math.Abs(values[i])/limit, 1) * 340
		x, class, label, anchor := zero, "bar", zero+long+6, "start"
		if values[i] < 0 {
			x, class, label, anchor = zero-long, "bar neg", zero-long-6, "end"
		}
		fmt.Fprintf(&b, "<text x=\"16\" y=\"%g\">%s</text><rect class=\"%s\" x=\"%.1f\" y=\"%g\" width=\"%.1f\" height=\"16\"/>", y+13, html.EscapeString(name), class, x, y, max(long, 0.5))
		fmt.Fprintf(&b, "<text class=\"tk\" x=\"%.1f\" y=\"%g\" text-anchor=\"%s\">%+.1f</text>\n", label, y+13, anchor, noMinus(values[i]*100))
	}
	fmt.Fprintf(&b, "<path class=\"ax\" d=\"M%g 38V%g\"/>\n</svg>\n", zero, h-12)
	return b.String()
}

// noMinus makes a zero of what would be shown as minus zero.
func noMinus(v float64) float64 {
	if math.Abs(v) < 0.05 {
		return 0
	}
	return v
}
