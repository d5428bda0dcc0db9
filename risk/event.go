package risk

import (
	"github.com/edgeauth/edgeauth/audit"
	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/session"
)

// Event is the audit event of an assessment, with its sum and every term. Who was assessed is for the caller to add.
func (f *Finding) Event() audit.Event {
	a := &audit.Assessment{Mode: audit.ModeObserve, Score: f.Score, Reasons: Texts(f.Reasons), Unknown: Texts(f.Unknown),
		Thresholds: map[string]float64{}, Place: f.Place}
	if f.Enforced {
		a.Mode = audit.ModeEnforce
	}
	for _, t := range f.Terms {
		a.Terms = append(a.Terms, audit.Term{Code: string(t.Code), Points: t.Points, Weight: t.Weight, Detail: t.Detail})
	}
	for level, least := range f.Thresholds {
		a.Thresholds[string(level)] = least
	}
	return audit.Event{Name: audit.Assessed, Level: string(f.Level), Assessment: a}
}

// Texts writes codes as what a session and an event carry.
func Texts[T ~string](codes []T) (out []string) {
	for _, c := range codes {
		out = append(out, string(c))
	}
	return out
}

// Why is the code that goes into the log for a raised level: the first of the reasons.
func (f *Finding) Why() string {
	if len(f.Reasons) == 0 {
		return "risk"
	}
	return string(f.Reasons[0])
}

// Floor is the entry of the log that raises all of a subject's sessions to the finding's level. It outlives every session
// that there can be now, whatever the configuration said when it began.
func (f *Finding) Floor(s identity.Subject, since revocation.Millis) revocation.Entry {
	until := since + revocation.Millis((session.MaxLifetime + 2*identity.MaxClockSkew).Milliseconds())
	return revocation.Entry{Register: revocation.Floor(s, f.Level),
		Value: revocation.Value{Since: since, Until: until, Reason: f.Why(), Actor: "risk"}}
}
