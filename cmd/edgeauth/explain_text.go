package main

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/edgeauth/edgeauth/audit"
	"github.com/edgeauth/edgeauth/policy"
)

// page lays an explanation out for people: blocks with a heading each, columns aligned.
type page struct{ bytes.Buffer }

// block writes rows of columns under a heading; none, if there are no rows.
func (p *page) block(heading string, rows ...[]string) {
	if len(rows) == 0 {
		return
	}
	if p.Len() > 0 {
		p.WriteByte('\n')
	}
	fmt.Fprintln(p, heading)
	var out bytes.Buffer
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		for i := range row {
			row[i] = audit.Text(row[i], 400) // names and values come from files and strangers
		}
		fmt.Fprintln(w, "  "+strings.Join(row, "\t"))
	}
	_ = w.Flush() // to memory
	for line := range strings.Lines(out.String()) {
		fmt.Fprintln(p, strings.TrimRight(line, " \n"))
	}
}

func (a *explained) write(w io.Writer) error {
	var p page
	a.writeVerdict(&p)
	a.writeRoute(&p)
	a.writePerson(&p)
	a.writeConditions(&p)
	if a.Assessment != nil {
		a.Assessment.write(&p, "What the login would look like")
	}
	p.block("Not known", lines(a.Notes)...)
	_, err := w.Write(p.Bytes())
	return err
}

// writeVerdict says first what everybody wants to know.
func (a *explained) writeVerdict(p *page) {
	heading := fmt.Sprintf("%s %s%s: %s (%s)", a.Request.Method, a.Request.Host, cmp.Or(a.Request.Path, a.Request.Target), a.Verdict.Action, a.Verdict.Reason)
	rows := [][]string{}
	for i, ch := range a.Changes {
		lead := ""
		if a.Verdict.Action != policy.Allow.String() && len(a.Changes) > 1 {
			lead = fmt.Sprintf("%d. ", i+1)
		}
		rows = append(rows, []string{lead + ch.Text, outcome(ch.Then)})
	}
	if a.Refused != nil {
		rows = append(rows, []string{a.Refused.cure()})
	}
	if len(rows) == 0 {
		rows = append(rows, []string{"nothing that is known here would change that"})
	}
	p.block(heading, rows...)
}

// cure says what a request without a route would need.
func (r *explainedRefusal) cure() string {
	switch r.Status {
	case 404:
		return "404 for everybody: no route has this path; one would have to be added"
	case 405:
		if r.Allow == "" {
			return "405 for everybody: this method is never passed on"
		}
		return "405 for everybody: the routes of this path permit " + r.Allow + " only; add the method to one of them"
	}
	return fmt.Sprintf("%d for everybody, before any route is looked at: %s", r.Status, cmp.Or(r.Detail, r.Reason))
}

func outcome(v explainedVerdict) string {
	if v.Action == policy.Allow.String() {
		return "-> allow"
	}
	return fmt.Sprintf("-> %s (%s)", v.Action, v.Reason)
}

func (a *explained) writeRoute(p *page) {
	rows := [][]string{}
	if a.Route != nil {
		rows = append(rows, a.Route.row("matches"))
	}
	if a.Below != nil {
		rows = append(rows, a.Below.row("besides"))
	}
	for i := range a.Others {
		rows = append(rows, a.Others[i].row("not"))
	}
	p.block("Routes", rows...)
}

func (r *explainedRoute) row(how string) []string {
	path := r.Path
	if r.Exact {
		path += " (exact)"
	}
	methods := "any method"
	if len(r.Methods) > 0 {
		methods = strings.Join(r.Methods, " ")
	}
	return []string{how, r.Name, path, methods, r.Why}
}

func (a *explained) writePerson(p *page) {
	who := a.Person
	if who == nil {
		p.block("Who", []string{"nobody", "no session (--user names somebody)"})
		return
	}
	level := who.Level
	if who.RaisedAt != nil {
		level += ", raised " + clock(*who.RaisedAt)
	}
	rows := [][]string{{"person", who.Sub + " at " + who.Provider}, {"logged in", clock(a.Request.At) + ", until " + clock(who.Expires)}, {"level", level}}
	for _, f := range who.Floors {
		level := f.Level
		if f.CountsAs != "" {
			level += " (not configured, counts as " + f.CountsAs + ")"
		}
		rows = append(rows, []string{"floor", fmt.Sprintf("%s, raised %s for %s, kept until %s", level, clock(f.Since), cmp.Or(f.Reason, "no reason given"), clock(f.Until))})
	}
	if teller := map[string]string{fromEdge: "the edge on this machine", fromStore: "the store"}[who.Known]; len(who.Floors) == 0 && teller != "" {
		rows = append(rows, []string{"floor", "none, says " + teller})
	}
	p.block("Who", rows...)
}

func (a *explained) writeConditions(p *page) {
	rows := [][]string{}
	for _, c := range a.Conditions {
		mark := "yes"
		if !c.Holds {
			mark = "NO"
		}
		rows = append(rows, []string{mark, c.Kind, "asked: " + c.Asked, "given: " + c.Given})
	}
	p.block("Conditions", rows...)
}

// write lays an assessment out: the sum, its parts, and what would make it another.
func (x *explainedAssessment) write(p *page, heading string) {
	where := cmp.Or(x.Place, "unknown place")
	if x.Zone != "" {
		where += ", " + x.Zone
	}
	if x.Client != "" {
		where = "from " + x.Client + ", " + where
	}
	rows := [][]string{}
	for _, t := range x.Terms {
		rows = append(rows, []string{fmt.Sprintf("%+7.2f", t.Points), t.Code, weighed(t.Weight), t.Detail})
	}
	rows = append(rows, []string{fmt.Sprintf("%7.2f", x.Score), "sum", "", x.bounds()})
	p.block(fmt.Sprintf("%s: %s (%s)", heading, x.Level, x.because()), append([][]string{}, rows...)...)
	facts := [][]string{{where}}
	if x.Learning {
		facts = append(facts, []string{"too little is known of the person: the score does not act yet"})
	}
	if x.Mode != "" && x.Mode != "enforce" {
		facts = append(facts, []string{"risk.mode is " + x.Mode + ": it raises nothing"})
	}
	for _, w := range x.Changes {
		points := ""
		if w.Points != 0 { // a rule may ask for a level and add nothing
			points = fmt.Sprintf(" (%+.2f)", w.Points)
		}
		facts = append(facts, []string{fmt.Sprintf("would be %s (%.2f) without %s%s", w.Level, w.Score, strings.Join(w.Without, " and "), points)})
	}
	if len(x.Unknown) > 0 {
		facts = append(facts, []string{"could not tell, and so counted neither way: " + strings.Join(x.Unknown, ", ")})
	}
	for _, f := range facts {
		fmt.Fprintln(p, "  "+audit.Text(f[0], 600))
	}
}

func (x *explainedAssessment) because() string {
	if len(x.Reasons) == 0 {
		return "nothing asks for more"
	}
	return strings.Join(x.Reasons, ", ")
}

// bounds names the thresholds, the lowest first.
func (x *explainedAssessment) bounds() string {
	levels := slices.SortedFunc(maps.Keys(x.Thresholds), func(a, b string) int { return cmp.Compare(x.Thresholds[a], x.Thresholds[b]) })
	var out []string
	for _, level := range levels {
		out = append(out, fmt.Sprintf("%s from %.2f", level, x.Thresholds[level]))
	}
	return strings.Join(out, ", ")
}

func weighed(w float64) string {
	if w == 0 {
		return ""
	}
	return fmt.Sprintf("x %.2g", w)
}

func lines(list []string) (out [][]string) {
	for _, one := range list {
		out = append(out, []string{one})
	}
	return out
}

func clock(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// changeText says a change in words.
func changeText(ch *policy.Change) string {
	values := strings.Join(ch.Values, " or ")
	switch ch.Code {
	case policy.ChangeLogin:
		return "with a login now"
	case policy.ChangeLogFresh:
		return "once this edge has read the revocation log again"
	case policy.ChangeProvider:
		return "with a login at " + values
	case policy.ChangeGroup:
		return "with group " + values
	case policy.ChangeClaim:
		return "with claim " + ch.Name + " = " + values
	case policy.ChangeVerified:
		return "if the provider vouched for the email address"
	case policy.ChangeEmail:
		return "with verified email address " + values
	case policy.ChangeProve:
		return "step up: " + ch.Need.Proof.String() + ", newly proven"
	case policy.ChangeNotBefore:
		return "from " + values + " on"
	case policy.ChangeNoGroup:
		return "without these groups"
	case policy.ChangeRaised:
		return "if the person were raised to " + values
	case policy.ChangeRevoked:
		return "if the session were revoked"
	case policy.ChangeStale:
		return "with a revocation log older than " + values
	}
	return string(ch.Code)
}
