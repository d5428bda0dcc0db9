package main

import (
	"fmt"
	"time"

	"github.com/edgeauth/edgeauth/admin"
	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/store/redis"
)

// overview gathers what the console shows.
func (e *edge) overview() admin.Overview {
	self := e.fleet.Self()
	o := admin.Overview{
		Time: time.Now(),
		Edge: admin.Edge{Name: self.Name(), Run: self.Run(), Region: e.fleet.Region(), Version: version, Started: e.started},
		Log: admin.LogState{
			Staleness: admin.Seconds(e.replica.Staleness()), Heard: admin.Seconds(e.fleet.Silence()), Registers: e.replica.Len(),
			Outbox: e.writer.Pending(), OutboxKept: e.writer.Kept(), FromDisk: e.replica.Leaning(),
		},
	}
	if inc, ok := e.replica.Current(); ok {
		o.Log.Incarnation = inc.String()
	}
	o.Store.Ready, o.Store.Detail = e.store.Status()
	load := e.storeLoad()
	o.Store.Calls, o.Store.Connections = load.InFlight, load.Connections
	for i, n := range e.writer.Waiting() {
		shard := e.shard(i)
		shard.Outbox = n
		o.Shards = append(o.Shards, shard)
	}
	for _, s := range e.fleet.Sightings() {
		o.Origins = append(o.Origins, origin(s))
	}
	return o
}

func (e *edge) shard(i int) admin.Shard {
	st := e.replica.State(i)
	out := admin.Shard{
		Number: fmt.Sprintf("%02d", i), Staleness: admin.Seconds(st.Staleness), Registers: e.replica.ShardLen(i),
		Cursor: st.Place.Cursor.String(), Unread: e.fleet.Unread(i),
	}
	if !st.Current.IsZero() {
		out.Incarnation = st.Current.String()
	}
	return out
}

func origin(s revocation.Sighting) admin.Origin {
	out := admin.Origin{
		Name: s.Origin.Name(), Run: s.Origin.Run(), Region: s.Region, This: s.Self,
		Heard: admin.Seconds(s.Heard), Staleness: admin.Seconds(s.Staleness), Clock: s.Clock.Seconds(),
	}
	for _, shard := range s.Shards {
		in := admin.OriginShard{Staleness: admin.Seconds(shard.Staleness), Heard: admin.Seconds(shard.Heard), Cursor: shard.Cursor.String()}
		if shard.Read != 0 {
			read := shard.Read.Time()
			in.Read = &read
		}
		out.Shards = append(out.Shards, in)
	}
	return out
}

// storeLoad is how busy a shared store is; an embedded one is never busy.
func (e *edge) storeLoad() redis.Load {
	if shared, ok := e.store.(*redis.Store); ok {
		return shared.Load()
	}
	return redis.Load{}
}
