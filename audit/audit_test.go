package audit_test

import (
	"bytes"
	"context"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"log/slog"
	"maps"
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
	e := audit.Event{Name: audit.Logout, Subject: identity.Subject{Issuer: value, Sub: value}}
	v := reflect.ValueOf(&e).Elem()
	for i := range v.NumField() {
		if f := v.Field(i); f.Kind() == reflect.String && f.String() == "" {
			f.SetString(value)
		}
	}
	return e
}

func TestAnEventIsOneLineWithoutEmptyFields(t *testing.T) {
	got := written(t, slog.LevelInfo, audit.Event{Name: audit.LoopBroken}, audit.Event{Name: audit.Logout, Subject: identity.Subject{Sub: "a-1"}, Actor: "user"})
	want := []map[string]any{
		{"time": "2026-03-01T11:00:00Z", "level": "INFO", "msg": "audit", "edge": "a", "event": "login_loop_broken", "at": "2026-03-01T11:00:00Z"},
		{"time": "2026-03-01T11:00:00Z", "level": "INFO", "msg": "audit", "edge": "a", "event": "logout", "at": "2026-03-01T11:00:00Z", "sub": "a-1", "actor": "user"},
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

// LG-01
func TestNoValueForgesOrFloodsALine(t *testing.T) {
	for _, bad := range []string{"a\r\n{\"msg\":\"audit\"}", "\x1b[2J", "nul\x00", "\xff\xc3", "\u009b31m", "\u202egnp", strings.Repeat("é", 1<<19), strings.Repeat("\x00", 1<<20)} {
		for key, value := range written(t, slog.LevelInfo, full(bad))[0] {
			s, _ := value.(string)
			if len(s) > 512+len("…") || strings.ContainsFunc(s, func(r rune) bool { return !strconv.IsPrint(r) || r == '\ufffd' }) {
				t.Errorf("%s: %d bytes, %.40q", key, len(s), s)
			}
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
