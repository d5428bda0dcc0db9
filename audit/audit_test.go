package audit_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"log/slog"
	"maps"
	"math"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/edgeauth/edgeauth/audit"
	"github.com/edgeauth/edgeauth/identity"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.FixedZone("", 3600))

// written returns what the log holds after the events, one map a line.
func written(t *testing.T, level slog.Level, events ...audit.Event) []map[string]any {
	t.Helper()
	var out bytes.Buffer
	log := audit.New(slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: level})).With("edge", "a"), nil, func() time.Time { return noon })
	for _, e := range events {
		log.Write(context.Background(), e)
	}
	var lines []map[string]any
	for line := range strings.Lines(out.String()) {
		var m map[string]any
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatalf("%v: %q", err, line)
		}
		lines = append(lines, m)
	}
	if len(lines) != len(events) {
		t.Fatalf("%d lines for %d events", len(lines), len(events))
	}
	return lines
}

// full has a value in every field.
func full(value string) audit.Event {
	e := audit.Event{Name: audit.Assessed, Subject: identity.Subject{Issuer: value, Sub: value}, Assessment: &audit.Assessment{
		Mode: value, Score: -1.25, Terms: []audit.Term{{Code: value, Points: 0.1, Weight: 3, Detail: value}, {Code: value, Points: -1.35}},
		Reasons: []string{value}, Unknown: []string{value}, Thresholds: map[string]float64{value: 3}, Place: value,
	}}
	v := reflect.ValueOf(&e).Elem()
	for i := range v.NumField() {
		if f := v.Field(i); f.Kind() == reflect.String && f.String() == "" {
			f.SetString(value)
		}
	}
	return e
}

func TestAnEventIsOneLineWithoutEmptyFields(t *testing.T) {
	got := written(t, slog.LevelInfo, audit.Event{ID: "1", Name: audit.LoopBroken}, audit.Event{ID: "2", Name: audit.Logout, Subject: identity.Subject{Sub: "a-1"}, Actor: "user"})
	want := []map[string]any{
		{"time": "2026-03-01T11:00:00Z", "level": "INFO", "msg": "audit", "edge": "a", "event": "login_loop_broken", "id": "1", "schema": 1.0, "at": "2026-03-01T11:00:00Z"},
		{"time": "2026-03-01T11:00:00Z", "level": "INFO", "msg": "audit", "edge": "a", "event": "logout", "id": "2", "schema": 1.0, "at": "2026-03-01T11:00:00Z", "sub": "a-1", "actor": "user"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestEventsAreWrittenWhateverTheLogLevel(t *testing.T) {
	written(t, slog.LevelError+100, audit.Event{Name: audit.AccessDenied})
}

func TestEachEventIsCountedByItsName(t *testing.T) {
	var counted []audit.Name
	log := audit.New(slog.New(slog.DiscardHandler), func(e audit.Event) { counted = append(counted, e.Name) }, time.Now)
	for _, n := range audit.Names() {
		log.Write(context.Background(), audit.Event{Name: n})
	}
	if diff := cmp.Diff(audit.Names(), counted); diff != "" {
		t.Error(diff)
	}
}

func TestEachEventHasAnIDOfItsOwnAndATimeBeforeAnybodySeesIt(t *testing.T) {
	seen := map[string]bool{}
	log := audit.New(slog.New(slog.DiscardHandler), func(e audit.Event) {
		if raw, err := base64.RawURLEncoding.Strict().DecodeString(e.ID); err != nil || len(raw) != 16 || seen[e.ID] {
			t.Errorf("ID %q: %v", e.ID, err)
		}
		if seen[e.ID] = true; !e.At.Equal(noon) {
			t.Errorf("at %v", e.At)
		}
	}, func() time.Time { return noon })
	for range 1000 {
		log.Write(t.Context(), audit.Event{Name: audit.Logout})
	}
	if len(seen) != 1000 {
		t.Errorf("%d IDs", len(seen))
	}
}

// LG-01
func TestNoValueForgesOrFloodsALine(t *testing.T) {
	for _, bad := range []string{"a\r\n{\"msg\":\"audit\"}", "\x1b[2J", "nul\x00", "\xff\xc3", "\u009b31m", "\u202egnp", strings.Repeat("é", 1<<19), strings.Repeat("\x00", 1<<20)} {
		eachText(written(t, slog.LevelInfo, full(bad))[0], func(s string) {
			if len(s) > 512+len("…") || strings.ContainsFunc(s, func(r rune) bool { return !strconv.IsPrint(r) || r == '\ufffd' }) {
				t.Errorf("%d bytes, %.40q", len(s), s)
			}
		})
	}
}

// eachText visits every text and key within a decoded JSON value.
func eachText(v any, visit func(string)) {
	switch v := v.(type) {
	case string:
		visit(v)
	case []any:
		for _, e := range v {
			eachText(e, visit)
		}
	case map[string]any:
		for k, e := range v {
			visit(k)
			eachText(e, visit)
		}
	}
}

// flood is the largest event that anybody could cause.
func flood() audit.Event {
	e := full(strings.Repeat("\"", 1<<12))
	a := e.Assessment
	for i := range 1000 {
		a.Terms = append(a.Terms, a.Terms[0])
		a.Reasons, a.Unknown = append(a.Reasons, a.Reasons[0]), append(a.Unknown, a.Unknown[0])
		a.Thresholds[strings.Repeat("\"", 100)+strconv.Itoa(i)], a.Thresholds[strconv.Itoa(i)] = 1, 1
	}
	return e
}

func TestAnEventHasABoundHoweverMuchItIsAbout(t *testing.T) {
	text, err := json.Marshal(flood())
	if err != nil || len(text) > 96<<10 {
		t.Errorf("%d bytes, %v", len(text), err)
	}
}

func TestNoNumberLosesAnEvent(t *testing.T) {
	for _, odd := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), math.MaxFloat64, math.SmallestNonzeroFloat64} {
		e := full("x")
		e.Assessment.Score, e.Assessment.Terms[0].Points, e.Assessment.Terms[0].Weight, e.Assessment.Thresholds["x"] = odd, odd, odd, odd
		line := written(t, slog.LevelInfo, e)[0]
		if _, ok := line["score"].(float64); !ok || line["terms"] == nil || line["thresholds"] == nil {
			t.Errorf("%v: %v", odd, line)
		}
	}
}

func TestAnEventIsReadFromALineAsItWasWritten(t *testing.T) {
	empty := audit.Assessment{Mode: audit.ModeObserve, Score: 0.1 + 0.2, Terms: []audit.Term{}, Reasons: []string{}, Unknown: []string{},
		Thresholds: map[string]float64{}}
	for _, want := range []audit.Event{full("a value"), {Name: audit.LogGap}, {Name: audit.Assessed, Level: "normal", Assessment: &empty}} {
		want.ID, want.At = "an-id", noon.UTC()
		var out bytes.Buffer
		audit.New(slog.New(slog.NewJSONHandler(&out, nil)), nil, time.Now).Write(t.Context(), want)
		var got audit.Event
		if err := json.Unmarshal(out.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
}

func TestALogOfTextHasTheSameListsAsJSON(t *testing.T) {
	var out bytes.Buffer
	audit.New(slog.New(slog.NewTextHandler(&out, nil)), nil, time.Now).Write(t.Context(), full("x"))
	m := regexp.MustCompile(` terms=("(?:[^"\\]|\\.)*") `).FindStringSubmatch(out.String())
	if m == nil {
		t.Fatal(out.String())
	}
	text, err := strconv.Unquote(m[1])
	var got []audit.Term
	if err == nil {
		err = json.Unmarshal([]byte(text), &got)
	}
	if diff := cmp.Diff(full("x").Assessment.Terms, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

func TestWhatIsNoEventIsNotReadAsOne(t *testing.T) {
	for _, text := range []string{`{}`, `[]`, `{"schema":1}`, `{"event":"logout"}`, `{"event":"logout","schema":2}`, `{"event":"logout","schema":1,"at":"noon"}`,
		`{"msg":"request","level":"INFO"}`} {
		var e audit.Event
		if err := json.Unmarshal([]byte(text), &e); err == nil {
			t.Errorf("%s was read as %+v", text, e)
		}
	}
}

func TestTextKeepsWhatIsPrintable(t *testing.T) {
	for _, c := range []struct {
		in    string
		limit int
		want  string
	}{
		{"", 4, ""}, {"abcd", 4, "abcd"}, {"abcde", 4, "abcd…"}, {`"\`, 4, `"\`}, {"名前", 6, "名前"}, {"名前x", 6, "名前…"}, {"名前", 5, "名…"},
		{"a\nb", 9, `a\nb`}, {"\x1b", 9, `\x1b`}, {"\xff", 9, `\xff`}, {"\ufffd", 9, "\ufffd"}, {"\u202e", 9, `\u202e`}, {"ab\n", 3, "ab…"}, {"\u00a0", 9, `\u00a0`},
	} {
		if got := audit.Text(c.in, c.limit); got != c.want {
			t.Errorf("Text(%q, %d) = %q, want %q", c.in, c.limit, got, c.want)
		}
	}
}

func FuzzEvent(f *testing.F) {
	f.Add(`{"event":"login_assessed","schema":1,"id":"x","at":"2026-03-01T11:00:00Z","score":1.5,"terms":[{"code":"a","points":1.5}]}`)
	f.Add(`{"event":"logout","schema":1,"sub":"\u202e","level":"INFO","msg":"audit"}`)
	f.Fuzz(func(t *testing.T, text string) {
		var first, second audit.Event
		if json.Unmarshal([]byte(text), &first) != nil {
			return
		}
		out, err := json.Marshal(first)
		if err != nil {
			t.Skip(err) // a time that JSON has no form for
		}
		if err := json.Unmarshal(out, &second); err != nil {
			t.Fatalf("%s was read and written as %s: %v", text, out, err)
		}
		if (first.Assessment == nil) != (second.Assessment == nil) || first.Name != second.Name && audit.Text(string(first.Name), 512) != string(second.Name) {
			t.Fatalf("%+v became %+v", first, second)
		}
	})
}

func FuzzText(f *testing.F) {
	f.Add("a\x1b\xff\u202e", 5)
	f.Fuzz(func(t *testing.T, s string, limit int) {
		limit = max(limit, 0)
		got := audit.Text(s, limit)
		if len(got) > len("…") && len(got)-len("…") > limit {
			t.Fatalf("%d bytes, the limit is %d", len(got), limit)
		}
		if strings.ContainsFunc(got, func(r rune) bool { return !strconv.IsPrint(r) }) {
			t.Fatalf("%q is not printable", got)
		}
		if again := audit.Text(got, limit+len("…")); again != got {
			t.Fatalf("%q becomes %q", got, again)
		}
	})
}

// constants reads the names declared in the source, so that none can be left out of Names.
func constants(t *testing.T) []audit.Name {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "audit.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var out []audit.Name
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok {
			if typ, ok := spec.Type.(*ast.Ident); ok && typ.Name == "Name" {
				value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
				if err != nil {
					t.Fatal(err)
				}
				out = append(out, audit.Name(value))
			}
		}
		return true
	})
	return out
}

func TestNamesAreCompleteUniqueAndInSnakeCase(t *testing.T) {
	if diff := cmp.Diff(constants(t), audit.Names()); diff != "" {
		t.Errorf("declared and listed differ: %s", diff)
	}
	seen := map[audit.Name]bool{}
	for _, n := range audit.Names() {
		if seen[n] || !regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`).MatchString(string(n)) {
			t.Errorf("%q is not a name of its own in snake case", n)
		}
		seen[n] = true
	}
}

// rows returns the first column of the table below a heading of docs/audit.md, with the other columns.
func rows(t *testing.T, heading string) map[string][]string {
	t.Helper()
	page, err := os.ReadFile("../docs/audit.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(page), "\n## "+heading+"\n")
	if !ok {
		t.Fatalf("no section %s", heading)
	}
	section, _, _ = strings.Cut(section, "\n## ")
	out := map[string][]string{}
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\|(.*)\\|$").FindAllStringSubmatch(section, -1) {
		out[m[1]] = strings.Split(m[2], "|")
	}
	return out
}

func TestThePageListsEachEventAndItsFields(t *testing.T) {
	events, fields := rows(t, "Events"), rows(t, "Fields")
	var want []string
	for _, n := range audit.Names() {
		want = append(want, string(n))
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(events))); diff != "" {
		t.Errorf("events in the code and on the page differ: %s", diff)
	}
	line := written(t, slog.LevelInfo, full("x"))[0]
	for _, own := range []string{"time", "level", "msg", "edge"} {
		delete(line, own)
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(line)), slices.Sorted(maps.Keys(fields))); diff != "" {
		t.Errorf("fields in the code and on the page differ: %s", diff)
	}
	for event, columns := range events {
		for _, m := range regexp.MustCompile("`([a-z_]+)`").FindAllStringSubmatch(columns[len(columns)-1], -1) {
			if _, ok := fields[m[1]]; !ok {
				t.Errorf("%s names a field %s, which does not exist", event, m[1])
			}
		}
	}
}
