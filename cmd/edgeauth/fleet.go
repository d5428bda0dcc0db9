package main

import (
	"cmp"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/edgeauth/edgeauth/admin"
	"github.com/edgeauth/edgeauth/config"
	"github.com/edgeauth/edgeauth/revocation"
)

// runFile holds in data_dir how the other edges know the process that runs there. One that crashed could not tell them that it
// has ended; its successor does.
const runFile = "edge.run"

// newFleet says who this edge is to the others. keeps is whether data_dir is this edge's to write in.
func newFleet(cfg *config.Config, log *slog.Logger, keeps bool) *revocation.Fleet {
	host, _ := os.Hostname() // a host without a name is an edge without one
	o := revocation.FleetOptions{Self: revocation.NewOrigin(cmp.Or(cfg.Server.Name, host)), Region: cfg.Server.Region, Now: time.Now}
	if keeps {
		o.Before = succeed(filepath.Join(cfg.Server.DataDir, runFile), o.Self, log)
	}
	return revocation.NewFleet(o)
}

// succeed writes who runs here now, and returns who ran here before.
func succeed(file string, self revocation.Origin, log *slog.Logger) (before revocation.Origin) {
	text, err := os.ReadFile(file)
	if err == nil {
		before, _ = revocation.ParseOrigin(string(text))
	}
	if err := os.WriteFile(file, []byte(self), 0o600); err != nil {
		log.Info("this run cannot be noted in data_dir: should it crash, the other edges hear of it for an hour", "error", err)
	}
	return before
}

// measureFleet registers what is known of all edges. Each has one figure for all shards, the worst: 16 for each edge would be 16
// times as many series, and say no more to an alert.
func (e *edge) measureFleet() {
	for name, g := range map[string]struct {
		help  string
		value func(revocation.Sighting) float64
	}{
		admin.GaugeOriginAge: {"How old an edge's copy of the revocation log can be at most, as this edge knows. +Inf: not read yet.",
			func(s revocation.Sighting) float64 { return seconds(s.Staleness) }},
		admin.GaugeOriginHeard: {"How long ago an edge last told of itself in the revocation log, as this edge knows.",
			func(s revocation.Sighting) float64 { return seconds(s.Heard) }},
		admin.GaugeOriginClock: {"By how much an edge's clock is ahead of Redis', as it said last.",
			func(s revocation.Sighting) float64 { return s.Clock.Seconds() }},
	} {
		e.metrics.Points(name, g.help, func() (points []admin.Point) {
			for _, s := range e.fleet.Sightings() {
				labels := map[string]string{"origin": s.Origin.Name(), "run": s.Origin.Run(), "region": s.Region}
				points = append(points, admin.Point{Labels: labels, Value: g.value(s)})
			}
			return points
		})
	}
	e.metrics.Gauge(admin.GaugeOriginsUnread, "Shards of the revocation log in which something that edges told of themselves could not be read.", nil, func() (n float64) {
		for i := range revocation.Shards {
			n += truth(e.fleet.Unread(i) != "")
		}
		return n
	})
}
