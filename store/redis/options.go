package redis

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"
)

// Options says where Redis is and how long to wait for it. It prints without its secrets under every verb.
type Options struct {
	Addresses  []string // host:port of the server, of the Sentinels, or of some nodes of the cluster
	MasterName string   // not empty: Addresses are Sentinels that know a master of this name
	Cluster    bool     // Addresses are nodes of a cluster
	DB         int      // not for a cluster

	// Passwords come as functions, nil for none: a function has nothing to print. They are called by New and by what
	// keeps passwords out of errors.
	Username         string
	Password         func() string `json:"-" yaml:"-"`
	SentinelUsername string
	SentinelPassword func() string `json:"-" yaml:"-"`

	TLS *tls.Config // nil: plain TCP

	// Prefix stands before every key, for a server that is shared with others. It can't contain { or }: the hash tags
	// of the keys say which of them share a slot.
	Prefix string

	Connect     time.Duration // limit for a connection; 0: 1 s
	Command     time.Duration // limit for a command; a call takes at most twice as long, with all it waits for; 0: 250 ms
	Connections int           // limit of connections for commands, to each node; 0: 32

	// Acknowledge is how many replicas must have an entry of the log before Append calls it written. They have half of
	// Command for it. With fewer the entry stands in the master and the error says so.
	Acknowledge int

	Observer Observer // nil: nobody wants to know
}

// Observer hears what a Store does, for metrics. Its methods are called concurrently and must not wait.
type Observer interface {
	// Called is told how a call ended and how long it took: None, or why it failed.
	Called(cause Cause, took time.Duration)
	// Retried is told that a call would have tried again, and whether the budget allowed it.
	Retried(granted bool)
	// ReadFailed is told why a blocking read of the log failed. Called does not count those: they wait for as long as they
	// are asked to.
	ReadFailed(cause Cause)
	// Dialed is told of an attempt to open a connection.
	Dialed(ok bool)
}

type nobody struct{}

func (nobody) Called(Cause, time.Duration) {}
func (nobody) Retried(bool)                {}
func (nobody) ReadFailed(Cause)            {}
func (nobody) Dialed(bool)                 {}

// whole is the limit of a call with all it waits for: a place, a connection, the command, a retry.
func (o Options) whole() time.Duration { return 2 * o.Command }

// limits and their shipped values; Options.Connect and so on replace them.
const (
	defaultConnect     = time.Second
	defaultCommand     = 250 * time.Millisecond
	defaultConnections = 32
)

func (o Options) withDefaults() Options {
	if o.Connect == 0 {
		o.Connect = defaultConnect
	}
	if o.Command == 0 {
		o.Command = defaultCommand
	}
	if o.Connections == 0 {
		o.Connections = defaultConnections
	}
	if o.Observer == nil {
		o.Observer = nobody{}
	}
	return o
}

func (o Options) validate() error {
	switch {
	case len(o.Addresses) == 0:
		return errors.New("no address of a Redis server")
	case o.Cluster && o.MasterName != "":
		return errors.New("a Redis cluster has no Sentinel master name")
	case o.Cluster && o.DB != 0:
		return errors.New("a Redis cluster has only database 0")
	case !o.Cluster && o.MasterName == "" && len(o.Addresses) > 1:
		return errors.New("several addresses of Redis are either Sentinels (master name) or nodes of a cluster: say which")
	case strings.ContainsAny(o.Prefix, "{}"):
		return fmt.Errorf("prefix %q of keys contains a brace", o.Prefix)
	case o.Connect < 0, o.Command < 0, o.Connections < 0, o.Acknowledge < 0:
		return errors.New("a limit for Redis is negative")
	}
	return nil
}

// said returns a password, or nothing for none.
func said(password func() string) string {
	if password == nil {
		return ""
	}
	return password()
}

// String names the server for logs and errors.
func (o Options) String() string {
	at := strings.Join(o.Addresses, ",")
	switch {
	case o.MasterName != "":
		return fmt.Sprintf("redis master %q of sentinels %s", o.MasterName, at)
	case o.Cluster:
		return "redis cluster " + at
	}
	return "redis " + at
}

// Format writes String under every verb, so that no verb prints the fields.
func (o Options) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, o.String()) }

// LogValue is String.
func (o Options) LogValue() slog.Value { return slog.StringValue(o.String()) }
