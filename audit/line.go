package audit

import (
	"encoding/json"
	"log/slog"
	"math"
	"reflect"
	"strings"
	"time"

	"github.com/edgeauth/edgeauth/identity"
)

const (
	// maxText bounds a value in bytes: events carry what strangers sent.
	maxText = 512
	// maxList bounds the elements of a list. There are fewer codes than that, and each stands in a list once.
	maxList = 64
	// maxCode and maxTermDetail bound the texts of a list's elements, in bytes: with maxList an event stays below 96 KiB,
	// and an honest one far below.
	maxCode       = 64
	maxTermDetail = 256
)

// line is an event as it is written. Its tags are the only place where a field's name, form and meaning stand: the log,
// the webhook's body and docs/audit.schema.json are made from them, and a test compares docs/audit.md.
type line struct {
	Event     Name      `json:"event" doc:"the event's name"`
	ID        string    `json:"id" doc:"names this event: 22 characters of base64url"`
	Schema    int       `json:"schema" doc:"version of this form"`
	At        time.Time `json:"at" doc:"when it happened, in UTC"`
	Issuer    string    `json:"issuer,omitempty" doc:"the identity provider that knows the person"`
	Sub       string    `json:"sub,omitempty" doc:"the person at that issuer; unique only together with issuer"`
	Session   string    `json:"session,omitempty" doc:"the name of the session's family, as edgeauth revoke --session takes it"`
	Provider  string    `json:"provider,omitempty" doc:"the provider's name in the configuration"`
	Client    string    `json:"client,omitempty" doc:"the client's address, behind trusted proxies the one they report"`
	RequestID string    `json:"request_id,omitempty" doc:"the request; the access record and the page that was shown have the same"`
	Host      string    `json:"host,omitempty" doc:"the public origin or host at which it happened"`
	Reason    string    `json:"reason,omitempty" doc:"a code that says why"`
	Actor     string    `json:"actor,omitempty" doc:"who wanted it"`
	Delivery  string    `json:"delivery,omitempty" enum:"delivered,pending,in_memory" doc:"whether the shared log has the revocation already, and if not whether a restart of this edge would lose it"`
	Level     string    `json:"security_level,omitempty" doc:"the level that something was raised to, or that was to be proven"`

	Mode       string             `json:"mode,omitempty" enum:"enforce,observe" doc:"whether the assessment could raise a level, or was for the record only"`
	Score      *float64           `json:"score,omitempty" doc:"the sum of an assessment"`
	Terms      []Term             `json:"terms,omitzero" doc:"each part of that sum, the greatest first"`
	Reasons    []string           `json:"reasons,omitzero" doc:"codes of the rules that made the assessment's level what it is"`
	Unknown    []string           `json:"unknown,omitzero" doc:"codes of what an assessment could not tell, and so counted neither way"`
	Thresholds map[string]float64 `json:"thresholds,omitzero" doc:"the least score for each level, as it held for this person"`
	Place      string             `json:"place,omitempty" doc:"where the client's address is, for people"`

	Detail string `json:"detail,omitempty" doc:"more about this event"`
}

// line bounds and cleans every value.
func (e *Event) line() *line {
	text := func(s string) string { return Text(s, maxText) }
	l := &line{
		Event: Name(text(string(e.Name))), ID: text(e.ID), Schema: Version, At: e.At, Issuer: text(e.Subject.Issuer), Sub: text(e.Subject.Sub),
		Session: text(e.Session), Provider: text(e.Provider), Client: text(e.Client), RequestID: text(e.RequestID), Host: text(e.Host),
		Reason: text(e.Reason), Actor: text(e.Actor), Delivery: text(e.Delivery), Level: text(e.Level), Detail: text(e.Detail),
	}
	if a := e.Assessment; a != nil {
		score := finite(a.Score)
		l.Mode, l.Score, l.Place = text(a.Mode), &score, text(a.Place)
		l.Reasons, l.Unknown = codes(a.Reasons), codes(a.Unknown)
		l.Terms = terms(a.Terms)
		l.Thresholds = make(map[string]float64, len(a.Thresholds))
		for level, least := range a.Thresholds {
			if len(l.Thresholds) < maxList {
				l.Thresholds[Text(level, maxCode)] = finite(least)
			}
		}
	}
	return l
}

// terms is never nil, so that a score without terms shows that it has none.
func terms(in []Term) []Term {
	out := make([]Term, 0, len(in))
	for _, t := range in[:min(len(in), maxList)] {
		out = append(out, Term{Code: Text(t.Code, maxCode), Points: finite(t.Points), Weight: finite(t.Weight), Detail: Text(t.Detail, maxTermDetail)})
	}
	return out
}

// codes is never nil either.
func codes(in []string) []string {
	out := make([]string, 0, len(in))
	for _, c := range in[:min(len(in), maxList)] {
		out = append(out, Text(c, maxCode))
	}
	return out
}

// finite replaces what JSON has no number for: an event must not be lost for it.
func finite(f float64) float64 {
	switch {
	case math.IsNaN(f):
		return 0
	case math.IsInf(f, 0):
		return math.Copysign(math.MaxFloat64, f)
	}
	return f
}

func (l *line) toEvent() Event {
	e := Event{
		Name: l.Event, ID: l.ID, At: l.At, Subject: identity.Subject{Issuer: l.Issuer, Sub: l.Sub}, Session: l.Session, Provider: l.Provider,
		Client: l.Client, RequestID: l.RequestID, Host: l.Host, Reason: l.Reason, Actor: l.Actor, Delivery: l.Delivery, Level: l.Level, Detail: l.Detail,
	}
	if l.Score != nil {
		e.Assessment = &Assessment{Mode: l.Mode, Score: *l.Score, Terms: l.Terms, Reasons: l.Reasons, Unknown: l.Unknown,
			Thresholds: l.Thresholds, Place: l.Place}
	}
	return e
}

// attrs are the fields that have a value, as the log writes them: lists and numbers too are JSON, in a log of text as well.
func (l *line) attrs() []slog.Attr {
	v := reflect.ValueOf(l).Elem()
	out := make([]slog.Attr, 0, v.NumField())
	for i := range v.NumField() {
		field := v.Field(i)
		if field.IsZero() {
			continue
		}
		key, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		switch value := field.Interface().(type) {
		case string:
			out = append(out, slog.String(key, value))
		case Name:
			out = append(out, slog.String(key, string(value)))
		case int:
			out = append(out, slog.Int(key, value))
		case time.Time:
			out = append(out, slog.Time(key, value))
		default:
			text, err := json.Marshal(value)
			if err != nil { // no field's type can fail, and what can be is made finite
				text = []byte("null")
			}
			out = append(out, slog.Any(key, json.RawMessage(text)))
		}
	}
	return out
}
