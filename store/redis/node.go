package redis

import (
	"context"
	"fmt"
	"slices"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/edgeauth/edgeauth/revocation"
)

// node is the door to one server, in every topology: the only server, the master that Sentinels name, or one node of a
// cluster. It is a hook of go-redis. It turns calls away that the server cannot take (gate), has replicas acknowledge a
// write, and keeps go-redis' cluster client from retrying: that one sees where to go, and nothing else.
type node struct {
	addr   string          // host:port of a cluster's node; else empty
	client *goredis.Client // set before the node is used
	gate   *gate           // nil for blocking reads, whose number is fixed
}

// nodeError is a failure at a node, in a form that go-redis does not look through.
type nodeError struct {
	addr string
	err  error
}

func (e *nodeError) Error() string { return fmt.Sprintf("asking %s: %v", e.addr, e.err) }

// hidden returns an error that leads go-redis to no retry. Redirects, absence and the end of the client are its business.
func (n *node) hidden(err error) error {
	if err == nil || err == goredis.Nil || err == goredis.ErrClosed || redirects(err) {
		return err
	}
	return &nodeError{n.addr, err}
}

func redirects(err error) bool {
	_, moved := goredis.IsMovedError(err)
	_, ask := goredis.IsAskError(err)
	return moved || ask
}

// inside marks the context of a call that is through the door: go-redis runs the greeting of a new connection through the
// same hooks.
type inside struct{}

func isInside(ctx context.Context) bool { return ctx.Value(inside{}) != nil }

// DialHook changes nothing.
func (n *node) DialHook(next goredis.DialHook) goredis.DialHook { return next }

// ProcessHook lets one command through the door.
func (n *node) ProcessHook(next goredis.ProcessHook) goredis.ProcessHook {
	return func(ctx context.Context, cmd goredis.Cmder) error {
		if isInside(ctx) {
			return next(ctx, cmd)
		}
		if want := demanded(ctx); want.replicas > 0 { // the pipeline brings WAIT on the connection of the write
			_, err := n.client.Pipelined(ctx, func(p goredis.Pipeliner) error { return p.Process(ctx, cmd) })
			return err
		}
		return n.through(ctx, func(ctx context.Context) error { return next(ctx, cmd) })
	}
}

// ProcessPipelineHook lets several commands through the door as one, and waits for the replicas where that is demanded.
func (n *node) ProcessPipelineHook(next goredis.ProcessPipelineHook) goredis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []goredis.Cmder) error {
		if isInside(ctx) {
			return next(ctx, cmds)
		}
		want := demanded(ctx)
		return n.through(ctx, func(ctx context.Context) error {
			if want.replicas == 0 {
				return next(ctx, cmds)
			}
			return want.acknowledged(ctx, next, cmds)
		})
	}
}

// through does what f does if the gate lets it.
func (n *node) through(ctx context.Context, f func(context.Context) error) error {
	inner := context.WithValue(ctx, inside{}, true)
	if n.gate == nil {
		return n.hidden(f(inner))
	}
	return n.hidden(n.gate.pass(ctx, func() error { return f(inner) }))
}

// acknowledgement is how many replicas must have a write, and how long the master waits for them.
type acknowledgement struct {
	replicas int
	within   time.Duration
}

type acknowledgementKey struct{}

// demand makes the write of a call one that replicas acknowledge.
func demand(ctx context.Context, a acknowledgement) context.Context {
	return context.WithValue(ctx, acknowledgementKey{}, a)
}

func demanded(ctx context.Context) acknowledgement {
	a, _ := ctx.Value(acknowledgementKey{}).(acknowledgement)
	return a
}

// fewReplicas is a write that is in the master and in fewer replicas than demanded.
type fewReplicas struct{ got, want int64 }

func (e *fewReplicas) Error() string {
	return fmt.Sprintf("%d of %d replicas acknowledged the write in time", e.got, e.want)
}

// Is makes it what the log calls such a write.
func (e *fewReplicas) Is(target error) bool { return target == revocation.ErrUnacknowledged }

// acknowledged sends WAIT behind the commands, on their connection: it counts the replicas that have all that this
// connection wrote.
func (a acknowledgement) acknowledged(ctx context.Context, next goredis.ProcessPipelineHook, cmds []goredis.Cmder) error {
	wait := goredis.NewIntCmd(ctx, "wait", a.replicas, max(1, a.within.Milliseconds()))
	if err := next(ctx, append(slices.Clone(cmds), wait)); err != nil {
		return err
	}
	if want := int64(a.replicas); wait.Val() < want {
		return &fewReplicas{wait.Val(), want}
	}
	return nil
}
