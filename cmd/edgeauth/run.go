package main

import (
	"context"
	"crypto/fips140"
	"errors"
	"fmt"
	"io"
	"runtime"

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
			cfg, err := loadConfig(path, cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			return runEdge(cmd.Context(), path, cfg, cmd.ErrOrStderr(), nil)
		},
	}
	configFlag(cmd, &path)
	return cmd
}

// runEdge runs an edge until the context ends. Logs go to logs. Listening, if not nil, is called once all listeners are
// open and the first tree is in place.
func runEdge(ctx context.Context, path string, cfg *config.Config, logs io.Writer, listening func(*edge)) (err error) {
	e, err := newEdge(cfg, logs)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.close()) }()
	t, err := newTree(cfg, e.parts(), nil)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	e.tree.Store(t)
	services, err := e.services(cfg)
	if err != nil {
		return err
	}
	e.addresses = map[string]string{}
	for _, s := range services {
		e.addresses[s.name] = s.ln.Addr().String()
		e.log.Info("listening", "for", s.name, "address", s.ln.Addr().String(), "tls", s.tls)
	}
	e.log.Info("starting", "version", version, "go", runtime.Version(), "fips140", fips140.Version(), "fips140_enforced", fips140.Enforced())
	if listening != nil {
		listening(e)
	}
	return e.serve(ctx, services, newReloader(e, path))
}
