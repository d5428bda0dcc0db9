package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/edgeauth/edgeauth/admission"
	"github.com/edgeauth/edgeauth/history"
	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/policy"
	"github.com/edgeauth/edgeauth/revocation"
)

// known is what is known of a person, and of everybody as far as it bears on one login. It travels over the control socket,
// between two processes of one program.
type known struct {
	Floors       []policy.Floor
	Enrolled     time.Time
	History      []policy.Sighting
	HistoryKnown bool
	Failures     policy.Failures
	Counts       counts // nil: unknown

	from  string   // who told
	notes []string // what could not be found out
}

// counts are how common the values of one sighting are. They implement policy.Population for that sighting alone.
type counts map[policy.Feature]count

type count struct {
	Value        string
	Count, Total float64
	Distinct     int
}

// Frequency implements policy.Population.
func (c counts) Frequency(f policy.Feature, value string) (n, total float64, distinct int) {
	one := c[f]
	if one.Value != value {
		return 0, one.Total, one.Distinct
	}
	return one.Count, one.Total, one.Distinct
}

// countsOf asks a population for the values of a sighting.
func countsOf(s *policy.Sighting, from policy.Population) counts {
	out := counts{}
	s.Each(func(f policy.Feature, value string) {
		n, total, distinct := from.Frequency(f, value)
		out[f] = count{value, n, total, distinct}
	})
	return out
}

// wireSubject asks what is known.
type wireSubject struct {
	Subject  identity.Subject
	Sighting policy.Sighting
	At       time.Time
}

// Who told what is known.
const (
	fromEdge   = "edge"
	fromStore  = "store"
	fromNobody = "nobody"
)

const askTimeout = 5 * time.Second

// known finds out what is known of the person: from the edge that runs here, else from the store.
func (q *question) known(ctx context.Context) (*known, error) {
	pepper, ringErr := ringPepper(q.cfg.Session.KeysFile)
	seen, _, err := q.sight(pepper)
	if err != nil {
		return nil, err
	}
	nothing := known{Failures: policy.Failures{Subject: -1, Network: -1, ASN: -1}}
	if q.offline {
		nothing.from = fromNobody
		nothing.notes = []string{"offline: floors and history of the person are not known; a login is assessed as where a history cannot be read"}
		nothing.unhashed(q, ringErr)
		return &nothing, nil
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	if q.tell != nil {
		k := q.tell(ctx, wireSubject{q.who.subject, seen, q.at})
		k.from = fromEdge
		k.unhashed(q, ringErr)
		k.until(q)
		return &k, nil
	}
	k := nothing
	err = askEdge(ctx, socketPath(q.cfg), "/known", wireSubject{q.who.subject, seen, q.at}, &k)
	if k.from = fromEdge; errors.Is(err, errNoEdge) {
		k = nothing
		err = q.stored(ctx, pepper, &k)
	}
	if err != nil {
		nothing.from = fromNobody
		nothing.notes = []string{fmt.Sprintf("floors and history of the person are not known: %v", err)}
		return &nothing, nil
	}
	k.unhashed(q, ringErr)
	k.until(q)
	return &k, nil
}

// unhashed notes that there is no key ring to hash with, where anything is compared.
func (k *known) unhashed(q *question, err error) {
	if err != nil && q.client.IsValid() {
		k.notes = append(k.notes, fmt.Sprintf("networks and devices cannot be compared: %v", err))
	}
}

// stored reads the store itself.
func (q *question) stored(ctx context.Context, pepper func() ([32]byte, bool), k *known) error {
	st, err := openExisting(q.cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		return fmt.Errorf("no edge answers at %s, and the store cannot be read either: %w", socketPath(q.cfg), err)
	}
	defer st.Close()
	k.from = fromStore
	k.notes = append(k.notes, "no edge runs here: failed logins, and what is common among everybody, are not known")
	own := revocation.Floor(q.who.subject, "")
	b, err := st.Snapshot(ctx, own.Shard())
	if err != nil {
		return fmt.Errorf("reading the log: %w", err)
	}
	var floors revocation.Standing
	for _, e := range b.Entries {
		if e.Register == revocation.Floor(q.who.subject, e.Level) {
			floors.Floors = append(floors.Floors, revocation.FloorValue{Level: e.Level, Value: e.Value})
		}
	}
	k.Floors = admission.Standing(floors).Floors
	k.remember(ctx, history.New(history.Options{Store: st, Pepper: pepper, Now: time.Now}), q.who.subject)
	return nil
}

// remember reads the history.
func (k *known) remember(ctx context.Context, h *history.History, s identity.Subject) {
	var err error
	if k.Enrolled, err = h.Enrolled(ctx, s); err != nil {
		k.notes = append(k.notes, fmt.Sprintf("whether an authenticator was enrolled on the spot is not known: %v", err))
	}
	k.History, err = h.Read(ctx, s)
	if k.HistoryKnown = err == nil; err != nil {
		k.notes = append(k.notes, fmt.Sprintf("the history is not known: %v", err))
	}
}

// until forgets what is over, and what had not happened yet at a moment that was named. No sighting of the same second counts, so that the
// time of an audit event gives the history that its login was compared with, without that login itself.
func (k *known) until(q *question) {
	k.Floors = slices.DeleteFunc(k.Floors, func(f policy.Floor) bool { return !q.at.Before(f.Until) })
	if !q.named {
		return
	}
	if q.client.IsValid() && k.from == fromEdge {
		k.notes = append(k.notes, "failed logins, and what is common among everybody, as they were at --at: those of now are looked at")
	}
	second := q.at.Truncate(time.Second)
	k.History = slices.DeleteFunc(k.History, func(s policy.Sighting) bool { return !s.At.Before(second) })
	k.Floors = slices.DeleteFunc(k.Floors, func(f policy.Floor) bool { return f.Since.After(q.at) })
}

// known tells what this edge knows of a person.
func (e *edge) known(ctx context.Context, in wireSubject) known {
	names := revocation.Bearer{Subject: in.Subject}.Names()
	k := known{Floors: admission.Standing(e.replica.Standing(&names)).Floors}
	k.remember(ctx, newHistory(e, e.log), in.Subject)
	k.Failures = e.memory.failures.Near(in.Subject, &in.Sighting, time.Now())
	k.Counts = countsOf(&in.Sighting, e.memory.population)
	return k
}
