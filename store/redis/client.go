package redis

import (
	"context"
	"crypto/tls"
	"net"
	"slices"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/edgeauth/edgeauth/revocation"
)

// commands makes the client of everything but blocking reads.
func commands(o Options) goredis.UniversalClient {
	u := universal(o)
	u.PoolSize, u.MaxActiveConns = o.Connections, o.Connections
	return client(o, u, func() *gate { return newGate(o.Connections, o.Command) })
}

// blocking makes the client of the log's readers: one connection for each shard.
func blocking(o Options) goredis.UniversalClient {
	u := universal(o)
	u.PoolSize, u.MaxActiveConns = revocation.Shards, revocation.Shards
	return client(o, u, func() *gate { return nil })
}

// universal holds what both clients share. The features of go-redis that send more than we ask for are off: its retries
// (the store has one budget for all), maintenance notifications (which lead to hosts that the server names), CLIENT
// SETINFO, and the pool for pipelines. RESP2 has all we need and no pushes.
func universal(o Options) *goredis.UniversalOptions {
	return &goredis.UniversalOptions{
		Addrs:      slices.Clone(o.Addresses), // go-redis appends to it, for each client by itself
		MasterName: o.MasterName,
		DB:         o.DB,
		Username:   o.Username,
		Password:   said(o.Password),

		SentinelUsername: o.SentinelUsername,
		SentinelPassword: said(o.SentinelPassword),

		Dialer:                dialer(o), // speaks TLS too
		Protocol:              2,
		ClientName:            "edgeauth",
		DialTimeout:           o.Connect,
		DialerRetries:         1,
		MaxRetries:            -1,
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

// client makes the client for a topology, with a door before each server.
func client(o Options, u *goredis.UniversalOptions, gates func() *gate) goredis.UniversalClient {
	behind := func(c *goredis.Client, addr string) *goredis.Client {
		c.AddHook(&node{addr: addr, client: c, gate: gates()})
		return c
	}
	switch {
	case o.MasterName != "":
		return behind(goredis.NewFailoverClient(u.Failover()), "")
	case o.Cluster:
		c := u.Cluster()
		c.DisableRoutingPolicies = true // they would ask for COMMAND; all our commands name one slot
		c.NewClient = func(n *goredis.Options) *goredis.Client { return behind(goredis.NewClient(n), n.Addr) }
		return goredis.NewClusterClient(c)
	}
	return behind(goredis.NewClient(u.Simple()), "")
}

// dialer opens connections, each of which is counted.
func dialer(o Options) func(ctx context.Context, network, addr string) (net.Conn, error) {
	plain := &net.Dialer{KeepAlive: time.Minute}
	dial := plain.DialContext
	if o.TLS != nil {
		dial = (&tls.Dialer{NetDialer: plain, Config: o.TLS}).DialContext
	}
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		ctx, cancel := context.WithTimeout(ctx, o.Connect)
		defer cancel()
		conn, err := dial(ctx, network, addr)
		o.Observer.Dialed(err == nil)
		return conn, err
	}
}
