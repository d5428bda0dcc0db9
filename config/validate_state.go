package config

import (
	"net"
	"net/url"
	"slices"

	"github.com/edgeauth/edgeauth/config/internal/format"
)

func (v validator) session() {
	if v.Session.Idle <= v.Session.Lifetime {
		return
	}
	if v.r.Given("session.idle") {
		v.report("session.idle", "must not be longer than session.lifetime", "")
		return
	}
	v.report("session.lifetime", "is shorter than session.idle, which is "+v.Session.Idle.String()+" by default", "set session.idle too")
}

func (v validator) store() {
	redis := v.Store.Redis
	if v.Store.Type != StoreRedis {
		if v.r.Given("store.redis.addresses") && len(redis.Addresses) > 0 {
			v.warn("store.redis", "not used, because store.type is "+string(v.Store.Type), "")
		}
		return
	}
	const path = "store.redis"
	switch n := len(redis.Addresses); {
	case n == 0:
		v.report(path+".addresses", "store.type is redis, but no address is given", "as in [redis.example.com:6379]")
	case n > 1 && redis.MasterName == "" && !redis.Cluster:
		v.report(path+".addresses", "several addresses need master_name (Sentinel) or cluster: true", "")
	}
	if redis.Cluster && redis.MasterName != "" {
		v.report(path+".master_name", "is for Sentinel, but cluster is true", "keep one of the two")
	}
	if redis.Cluster && redis.DB != 0 {
		v.report(path+".db", "a cluster has only database 0", "")
	}
	if (redis.Cluster || redis.MasterName != "") && !v.r.Given(path+".acknowledge") {
		v.warn(path+".acknowledge", "is 0: what a master takes just before it is replaced counts as delivered, and may be lost",
			"set it to 1 where each master has two replicas, or to 0 to accept that")
	}
	v.redisTransport(path, redis)
}

func (v validator) redisTransport(path string, redis Redis) {
	unread := v.r.Bad(path+".password") || v.r.Bad(path+".password_file")
	if redis.Username != "" && redis.Password.IsZero() && !unread {
		v.report(path+".username", "a user name needs a password", "set password or password_file")
	}
	v.sentinels(path, redis)
	if (redis.CertFile == "") != (redis.KeyFile == "") && !v.r.Bad(path+".cert_file") && !v.r.Bad(path+".key_file") {
		v.report(path, "cert_file and key_file come together", "name both or neither")
	}
	if redis.TLS {
		return
	}
	if redis.CAFile != "" || redis.ServerName != "" || redis.CertFile != "" {
		v.warn(path+".tls", "is false, so ca_file, server_name and cert_file are not used", "set it to true")
	}
	if !redis.Password.IsZero() && slices.ContainsFunc(redis.Addresses, beyondLoopback) {
		v.warn(path+".tls", "is false: the password travels in the clear", "set it to true unless the network is yours alone")
	}
}

// sentinels checks what is for Sentinels only.
func (v validator) sentinels(path string, redis Redis) {
	unread := v.r.Bad(path+".sentinel_password") || v.r.Bad(path+".sentinel_password_file")
	switch {
	case redis.SentinelUsername == "" && redis.SentinelPassword.IsZero():
	case redis.MasterName == "":
		v.warn(path+".master_name", "is not given, so what is for Sentinels is not used", "")
	case redis.SentinelPassword.IsZero() && !unread:
		v.report(path+".sentinel_username", "a user name needs a password", "set sentinel_password or sentinel_password_file")
	}
}

func beyondLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	return err == nil && !format.IsLoopback(host)
}

func loopbackURL(u *url.URL) bool { return format.IsLoopback(u.Hostname()) }
