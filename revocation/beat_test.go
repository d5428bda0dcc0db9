package revocation_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/revocation"
)

func TestAnOriginCanBeReadBackWhateverTheEdgeIsCalled(t *testing.T) {
	for name, want := range map[string]string{
		"web-1": "web-1", "web-1.example.com": "web-1.example.com", "": "edge", "...": "edge", "..web": "web", "Ärger <b>": "rger--b-",
		"a/b\x00c\n": "a-b-c-", strings.Repeat("n", 300): strings.Repeat("n", 63), "\xff\xfe": "edge",
	} {
		o := revocation.NewOrigin(name)
		again, ok := revocation.ParseOrigin(string(o))
		if !ok || again != o || o.Name() != want || len(o.Run()) != 8 {
			t.Errorf("%.20q became %q", name, o)
		}
		if o == revocation.NewOrigin(name) {
			t.Errorf("two runs of %.20q are one", name)
		}
	}
}

func TestARegionThatIsNoneIsNotTold(t *testing.T) {
	for _, region := range []string{"", "-", "a b", "x\n", strings.Repeat("x", 64)} {
		b, err := revocation.DecodeBeat("a/aaaaaaaa", "5 "+revocation.Beat{Region: region}.Encode())
		if err != nil || b.Region != "" {
			t.Errorf("%q: %v, %+v", region, err, b)
		}
	}
}

func FuzzDecodeBeat(f *testing.F) {
	f.Add("web-1/abcdefg2", "1700000000000 1 1699999999999 1699999999990-3 -12 eu-1")
	f.Add("web-1/abcdefg2", "1700000000000 1 0 0-0 0 -")
	f.Add("<b>/abcdefg2", "1 1 1 1-1 1 1")
	f.Add("", "99999999999999999999 1 1 18446744073709551615-18446744073709551616 9223372036854775807 -")
	f.Fuzz(func(t *testing.T, origin, value string) {
		b, err := revocation.DecodeBeat(origin, value)
		if err != nil {
			if !errors.Is(err, revocation.ErrUnreadable) || b != (revocation.Beat{}) {
				t.Fatalf("%v, %+v", err, b)
			}
			return
		}
		for _, text := range []string{string(b.Origin), b.Region} {
			if strings.ContainsAny(text, "<>\"'&{}\n\r\x00 ") || len(text) > 80 {
				t.Errorf("%q is let through", text)
			}
		}
		if b.At < 0 || b.Read < 0 || b.Clock.Abs() < 0 || b.Clock%time.Millisecond != 0 {
			t.Errorf("%+v", b)
		}
		again, err := revocation.DecodeBeat(string(b.Origin), fmt.Sprintf("%d %s", b.At, b.Encode()))
		if err != nil || again != b {
			t.Errorf("%+v became %+v, %v", b, again, err)
		}
	})
}
