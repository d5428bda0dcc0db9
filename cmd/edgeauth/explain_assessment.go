package main

import (
	"github.com/edgeauth/edgeauth/policy"
	"github.com/edgeauth/edgeauth/risk"
)

// explainedAssessment is what a login looked like, or would look like.
type explainedAssessment struct {
	Client     string             `json:"client,omitempty"`
	Place      string             `json:"place,omitempty"`
	Zone       string             `json:"zone,omitempty"`
	Mode       string             `json:"mode,omitempty"`
	Seen       int                `json:"sightings"` // in the history that it was compared with
	Level      string             `json:"level"`
	Score      float64            `json:"score"`
	Terms      []explainedTerm    `json:"terms,omitempty"`
	Thresholds map[string]float64 `json:"thresholds,omitempty"`
	Learning   bool               `json:"learning,omitempty"`
	Reasons    []string           `json:"reasons,omitempty"`
	Unknown    []string           `json:"unknown,omitempty"`
	Changes    []explainedWithout `json:"changes,omitempty"`
}

type explainedTerm struct {
	Code   string  `json:"code"`
	Points float64 `json:"points"`
	Weight float64 `json:"weight,omitempty"`
	Detail string  `json:"detail,omitempty"`
}

// explainedWithout is a lower level, and what would have to be otherwise for it.
type explainedWithout struct {
	Without []string `json:"without"`
	Points  float64  `json:"points"`
	Level   string   `json:"level"`
	Score   float64  `json:"score"`
}

func assessmentOf(o *policy.Outlook, place, zone string) *explainedAssessment {
	a := &explainedAssessment{Place: place, Zone: zone, Level: string(o.Level), Score: o.Score, Thresholds: map[string]float64{},
		Learning: o.Learning, Reasons: risk.Texts(o.Reasons), Unknown: risk.Texts(o.Unknown)}
	for _, t := range o.Terms {
		a.Terms = append(a.Terms, explainedTerm{string(t.Code), t.Points, t.Weight, t.Detail})
	}
	for level, least := range o.Thresholds {
		a.Thresholds[string(level)] = least
	}
	for _, w := range o.Changes {
		a.Changes = append(a.Changes, explainedWithout{risk.Texts(w.Reasons), w.Points, string(w.Level), w.Score})
	}
	return a
}
