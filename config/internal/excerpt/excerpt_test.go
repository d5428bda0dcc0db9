package excerpt_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/edgeauth/edgeauth/config/internal/excerpt"
)

func TestALongLineIsCutAroundTheCaret(t *testing.T) {
	line := strings.Repeat("ä", 300) + "X" + strings.Repeat("b", 300)
	text, caret := excerpt.New(line).Show(excerpt.Place{Line: 1, Column: 301})
	if n := utf8.RuneCountInString(text); n > 130 {
		t.Errorf("%d characters are shown", n)
	}
	if got := []rune(text)[caret]; got != 'X' {
		t.Errorf("the caret stands at %q in %s", got, text)
	}
}

func TestTheCaretFollowsWhatAMaskMoves(t *testing.T) {
	s := excerpt.New("{hidden__: s, user: 5}")
	s.Hide(excerpt.Place{Line: 1, Column: 12}, "s", true)
	text, caret := s.Show(excerpt.Place{Line: 1, Column: 21})
	if text[caret] != '5' || strings.Contains(text, " s,") {
		t.Errorf("%s with the caret at %d", text, caret)
	}
}

func TestPlacesOutsideTheFileShowNothing(t *testing.T) {
	s := excerpt.New("a: b")
	for _, at := range []excerpt.Place{{}, {Line: 7, Column: 1}, {Line: -1, Column: -1}} {
		if text, _ := s.Show(at); text != "" {
			t.Errorf("%v shows %q", at, text)
		}
		s.Hide(at, "b", true)
	}
	if _, caret := s.Show(excerpt.Place{Line: 1, Column: 99}); caret != 4 {
		t.Errorf("caret = %d, want the end of the line", caret)
	}
}
