package file

import (
	"context"
	"time"

	"go.etcd.io/bbolt"

	"github.com/edgeauth/edgeauth/revocation"
)

const (
	sweepEvery = time.Minute
	sweepLimit = 1000 // things and entries of each stream in one transaction, so that no caller waits for long
)

// Run sweeps what has ended, once a minute, until ctx ends. Each write sweeps a little too; Run is for the time without
// any. A sweep that fails is tried again; Status shows it.
func (s *Store) Run(ctx context.Context) error {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.closed:
			return nil
		case <-tick.C:
			_ = s.sweepAll(ctx) // noted for Status; nobody is worse off than a minute before
		}
	}
}

func (s *Store) sweepAll(ctx context.Context) error {
	return s.update(ctx, "sweeping", func(tx *bbolt.Tx) error {
		now := nowMillis()
		for shard := range revocation.Shards {
			if err := logOf(tx, shard).trim(now, sweepLimit); err != nil {
				return err
			}
		}
		return sweep(tx, now, sweepLimit)
	})
}

// removeRegister removes a register that ended, unless it has grown since. key is the shard's number in a byte, and the name.
func removeRegister(tx *bbolt.Tx, now revocation.Millis, key []byte) error {
	if len(key) < 1 || int(key[0]) >= revocation.Shards {
		return nil
	}
	registers, name := logOf(tx, int(key[0])).Bucket.Bucket(registersBucket), key[1:]
	there, err := revocation.Decode(string(name), string(registers.Get(name)))
	if err == nil && there.Until+margin > now {
		return nil
	}
	return registers.Delete(name)
}
