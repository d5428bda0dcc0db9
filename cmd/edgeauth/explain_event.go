package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/edgeauth/edgeauth/policy"
)

// happened is the answer of `edgeauth explain --event`: events as they were written, and what can be said of them.
type happened struct {
	Events []happening `json:"events"`
}

// happening is one audit event. Event holds every field of its line, those of other releases too.
type happening struct {
	Text       string               `json:"text"`
	Event      map[string]any       `json:"event"`
	Assessment *explainedAssessment `json:"assessment,omitempty"`
}

// longestLine bounds a line of the log in bytes; an audit event has far fewer.
const longestLine = 1 << 20

func (f *explainFlags) explainEvent(cmd *cobra.Command) error {
	if f.event == "" {
		return errors.New("--event is empty; want an event's id or a request ID, as audit events and access records have them")
	}
	in, name := cmd.InOrStdin(), "standard input"
	if f.log != "" {
		file, err := os.Open(f.log)
		if err != nil {
			return fmt.Errorf("--log: %w", err)
		}
		defer file.Close()
		in, name = file, f.log
	}
	found, seen, err := findEvents(in, f.event)
	if err != nil {
		return fmt.Errorf("reading %s: %w", name, err)
	}
	if len(found) == 0 {
		return notThere(f.event, name, seen)
	}
	var out happened
	for _, fields := range found {
		out.Events = append(out.Events, explainFields(fields))
	}
	if f.output == "json" {
		return writeJSON(cmd.OutOrStdout(), out)
	}
	return out.write(cmd.OutOrStdout())
}

// notThere says what was looked at, and what else it could be.
func notThere(id, name string, events int) error {
	if events == 0 {
		return fmt.Errorf("%s holds no audit event in JSON lines (telemetry.log_format must be json; an event has \"msg\":\"audit\")", name)
	}
	return fmt.Errorf("no audit event in %s has the id or request_id %q (%s read); older ones may be in a log that was rotated away, others in another edge's; what no event tells of a request, its access record does", name, id, counted(events, "event"))
}

// findEvents reads the audit events of a log that have an id or request ID, and counts all. Lines that are none are passed over.
func findEvents(in io.Reader, id string) (found []map[string]any, events int, err error) {
	lines := bufio.NewReaderSize(in, 1<<16)
	for {
		line, err := readLine(lines)
		if fields := eventOf(line); fields != nil {
			events++
			if fields["id"] == id || fields["request_id"] == id {
				found = append(found, fields)
			}
		}
		if errors.Is(err, io.EOF) {
			return found, events, nil
		}
		if err != nil {
			return nil, events, err
		}
	}
}

// readLine returns the next line, cut where it is longer than any event.
func readLine(in *bufio.Reader) (line []byte, err error) {
	for {
		part, err := in.ReadSlice('\n')
		if len(line) < longestLine {
			line = append(line, part...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
	}
}

// eventOf returns the fields of an audit event; nil for another line. What a container runtime puts before it is skipped.
func eventOf(line []byte) (fields map[string]any) {
	i := bytes.IndexByte(line, '{')
	if i < 0 || !bytes.Contains(line, []byte(`"event"`)) {
		return nil
	}
	if json.Unmarshal(bytes.TrimSpace(line[i:]), &fields) != nil {
		return nil
	}
	if name, ok := fields["event"].(string); !ok || name == "" {
		return nil
	}
	return fields
}

func explainFields(fields map[string]any) happening {
	h := happening{Event: fields, Text: meaning(text(fields, "event"))}
	if _, assessed := fields["score"]; assessed {
		h.Assessment = recorded(fields)
	}
	return h
}

// recorded is the assessment that an event holds. Its rules are not known any more, so what would have changed it is told
// from its terms and thresholds alone.
func recorded(e map[string]any) *explainedAssessment {
	a := &explainedAssessment{Client: text(e, "client"), Place: text(e, "place"), Mode: text(e, "mode"), Level: text(e, "security_level"), Score: number(e["score"]),
		Terms: termsOf(e["terms"]), Thresholds: map[string]float64{}, Reasons: listOf(e["reasons"], e["reason"]), Unknown: listOf(e["unknown"])}
	if a.Mode == "" && e["schema"] == nil { // before events had a version, detail was the mode
		a.Mode = text(e, "detail")
	}
	if least, ok := e["thresholds"].(map[string]any); ok {
		for level, v := range least {
			a.Thresholds[level] = number(v)
		}
	}
	a.Learning = slices.Contains(a.Reasons, string(policy.Learning))
	a.Changes = a.lower()
	return a
}

// lower names single terms without which the score would have stayed below the threshold of its level. Where a rule asked for
// the level by itself, the score did not matter.
func (x *explainedAssessment) lower() (out []explainedWithout) {
	least, ok := x.Thresholds[x.Level]
	if !ok || !slices.Equal(x.Reasons, []string{string(policy.ScoreReached)}) {
		return nil
	}
	for _, t := range slices.Backward(x.Terms) {
		if score := x.Score - t.Points; t.Points > 0 && score < least && t.Code != string(policy.LoweringCapped) {
			out = append(out, explainedWithout{[]string{t.Code}, t.Points, x.levelAt(score), score})
		}
	}
	return out
}

// theWeakest stands for the level that has no threshold: an event does not tell what it is called.
const theWeakest = "the weakest level"

// levelAt is the level whose threshold a score reaches.
func (x *explainedAssessment) levelAt(score float64) string {
	at, best := theWeakest, 0.0
	for level, least := range x.Thresholds {
		if score >= least && least > best {
			at, best = level, least
		}
	}
	return at
}

// termsOf reads the list of terms, or the text "code +points; …" of events before they had a version.
func termsOf(v any) (out []explainedTerm) {
	if list, ok := v.([]any); ok {
		for _, one := range list {
			if t, ok := one.(map[string]any); ok {
				out = append(out, explainedTerm{Code: text(t, "code"), Points: number(t["points"]), Weight: number(t["weight"]), Detail: text(t, "detail")})
			}
		}
		return out
	}
	written, _ := v.(string)
	for one := range strings.SplitSeq(written, ";") {
		if code, points, ok := strings.Cut(strings.TrimSpace(one), " "); ok {
			out = append(out, explainedTerm{Code: code, Points: number(points)})
		}
	}
	return out
}

// listOf reads the first of the values that is there: a list, or a text of words.
func listOf(values ...any) (out []string) {
	for _, v := range values {
		switch v := v.(type) {
		case []any:
			for _, one := range v {
				out = append(out, fmt.Sprint(one))
			}
			return out
		case string:
			return strings.Fields(v)
		}
	}
	return nil
}

func number(v any) float64 {
	switch v := v.(type) {
	case float64:
		return v
	case string:
		n, _ := strconv.ParseFloat(v, 64)
		return n
	}
	return 0
}

func text(fields map[string]any, key string) string {
	s, _ := fields[key].(string)
	return s
}

// write lays the events out in the order in which they were written.
func (x *happened) write(w io.Writer) error {
	var p page
	for _, h := range x.Events {
		p.block(text(h.Event, "event")+": "+h.Text, h.rows()...)
		if h.Assessment != nil {
			h.Assessment.write(&p, "What it looked like")
		}
	}
	_, err := w.Write(p.Bytes())
	return err
}

// rows are the event's fields but for those that the assessment shows and the log's own, the usual ones first.
func (h *happening) rows() (out [][]string) {
	first := []string{"at", "issuer", "sub", "provider", "session", "client", "host", "security_level", "reason", "detail"}
	shown := []string{"event", "time", "level", "msg", "schema"}
	if h.Assessment != nil {
		shown = append(shown, "score", "terms", "reasons", "unknown", "thresholds", "place", "mode")
	}
	rest := slices.DeleteFunc(slices.Sorted(maps.Keys(h.Event)), func(k string) bool { return slices.Contains(first, k) || slices.Contains(shown, k) })
	for _, key := range append(first, rest...) {
		if v, ok := h.Event[key]; ok {
			out = append(out, []string{key, plainly(v)})
		}
	}
	return out
}

func plainly(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	b, _ := json.Marshal(v) // of what was JSON
	return string(b)
}
