package main

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/edgeauth/edgeauth/admin"
	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/revocation/disk"
)

// checkLog: the edge is ready once it has caught up with the log, or vouches for a copy in data_dir while Redis is away.
func (e *edge) checkLog() (admin.State, string) {
	stale := e.replica.Staleness()
	switch {
	case stale == math.MaxInt64:
		return admin.NotReady, "the revocation log has not been read yet"
	case e.replica.Leaning():
		return admin.Degraded, fmt.Sprintf("this edge started while Redis was away; it serves from the copy in data_dir, which may be %s old", age(stale))
	case stale > lateLog:
		return admin.Degraded, fmt.Sprintf("this edge's copy may be %s old%s", age(stale), e.lateShards())
	case e.replica.Unreadable() > 0:
		return admin.Degraded, fmt.Sprintf("the revocation log has entries that cannot be read (%d), being corrupt or of a later release; what they name is refused, and the audit event log_entry_unreadable says which they are", e.replica.Unreadable())
	}
	return admin.Ready, ""
}

// lateShards names the shards that are behind, unless all are.
func (e *edge) lateShards() string {
	var late []string
	for i := range revocation.Shards {
		if e.replica.ShardStaleness(i) > lateLog {
			late = append(late, fmt.Sprintf("%02d", i))
		}
	}
	if len(late) == revocation.Shards {
		return ""
	}
	return ", in shards " + strings.Join(late, ", ")
}

func (e *edge) checkOutbox() (admin.State, string) {
	n := e.writer.Pending()
	switch {
	case n == 0 && e.durable.lost() > 0:
		return admin.Degraded, "revocations that waited in data_dir could not be read at the start; the log says which file has them"
	case n == 0 && e.durable.outbox != nil && !e.writer.Kept():
		return admin.Degraded, "revocations cannot be kept in data_dir; the log says why"
	case n == 0:
		return admin.Ready, ""
	case e.writer.Kept():
		return admin.Degraded, "until the store is back, this edge alone acts on " + counted(n, "revocation") + ", kept in data_dir"
	}
	return admin.Degraded, "until the store is back, this edge alone acts on " + counted(n, "revocation") + "; if it ends before, other edges never hear of them"
}

// measure registers the gauges.
func (d *durable) measure(e *edge) {
	m := e.metrics
	m.Gauge(admin.GaugeOutboxKept, "Whether revocations that wait for the store would outlive this process; 0 without a data_dir, or while it cannot be written.", nil,
		func() float64 { return truth(e.writer.Kept()) })
	m.Gauge(admin.GaugeLeaning, "Whether this edge serves from the copy of the log in data_dir, because Redis has not answered since it started.", nil,
		func() float64 { return truth(e.replica.Leaning()) })
	m.Gauge(admin.GaugeCopyAge, "How long ago the copy of the log was saved in data_dir. NaN: not since the start, or none is kept.", nil, d.copyAge)
	for _, file := range []string{disk.OutboxName, disk.SnapshotName} {
		n := d.refused[file]
		m.Gauge(admin.GaugeDiskRefused, "Parts of files in data_dir that could not be used at the start.", map[string]string{"file": file}, func() float64 { return float64(n) })
	}
}

// copyAge is how many seconds ago the copy was saved.
func (d *durable) copyAge() float64 {
	if d.folder == nil {
		return math.NaN()
	}
	at, ever := d.keeper.Written()
	if !ever {
		return math.NaN()
	}
	return time.Since(at).Seconds()
}

// lost is how many parts of the outbox could not be read.
func (d *durable) lost() int { return d.refused[disk.OutboxName] }
