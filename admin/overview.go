package admin

import (
	"fmt"
	"math"
	"time"
)

// Overview is what the console shows. Whoever fills it in leaves out what concerns persons. It is JSON as it stands.
type Overview struct {
	Time    time.Time `json:"time"` // by this edge's clock
	Edge    Edge      `json:"edge"`
	Health  report    `json:"health"` // filled in by Handler
	Log     LogState  `json:"log"`
	Store   Store     `json:"store"`
	Shards  []Shard   `json:"shards"`
	Origins []Origin  `json:"origins"` // all edges that are known of, this one first
}

// Edge is the edge that answers.
type Edge struct {
	Name    string    `json:"name"`
	Run     string    `json:"run"` // random, of this start
	Region  string    `json:"region,omitempty"`
	Version string    `json:"version"`
	Started time.Time `json:"started"`
}

// LogState is this edge's copy of the revocation log as a whole.
type LogState struct {
	Staleness   Seconds `json:"staleness_seconds"`
	Heard       Seconds `json:"heard_seconds"` // since the log last answered this edge, in the shard where that is longest
	Incarnation string  `json:"incarnation,omitempty"`
	Registers   int     `json:"registers"`
	Outbox      int     `json:"outbox"`      // revocations that wait for the store
	OutboxKept  bool    `json:"outbox_kept"` // whether they would outlive the process
	FromDisk    bool    `json:"from_disk"`
}

// Store is where the log is.
type Store struct {
	Ready       bool   `json:"ready"`
	Detail      string `json:"detail"`
	Calls       int    `json:"calls_in_flight"`
	Connections int    `json:"connections"`
}

// Shard is one part of this edge's copy.
type Shard struct {
	Number      string  `json:"shard"`
	Staleness   Seconds `json:"staleness_seconds"`
	Registers   int     `json:"registers"`
	Outbox      int     `json:"outbox"`
	Cursor      string  `json:"cursor"`
	Incarnation string  `json:"incarnation,omitempty"`
	Unread      string  `json:"unread,omitempty"` // why something that edges said of themselves is missing
}

// Origin is an edge that follows the log, as far as this one knows.
type Origin struct {
	Name      string        `json:"name"`
	Run       string        `json:"run"`
	Region    string        `json:"region,omitempty"`
	This      bool          `json:"this,omitempty"`
	Heard     Seconds       `json:"heard_seconds"`     // since it last told of itself
	Staleness Seconds       `json:"staleness_seconds"` // the greatest of all shards
	Clock     float64       `json:"clock_seconds"`     // by how much its clock is ahead of the store's
	Shards    []OriginShard `json:"shards"`
}

// OriginShard is how far an edge has read one shard.
type OriginShard struct {
	Staleness Seconds    `json:"staleness_seconds"`
	Heard     Seconds    `json:"heard_seconds"`
	Read      *time.Time `json:"read,omitempty"` // all that was in the shard then it has read, by the store's clock
	Cursor    string     `json:"cursor,omitempty"`
}

// ClockText is the difference of the clocks for people.
func (o Origin) ClockText() string {
	if math.Abs(o.Clock) < 0.05 {
		return "0.0 s"
	}
	return fmt.Sprintf("%+.1f s", o.Clock)
}

// late is the age of a copy past which it is marked. While all is well, what is known of another edge is up to three seconds old.
const late = Seconds(10 * time.Second)

// Late reports whether a copy is older than it is while all is well, or of unknown age.
func (s Seconds) Late() bool { return s > late }

// Known reports whether somebody can tell.
func (s Seconds) Known() bool { return s != Never }

// Current are the edges whose copies are as young as they are while all is well.
func (o Overview) Current() (n int) {
	for _, origin := range o.Origins {
		if !origin.Staleness.Late() {
			n++
		}
	}
	return n
}

// Oldest is the greatest age of the copies of those.
func (o Overview) Oldest() (oldest Seconds) {
	for _, origin := range o.Origins {
		if !origin.Staleness.Late() {
			oldest = max(oldest, origin.Staleness)
		}
	}
	return oldest
}

// CutOff reports whether what this edge knows of the others is old itself.
func (o Overview) CutOff() bool { return o.Log.Heard.Late() }
