package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/edgeauth/edgeauth/config"
	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/policy"
	"github.com/edgeauth/edgeauth/proxy"
	"github.com/edgeauth/edgeauth/risk"
)

// explained is the answer of `edgeauth explain`. Its JSON is described in docs/explain.md; fields are only ever added.
type explained struct {
	Request    explainedRequest     `json:"request"`
	Route      *explainedRoute      `json:"route,omitempty"`
	Others     []explainedRoute     `json:"others,omitempty"`
	Below      *explainedRoute      `json:"below,omitempty"`
	Refused    *explainedRefusal    `json:"refused,omitempty"`
	Person     *explainedPerson     `json:"person,omitempty"`
	Assessment *explainedAssessment `json:"assessment,omitempty"`
	Conditions []explainedCondition `json:"conditions,omitempty"`
	Verdict    explainedVerdict     `json:"verdict"`
	Changes    []explainedChange    `json:"changes,omitempty"`
	Notes      []string             `json:"notes,omitempty"`

	found proxy.Found
}

type explainedRequest struct {
	Method string    `json:"method"`
	Host   string    `json:"host"`
	Target string    `json:"target"`         // as it was asked for
	Path   string    `json:"path,omitempty"` // canonical
	Query  string    `json:"query,omitempty"`
	At     time.Time `json:"at"`
}

type explainedRoute struct {
	Name     string   `json:"name"`
	Path     string   `json:"path"`
	Exact    bool     `json:"exact,omitempty"`
	Methods  []string `json:"methods,omitempty"`
	Public   bool     `json:"public,omitempty"`
	Upstream string   `json:"upstream,omitempty"`
	Why      string   `json:"why"`
}

type explainedRefusal struct {
	Status int    `json:"status"`
	Reason string `json:"reason"`
	Detail string `json:"detail,omitempty"`
	Allow  string `json:"allow,omitempty"`
}

type explainedPerson struct {
	Issuer   string           `json:"issuer"`
	Sub      string           `json:"sub"`
	Provider string           `json:"provider"`
	Level    string           `json:"level"`
	RaisedAt *time.Time       `json:"raised_at,omitempty"`
	Expires  time.Time        `json:"expires"`
	Idle     time.Time        `json:"idle_until"`
	Floors   []explainedFloor `json:"floors,omitempty"`
	Known    string           `json:"known_from"`
}

type explainedFloor struct {
	Level    string    `json:"level"`
	Since    time.Time `json:"since"`
	Until    time.Time `json:"until"`
	Reason   string    `json:"reason,omitempty"`
	CountsAs string    `json:"counts_as,omitempty"` // where the level itself is not configured
}

type explainedCondition struct {
	Of     string `json:"of"` // the route's name
	Kind   string `json:"kind"`
	Asked  string `json:"asked"`
	Given  string `json:"given"`
	Holds  bool   `json:"holds"`
	Reason string `json:"reason,omitempty"`
}

type explainedVerdict struct {
	Action string         `json:"action"`
	Reason string         `json:"reason"`
	Need   *explainedNeed `json:"need,omitempty"`
	Fault  string         `json:"fault,omitempty"` // why an expression could not be evaluated
}

type explainedNeed struct {
	Level  string     `json:"level,omitempty"`
	ACR    []string   `json:"acr,omitempty"`
	AMR    []string   `json:"amr,omitempty"`
	MaxAge float64    `json:"max_age_seconds,omitempty"`
	Since  *time.Time `json:"since,omitempty"`
}

type explainedChange struct {
	Code   string           `json:"code"`
	Text   string           `json:"text"`
	Name   string           `json:"name,omitempty"`
	Values []string         `json:"values,omitempty"`
	Need   *explainedNeed   `json:"need,omitempty"`
	Then   explainedVerdict `json:"then"`
}

func newExplained(q *question, f proxy.Found) *explained {
	f.Asked.Client, f.AskedBelow.Client = q.client, q.client
	a := &explained{found: f, Request: explainedRequest{Method: q.method, Host: q.host.Origin(), Target: q.target, Path: f.Path, Query: f.Query, At: q.at}}
	if f.Route == nil {
		a.Refused = &explainedRefusal{Status: f.Status, Reason: f.Reason, Detail: f.Detail, Allow: f.Allow}
	} else {
		a.Route = routeOf(f.Route, f.Route)
	}
	if f.Below != nil {
		a.Below = routeOf(f.Below, nil)
		a.Below.Why = fmt.Sprintf("the same upstream is asked for this path without %s, so its conditions hold besides", f.Route.StripPrefix)
	}
	for _, o := range f.Others {
		a.Others = append(a.Others, *routeOf(o, f.Route))
	}
	return a
}

// routeOf describes a route beside the one that was found.
func routeOf(r, found *proxy.RouteConfig) *explainedRoute {
	out := &explainedRoute{Name: r.Name, Path: r.Path, Exact: r.Exact, Methods: r.Methods, Public: r.Policy.Public, Upstream: r.Upstream.Name()}
	switch {
	case r == found:
		out.Why = "the most specific path that matches"
		if len(r.Methods) > 0 {
			out.Why += ", for this method"
		}
	case found != nil && r.Path == found.Path && r.Exact == found.Exact:
		out.Why = "the same path, for other methods"
	default:
		out.Why = "less specific"
	}
	return out
}

// decide explains the verdict; that of the route below, where the route itself permits and that one does not.
func (a *explained) decide(s *policy.Session, st policy.Standing, now time.Time) {
	if a.found.Route == nil {
		a.Verdict = explainedVerdict{Action: "refuse", Reason: a.Refused.Reason}
		return
	}
	if s != nil { // of a login now: nothing that routes ask about was left out
		s.Selection = a.found.Route.Policy.Selection
	}
	e := policy.Case{Route: &a.found.Route.Policy, Session: s, Standing: st, Request: a.found.Asked, Now: now}.Explain()
	a.conditions(a.found.Route, &e)
	if a.found.Below != nil && e.Verdict.Action == policy.Allow {
		under := policy.Case{Route: &a.found.Below.Policy, Session: s, Standing: st, Request: a.found.AskedBelow, Now: now}.Explain()
		a.conditions(a.found.Below, &under)
		if under.Verdict.Action != policy.Allow {
			e = under
		}
	}
	a.Verdict = verdictOf(e.Verdict)
	for i := range e.Changes {
		a.Changes = append(a.Changes, changeOf(&e.Changes[i]))
	}
}

func (a *explained) conditions(r *proxy.RouteConfig, e *policy.Explanation) {
	if r.Policy.Public {
		return
	}
	for _, c := range e.Conditions {
		a.Conditions = append(a.Conditions, explainedCondition{Of: r.Name, Kind: string(c.Kind), Asked: c.Asked, Given: c.Given, Holds: c.Holds(), Reason: string(c.Reason)})
	}
}

func verdictOf(v policy.Verdict) explainedVerdict {
	return explainedVerdict{Action: v.Action.String(), Reason: string(v.Reason), Need: needOf(v.Need), Fault: v.Fault}
}

func needOf(n *policy.Need) *explainedNeed {
	if n == nil {
		return nil
	}
	out := &explainedNeed{Level: string(n.Level), ACR: n.ACR, AMR: n.AMR, MaxAge: n.MaxAge.Seconds()}
	if !n.Since.IsZero() {
		since := n.Since.UTC()
		out.Since = &since
	}
	return out
}

func changeOf(ch *policy.Change) explainedChange {
	values := slices.DeleteFunc(slices.Clone(ch.Values), func(v string) bool { return v == "" })
	return explainedChange{Code: string(ch.Code), Text: changeText(ch), Name: ch.Name, Values: values, Need: needOf(ch.Need), Then: verdictOf(ch.Then)}
}

// describe says who is taken to ask.
func (a *explained) describe(q *question, s *policy.Session, k *known) {
	a.Person = &explainedPerson{Issuer: q.who.subject.Issuer, Sub: q.who.subject.Sub, Provider: q.who.provider.Name, Level: string(s.Level),
		Expires: s.Expires, Idle: s.IdleUntil, Known: k.from}
	if !s.RaisedAt.IsZero() {
		raised := s.RaisedAt.UTC()
		a.Person.RaisedAt = &raised
	}
	configured := levels(q.cfg.Levels)
	for _, f := range k.Floors {
		one := explainedFloor{Level: string(f.Level), Since: f.Since.UTC(), Until: f.Until.UTC(), Reason: f.Reason}
		if as := configured.Known(f.Level); as != f.Level {
			one.CountsAs = string(as)
		}
		a.Person.Floors = append(a.Person.Floors, one)
	}
}

// assess explains what the login would look like, and returns the level that it would be given for that.
func (a *explained) assess(q *question, k *known) (identity.Level, error) {
	pepper, _ := ringPepper(q.cfg.Session.KeysFile) // known has said what is wrong with it
	now, place, err := q.sight(pepper)
	if err != nil {
		return "", err
	}
	if q.agent == "" {
		a.Notes = append(a.Notes, "the login's program (--user-agent says it): without that line its kind is other, which is compared")
	}
	a.Notes = append(a.Notes, q.carry(&now, k)...)
	for _, st := range q.places.Status() {
		if st.Problem != nil {
			a.Notes = append(a.Notes, fmt.Sprintf("%s: %v", st.Path, st.Problem))
		}
	}
	f := policy.Facts{Subject: q.who.subject, Groups: q.who.session.Groups, Now: now, History: k.History, HistoryKnown: k.HistoryKnown, Failures: k.Failures,
		Unknown: risk.Unlisted(&place)}
	if k.Counts != nil {
		f.Population = k.Counts
	}
	o := riskRules(q.cfg).Explain(&f)
	a.Assessment = assessmentOf(&o, place.String(), now.Place.Zone)
	a.Assessment.Mode, a.Assessment.Client, a.Assessment.Seen = string(q.cfg.Risk.Mode), q.client.String(), len(k.History)
	if q.cfg.Risk.Mode != config.RiskEnforce {
		return "", nil
	}
	return o.Level, nil
}

// carry gives the sighting the device cookie that was asked for: the one that the person was seen with last.
func (q *question) carry(now *policy.Sighting, k *known) (notes []string) {
	if q.device == 0 {
		return nil
	}
	for _, s := range k.History {
		if s.Device.IsZero() || s.Unproven {
			continue
		}
		now.Device, now.DeviceSince = s.Device, q.at.Add(-q.device)
		if q.device == knownDevice {
			now.DeviceSince = firstSeen(k.History, s.Device)
		}
		return nil
	}
	return []string{"no device of the person is known, so the login is taken to come from a new one"}
}

func firstSeen(history []policy.Sighting, device policy.Hash) (first time.Time) {
	for _, s := range history {
		for _, t := range []time.Time{s.DeviceSince, s.At} {
			if s.Device == device && !t.IsZero() && (first.IsZero() || t.Before(first)) {
				first = t
			}
		}
	}
	return first
}

func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
