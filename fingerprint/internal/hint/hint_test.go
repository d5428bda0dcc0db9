package hint_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/edgeauth/edgeauth/fingerprint/internal/hint"
)

func brands(lines ...string) hint.Brands {
	h := http.Header{}
	for _, l := range lines {
		h.Add("Sec-CH-UA", l)
	}
	return hint.Of(h).Brands
}

func TestBrandsAreReadAsTheirSpecificationSays(t *testing.T) {
	for line, want := range map[string]hint.Brands{
		`"Chromium";v="140", "Not=A?Brand";v="24", "Google Chrome";v="140"`: {{"Chromium", "140"}, {"Not=A?Brand", "24"}, {"Google Chrome", "140"}},
		`"Chromium" ; v="140" ,"X";v="8"`:                                   {{"Chromium", "140"}, {"X", "8"}},
		`" Not A;Brand";v="99"`:                                             {{" Not A;Brand", "99"}},
		`"\"Not\\A;Brand, \"";v="99", "Chromium";v="1"`:                     {{`"Not\A;Brand, "`, "99"}, {"Chromium", "1"}},
		`"Chromium"`:                             {{"Chromium", ""}},
		``:                                       nil,
		`Chromium;v="140"`:                       nil,
		`"Chromium";v=140`:                       nil,
		`"Chromium";v="140`:                      nil,
		`"Chromium";v="140",`:                    nil,
		`"Chromium";v="140" "X"`:                 nil,
		`"Chrom\ium";v="140"`:                    nil,
		`"Chromium\`:                             nil,
		"\"Chromium\xff\"":                       nil,
		strings.Repeat(`"a";v="1",`, 16) + `"b"`: nil,
		`"` + strings.Repeat("a", 2000) + `"`:    nil,
	} {
		if diff := cmp.Diff(want, brands(line)); diff != "" {
			t.Errorf("%.80s (-want +got):\n%s", line, diff)
		}
	}
	if got := brands(`"Chromium";v="140"`, `"X";v="1"`); got != nil {
		t.Errorf("two lines, which no browser sends: %v", got)
	}
}

func TestOtherHintsAreReadOrUnsaid(t *testing.T) {
	for _, row := range []struct {
		platform, mobile string
		want             hint.Hints
	}{
		{`"Windows"`, "?0", hint.Hints{Platform: "Windows", Mobile: hint.No}},
		{` "Chrome OS" `, "?1", hint.Hints{Platform: "Chrome OS", Mobile: hint.Yes}},
		{`Windows`, "1", hint.Hints{}},
		{`"Windows" x`, "", hint.Hints{}},
		{"\"" + strings.Repeat("W", 2000) + "\"", "?2", hint.Hints{}},
	} {
		got := hint.Of(http.Header{"Sec-Ch-Ua-Platform": {row.platform}, "Sec-Ch-Ua-Mobile": {row.mobile}})
		if diff := cmp.Diff(row.want, got); diff != "" {
			t.Errorf("%.30s, %s (-want +got):\n%s", row.platform, row.mobile, diff)
		}
	}
}

func FuzzHintsAreReadWithoutHarm(f *testing.F) {
	f.Add(`"Chromium";v="140", "Not=A?Brand";v="24"`)
	f.Add(`"\"`)
	f.Fuzz(func(t *testing.T, line string) {
		h := hint.Of(http.Header{"Sec-Ch-Ua": {line}, "Sec-Ch-Ua-Platform": {line}, "Sec-Ch-Ua-Full-Version-List": {line}})
		if len(h.Brands) > 16 || len(h.Platform) > 1024 {
			t.Errorf("%d brands, a platform of %d bytes", len(h.Brands), len(h.Platform))
		}
	})
}
