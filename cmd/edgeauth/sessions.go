package main

import (
	"context"
	"net/http"
	"time"

	"github.com/edgeauth/edgeauth/admin"
	"github.com/edgeauth/edgeauth/fingerprint"
	"github.com/edgeauth/edgeauth/geo"
	"github.com/edgeauth/edgeauth/session"
	"github.com/edgeauth/edgeauth/sessions"
)

// newIndex keeps the index of sessions in the edge's store.
func newIndex(e *edge) *sessions.Index {
	return sessions.New(sessions.Options{
		Store: e.store, Keys: e.keys.Ring, Log: e.replica, Now: time.Now,
		Unreadable: func(_ context.Context, n int) {
			e.log.Warn("records of the index of sessions cannot be read and were left out", "records", n)
		},
	})
}

// newRecorder counts what becomes of the records.
func newRecorder(x *sessions.Index, m *admin.Metrics) *sessions.Recorder {
	r := sessions.NewRecorder(x, func(o sessions.Outcome) { m.SessionRecord(string(o)) })
	m.Gauge(admin.GaugeSessionRecords, "Records of the index of sessions that wait for the store.", nil, func() float64 { return float64(r.Waiting()) })
	return r
}

// roster notes for the index what login and proxy see, with the providers and places of one configuration.
type roster struct {
	*sessions.Index
	recorder *sessions.Recorder
	tree     *tree
}

// Issued implements login.Roster.
func (r roster) Issued(ctx context.Context, s *session.Session, v sessions.Visit) {
	r.recorder.Record(ctx, sessions.Of(s, r.sight(s, v)))
}

// Renewed implements proxy.Roster.
func (r roster) Renewed(s *session.Session, v sessions.Visit) {
	r.recorder.Later(sessions.Of(s, r.sight(s, v)))
}

func (r roster) sight(s *session.Session, v sessions.Visit) sessions.Sight {
	seen := sessions.Sight{LastSeen: time.Now().UTC(), Host: v.Host, Provider: r.tree.nameOf(s.Subject.Issuer), Place: r.place(v)}
	c := fingerprint.Of(http.Header{"User-Agent": {v.Agent}}, "")
	seen.Client = sessions.Client{Browser: c.Browser, OS: c.OS, Kind: c.Kind}
	return seen
}

// place is where an address is, as far as there are databases of places; of the address itself the network alone is kept.
func (r roster) place(v sessions.Visit) sessions.Place {
	if !v.Address.IsValid() {
		return sessions.Place{}
	}
	at := geo.Normal(v.Address)
	place := sessions.Place{Prefix: geo.Network(at).String(), Private: at.IsPrivate() || at.IsLoopback()}
	if db := r.tree.watch.places; db != nil {
		at := db.Lookup(v.Address)
		place.Country, place.City, place.Network, place.Private = at.Country, at.City, at.Org, at.Private
	}
	return place
}

// nameOf is the configured name of the provider of an issuer; empty for one that is no longer configured.
func (t *tree) nameOf(issuer string) string {
	for name, p := range t.providers {
		if p.Issuer() == issuer {
			return name
		}
	}
	return ""
}
