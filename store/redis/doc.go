// Package redis keeps shared state in Redis 7.0 or later, or Valkey: a single server, a group under Sentinel, or a
// cluster. It owns the names and forms of the keys (docs/redis.md lists them), the scripts that change several of them in
// one step, and how long anyone waits for an answer. It is the only package that knows go-redis. It decides nothing: an
// answer that makes no sense is a *store.Unavailable, never a verdict.
//
// Waiting is bounded: a call takes at most twice the command limit with all it waits for, and holds one of a bounded
// number of connections. After several calls in a row without an answer a server's circuit breaker fails further calls at
// once, except one at a time that tries. A call is repeated once at most, where a connection broke, and all calls draw
// their retries from one budget; go-redis' own are off. The blocking reads of the log have connections of their own, so
// that neither can starve the other.
//
// Scripts travel as text (EVAL), never by a digest computed here: go-redis would take SHA-1 for it, which
// GODEBUG=fips140=only forbids.
package redis
