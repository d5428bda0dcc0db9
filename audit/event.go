package audit

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/edgeauth/edgeauth/identity"
)

// Version is that of the form in which events are written. It changes when a field changes its meaning or goes; events
// and fields that are new do not change it.
const Version = 1

// Event is one security event. Zero fields are left out. Session is the family's name, which opens nothing.
//
// Its JSON is what docs/audit.schema.json describes. Whatever its values are, they are written bounded and without
// anything that a terminal would obey (see Text). Values within the bounds are read as they were written.
type Event struct {
	ID        string // names this event, 22 characters; given by Write
	At        time.Time
	Name      Name
	Subject   identity.Subject
	Session   string
	Provider  string
	Client    string // address
	RequestID string
	Host      string
	Reason    string
	Actor     string
	Delivery  string
	Level     string // that something was raised to, or that was proven
	Detail    string

	Assessment *Assessment // of Assessed alone
}

// ProviderGoesOn is part of the detail of every event by which somebody ends sessions of another browser. The edge has no secret
// of theirs, so it cannot use their tokens to end anything at the provider: whoever is still logged in there comes back without
// a password, until somebody logs them out there too.
const ProviderGoesOn = "session and tokens at the provider go on"

// Assessment is what a login, or a change within a session, looked like: enough to explain it later, without the rules of
// then. Event.Level is the level that it asked for.
type Assessment struct {
	Mode       string // ModeEnforce or ModeObserve
	Score      float64
	Terms      []Term // that add up to Score, the greatest first
	Reasons    []string
	Unknown    []string           // what could not be told
	Thresholds map[string]float64 // the least score for each level that one led to, for this person
	Place      string             // for people; empty: unknown
}

// The modes of assessments.
const (
	ModeEnforce = "enforce"
	ModeObserve = "observe"
)

// Term is one part of a score.
type Term struct {
	Code   string  `json:"code" doc:"the signal or rule; docs/risk.md lists them"`
	Points float64 `json:"points" doc:"what it added to the score"`
	Weight float64 `json:"weight,omitempty" doc:"the configured weight that its points hold already, of a comparison"`
	Detail string  `json:"detail,omitempty" doc:"what was compared, for people"`
}

// MarshalJSON writes the event as the audit log and the webhook do.
func (e Event) MarshalJSON() ([]byte, error) { return json.Marshal(e.line()) }

// UnmarshalJSON reads an event that was written by this form, or a line of the audit log, whose fields beside the event's
// are passed over. It refuses events of another Version and what is no event.
func (e *Event) UnmarshalJSON(data []byte) error {
	var l line
	if err := json.Unmarshal(data, &l); err != nil {
		return fmt.Errorf("reading an audit event: %w", err)
	}
	if l.Event == "" || l.Schema != Version {
		return fmt.Errorf("reading an audit event: event %q has schema version %d, not %d", Text(string(l.Event), maxText), l.Schema, Version)
	}
	*e = l.toEvent()
	return nil
}
