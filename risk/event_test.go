package risk_test

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/edgeauth/edgeauth/audit"
	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/policy"
	"github.com/edgeauth/edgeauth/risk"
)

// Whoever explains an event has nothing but the event: whatever an assessment found has to come through it.
func TestAnAssessmentComesThroughItsEventWithoutLoss(t *testing.T) {
	f := risk.Finding{Place: "São Paulo, BR (AS27699 TELEFÔNICA BRASIL S.A)", Enforced: true,
		Thresholds: map[identity.Level]float64{identity.Elevated: 1, identity.High: math.Pi}}
	f.Level, f.Score = identity.High, 0.1+0.2
	for i, code := range policy.RiskReasons() {
		f.Terms = append(f.Terms, policy.Term{Code: code, Points: 1 / float64(i+3), Weight: 0.3 * float64(i), Detail: "2.1 of 3.4 logins, \"é\""})
		f.Reasons, f.Unknown = append(f.Reasons, code), append(f.Unknown, code)
	}
	want := f.Event()
	want.ID, want.At = "an-id", time.Unix(1_800_000_000, 0).UTC()
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got audit.Event
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if len(got.Assessment.Terms) != len(f.Terms) || got.Assessment.Terms[7] != (audit.Term{Code: string(f.Terms[7].Code), Points: 0.1, Weight: 0.3 * 7, Detail: f.Terms[7].Detail}) {
		t.Errorf("%+v", got.Assessment.Terms)
	}
}

func TestTheDetailOfARealAssessmentFitsIntoItsEvent(t *testing.T) {
	b := open(t)
	b.login("berlin")
	f := b.login("tokyo")
	for _, term := range f.Terms {
		if len(term.Detail) > 256 || len(term.Code) > 64 {
			t.Errorf("%s: %d bytes are cut: %s", term.Code, len(term.Detail), term.Detail)
		}
	}
}
