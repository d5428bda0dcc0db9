package main

import (
	"context"
	"crypto/fips140"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/edgeauth/edgeauth/config"
)

func newRun() *cobra.Command {
	var path string
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Run the edge",
		Long: "run serves until SIGINT or SIGTERM, then lets requests in flight finish (server.drain). SIGHUP, or a change of the\n" +
			"configuration file, loads the file again: a good one takes effect as a whole, a broken one changes nothing.",
		Example: "  edgeauth run --config /etc/edgeauth/config.yaml",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			hup := make(chan os.Signal, 1)
			signal.Notify(hup, syscall.SIGHUP) // first: whoever asks while the edge still starts must not end it
			defer signal.Stop(hup)
			cfg, err := loadConfig(path, cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			return runEdge(cmd.Context(), runOptions{path: path, cfg: cfg, logs: cmd.ErrOrStderr(), hup: hup})
		},
	}
	configFlag(cmd, &path)
	return cmd
}

type runOptions struct {
	path      string // of the configuration
	cfg       *config.Config
	logs      io.Writer
	hup       <-chan os.Signal // asks to load the configuration again; nil: nobody does
	listening func(*edge)      // called once all listeners are open and the first tree is in place; may be nil
}

// runEdge runs an edge until the context ends.
func runEdge(ctx context.Context, o runOptions) (err error) {
	e, err := newEdge(o.cfg, o.logs)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.close()) }()
	t, err := newTree(o.cfg, e.parts(), nil)
	if err != nil {
		return fmt.Errorf("%s: %w", o.path, err)
	}
	e.tree.Store(t)
	t.use(e.open)
	e.hook.use(t.hook)
	services, err := e.services(o.cfg)
	if err != nil {
		return err
	}
	e.addresses = map[string]string{}
	for _, s := range services {
		e.addresses[s.name] = s.ln.Addr().String()
		e.log.Info("listening", "for", s.name, "address", s.ln.Addr().String(), "tls", s.tls)
	}
	e.log.Info("starting", "version", version, "go", runtime.Version(), "fips140", fips140.Version(), "fips140_enforced", fips140.Enforced())
	if o.listening != nil {
		o.listening(e)
	}
	return e.serve(ctx, services, newReloader(e, o.path, o.hup))
}
