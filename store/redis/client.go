package redis

import (
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/edgeauth/edgeauth/revocation"
)

// commands makes the client of everything but blocking reads.
func commands(o Options) goredis.UniversalClient {
	u := universal(o)
	u.PoolSize, u.MaxActiveConns = o.Connections, o.Connections
	u.MaxRetries = 1
	u.MinRetryBackoff, u.MaxRetryBackoff = 8*time.Millisecond, 64*time.Millisecond // go-redis jitters between them
	return client(o, u)
}

// blocking makes the client of the log's readers: one connection for each shard, no retries. A reader that fails asks
// again by itself.
func blocking(o Options) goredis.UniversalClient {
	u := universal(o)
	u.PoolSize, u.MaxActiveConns = revocation.Shards, revocation.Shards
	u.MaxRetries = -1
	return client(o, u)
}

// universal holds what both clients share. The features of go-redis that send more than we ask for are off: maintenance
// notifications (which lead to hosts that the server names), CLIENT SETINFO, and the pool for pipelines. RESP2 has all
// we need and no pushes.
func universal(o Options) *goredis.UniversalOptions {
	return &goredis.UniversalOptions{
		Addrs:      o.Addresses,
		MasterName: o.MasterName,
		DB:         o.DB,
		Username:   o.Username,
		Password:   reveal(o.Password),

		SentinelUsername: o.SentinelUsername,
		SentinelPassword: reveal(o.SentinelPassword),

		TLSConfig:             o.TLS,
		Protocol:              2,
		ClientName:            "edgeauth",
		DialTimeout:           o.Connect,
		DialerRetries:         1,
		ReadTimeout:           o.Command,
		WriteTimeout:          o.Command,
		PoolTimeout:           o.Command,
		ContextTimeoutEnabled: true,
		MaxRedirects:          3,

		PipelinePoolSize:         -1,
		DisableIdentity:          true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	}
}

func client(o Options, u *goredis.UniversalOptions) goredis.UniversalClient {
	switch {
	case o.MasterName != "":
		return goredis.NewFailoverClient(u.Failover())
	case o.Cluster:
		c := u.Cluster()
		c.DisableRoutingPolicies = true // they would ask for COMMAND; all our commands name one slot
		return goredis.NewClusterClient(c)
	}
	return goredis.NewClient(u.Simple())
}
