package redis

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"

	goredis "github.com/redis/go-redis/v9"
)

// Cause says in a word why a call failed, for metrics. Beside those below there is one for each refusal of Redis that an
// operator can do something about (docs/metrics.md lists all).
type Cause string

// The causes that are not Redis' own words.
const (
	None           Cause = ""               // the call did not fail
	Timeout        Cause = "timeout"        // no answer, or no connection, within the limit
	Unreachable    Cause = "unreachable"    // no connection: refused, no such host, no route
	Lost           Cause = "lost"           // the connection ended before the whole answer was there
	Untrusted      Cause = "tls"            // the handshake failed on either side
	Malformed      Cause = "malformed"      // an answer that is none, or not to what was asked
	NotAsked       Cause = "not_asked"      // the circuit breaker is open
	Crowded        Cause = "crowded"        // too many calls wait for this server
	Unacknowledged Cause = "unacknowledged" // too few replicas have the write
	GaveUp         Cause = "gave_up"        // the caller did
	Closed         Cause = "closed"         // the store is
	OtherRefusal   Cause = "other"          // an error reply without a word of its own here
)

// refusal is an error reply that is known: a mark in its text, and what an operator can do.
type refusal struct {
	mark  string
	cause Cause
	cure  string
}

// constant table: the first whose mark the text contains counts. Scripts wrap the refusals of their commands, so that the mark
// is not always at the beginning.
var refusals = []refusal{
	{"LOADING", "loading", "it is reading its data from disk; it will answer when that is done"},
	{"READONLY", "readonly", "it is a replica: store.redis.addresses must lead to the master, or name Sentinels or a cluster"},
	{"NOREPLICAS", "noreplicas", "the master has fewer replicas than min-replicas-to-write demands; bring them back"},
	{"OOM", "oom", "its memory is full: raise maxmemory"},
	{"MASTERDOWN", "masterdown", "it is a replica that has lost its master: store.redis.addresses must lead to the master"},
	{"CLUSTERDOWN", "clusterdown", "some slots of the cluster have no master; look at CLUSTER INFO"},
	{"MISCONF", "misconf", "it cannot save to disk and so refuses writes; look at its log"},
	{"BUSY ", "busy", "a script or function has been running there for too long; SCRIPT KILL ends it"},
	{"WRONGTYPE", "wrongtype", "a key does not hold what edgeauth writes there; docs/redis.md says what it should hold"},
	{"NOPERM", "noperm", "the user lacks a right, which ACL LOG names; docs/redis.md has all that it needs"},
	{"The user executing the script can't", "noperm", "the user lacks a right, which ACL LOG names; docs/redis.md has all that it needs"},
	{"WRONGPASS", "noauth", "check store.redis.username and store.redis.password"},
	{"NOAUTH", "noauth", "set store.redis.password"},
	{"AUTH <password> called without any password", "noauth", "it has no password: remove store.redis.password"},
	{"DENIED", "denied", "it is in protected mode: bind it to an address and give it a password"},
	{"max number of clients", "maxclients", "it has no connection left: raise maxclients, or lower store.redis.connections"},
	{"MOVED", "moved", "a server of a cluster sends on: set store.redis.cluster, or wait until the cluster's nodes agree"},
	{"ASK ", "ask", "a slot of the cluster is on the move: set store.redis.cluster, or wait until it has arrived"},
	{"TRYAGAIN", "tryagain", "a slot of the cluster is on the move"},
	{"CROSSSLOT", "crossslot", "store.redis.cluster is not for a proxy in front of a cluster"},
	{"cluster support disabled", "no_cluster", "it is no node of a cluster: remove store.redis.cluster"},
	{"unknown command 'sentinel'", "no_sentinel", "it is a Redis server and no Sentinel: name Sentinels in store.redis.addresses, or remove store.redis.master_name"},
	{"redis: nil", "no_master", "the Sentinels know no master of that name: check store.redis.master_name"},
	{"older than 7.0", "old", "edgeauth needs Redis 7.0 or later, or Valkey"},
	{"unknown command", "old", "edgeauth needs Redis 7.0 or later, or Valkey, with none of its commands renamed; a Sentinel needs store.redis.master_name"},
}

// explain finds an error's cause, and a cure that an operator can try; empty for none.
func explain(err error) (cause Cause, cure string) {
	var reply goredis.Error
	var shape *replyError
	var few *fewReplicas
	var open *openError
	switch {
	case err == nil:
		return None, ""
	case errors.As(err, &open):
		return NotAsked, cureOf(open.last)
	case errors.Is(err, errCrowded), isFull(err):
		return Crowded, ""
	case errors.As(err, &few):
		return Unacknowledged, "look at the replicas; what was written is in the master, and will be written again"
	case errors.As(err, &shape):
		return Malformed, "is this the Redis that edgeauth uses, and nothing else's?"
	case errors.As(err, &reply):
		return refused(err.Error())
	}
	return unanswered(err), cureOf(err)
}

func refused(text string) (Cause, string) {
	for _, r := range refusals {
		if strings.Contains(text, r.mark) {
			return r.cause, r.cure
		}
	}
	return OtherRefusal, ""
}

// unanswered is the cause of an error that is no answer of Redis.
func unanswered(err error) Cause {
	var dial *net.OpError
	switch {
	case errors.Is(err, context.Canceled):
		return GaveUp
	case errors.Is(err, goredis.ErrClosed):
		return Closed
	case isTimeout(err):
		return Timeout
	case isTLS(err):
		return Untrusted
	case errors.As(err, &dial) && dial.Op == "dial":
		return Unreachable
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed),
		errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return Lost
	}
	return Malformed
}

func cureOf(err error) string {
	switch unanswered(err) {
	case Untrusted:
		return "check store.redis.tls, ca_file, server_name and cert_file against the server's tls-* settings"
	case Malformed:
		return "is this a Redis server, and store.redis.tls as it expects?"
	}
	return ""
}

// isFull reports whether go-redis had no connection to give: those that others gave up waiting for are still being made.
func isFull(err error) bool {
	return errors.Is(err, goredis.ErrPoolTimeout) || errors.Is(err, goredis.ErrPoolExhausted)
}

// strangerCure is a cure for what happens to a store that its server has never answered: one of the two may speak TLS and the other
// not, which looks like silence or like a lost connection, and in TLS 1.3 a server that wants a certificate may end the
// connection without a word.
func strangerCure(err error, speaksTLS bool) string {
	switch cause := root(err); {
	case cause == Timeout && speaksTLS:
		return "if the server is up: does it speak TLS on this port? Else remove store.redis.tls"
	case cause == Lost && speaksTLS:
		return "does the server ask for a certificate? Then set store.redis.cert_file"
	case cause == Lost:
		return "does the server speak TLS on this port? Then set store.redis.tls"
	}
	return ""
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout()
}

func isTLS(err error) bool {
	var untrusted *tls.CertificateVerificationError
	var alert tls.AlertError
	var header tls.RecordHeaderError
	var remote *net.OpError
	return errors.As(err, &untrusted) || errors.As(err, &alert) || errors.As(err, &header) ||
		errors.As(err, &remote) && remote.Op == "remote error"
}
