package redis

import (
	"fmt"
	"strconv"
)

// keys builds the names of the keys. All keys of a shard share a hash tag, and with it a slot of a cluster.
type keys struct{ prefix string }

func (k keys) shard(shard int, name string) string {
	return fmt.Sprintf("%s{log:%02d}:%s", k.prefix, shard, name)
}

func (k keys) stream(shard int) string  { return k.shard(shard, "stream") }
func (k keys) buckets(shard int) string { return k.shard(shard, "buckets") }
func (k keys) current(shard int) string { return k.shard(shard, "current") }
func (k keys) held(shard int) string    { return k.shard(shard, "held") }
func (k keys) life(shard int) string    { return k.shard(shard, "life") }
func (k keys) beat(shard int) string    { return k.shard(shard, "beat") }
func (k keys) origins(shard int) string { return k.shard(shard, "origins") }

// snapStart plus the number of an hour is the key of a bucket.
func (k keys) snapStart(shard int) string { return k.shard(shard, "snap:") }

func (k keys) seeding(shard int, attempt uint64) string {
	return k.shard(shard, "seeding:"+strconv.FormatUint(attempt, 16))
}

func (k keys) once(key string) string  { return k.prefix + "edgeauth:once:" + key }
func (k keys) vault(key string) string { return k.prefix + "edgeauth:vault:" + key }
func (k keys) list(key string) string  { return k.prefix + "edgeauth:list:" + key }
func (k keys) lease(key string) string { return k.prefix + "edgeauth:lease:" + key }
func (k keys) roll(key string) string  { return k.prefix + "edgeauth:roll:" + key }
