package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"
)

func newDemo() *cobra.Command {
	f := demoFlags{}
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Try edgeauth on this machine: an identity provider, two applications and an edge in front of them",
		Long: "demo starts everything on loopback and needs nothing else: an identity provider with three users, two sample\n" +
			"applications, the edge, and in front of it a pretended internet access, so that requests can come from a dozen\n" +
			"cities. Ctrl-C ends all of it and removes its files.",
		Example: "  edgeauth demo\n  edgeauth demo --listen 127.0.0.1:8090 --redis 127.0.0.1:6379",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	cmd.Flags().StringVar(&f.listen, "listen", "127.0.0.1:8080", "loopback address and port to open in the browser")
	cmd.Flags().StringVar(&f.redis, "redis", "", "host:port of a Redis to use instead of the embedded store; its database 15")
	cmd.Flags().BoolVarP(&f.verbose, "verbose", "v", false, "show the edge's log: access records and audit events")
	return cmd
}

type demoFlags struct {
	listen, redis string
	verbose       bool
}

func (f demoFlags) run(ctx context.Context, out, logs io.Writer) (err error) {
	host, port, err := net.SplitHostPort(f.listen)
	if err != nil || !isLoopback(host) {
		return fmt.Errorf("--listen %q is no loopback address with a port: the demo's passwords are public, so nobody else may reach it", f.listen)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return fmt.Errorf("--listen %q needs a port from 1 to 65535: the identity provider must know it", f.listen)
	}
	ctx, release := signal.NotifyContext(ctx, syscall.SIGHUP) // a terminal that is closed ends the demo
	defer release()
	if !f.verbose {
		logs = quiet{logs}
	}
	dir, err := os.MkdirTemp("", "edgeauth-demo-")
	if err != nil {
		return fmt.Errorf("making a folder for the demo: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	world, err := newDemoWorld(f.listen)
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%w; choose another port with --listen", err)
	}
	if err != nil {
		return err
	}
	path, err := world.write(f, dir)
	if err != nil {
		return errors.Join(err, world.close())
	}
	if f.redis != "" { // with a shared store an edge does not make its own keys
		if err := createKeys(filepath.Join(dir, "keys.json"), time.Now()); err != nil {
			return err
		}
	}
	cfg, err := loadConfig(path, logs)
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	ctx, stop := context.WithCancel(ctx)
	g.Go(func() error { return world.serve(ctx) })
	g.Go(func() error {
		defer stop()
		return runEdge(ctx, runOptions{path: path, cfg: cfg, logs: logs, listening: func(e *edge) {
			g.Go(func() error { return world.carry(ctx, e) })
			g.Go(func() error { return world.announce(ctx, e, out, path) })
		}})
	})
	return g.Wait()
}

// quiet leaves out audit events, which the edge writes whatever the level of its log is. Each write is one line.
type quiet struct{ io.Writer }

func (q quiet) Write(line []byte) (int, error) {
	if bytes.Contains(line, []byte(" msg=audit ")) {
		return len(line), nil
	}
	return q.Writer.Write(line)
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
