package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/edgeauth/edgeauth/config"
)

func newCheck() *cobra.Command {
	return &cobra.Command{
		Use:     "check FILE",
		Short:   "Read a configuration file and report every mistake in it",
		Example: "  edgeauth check /etc/edgeauth/config.yaml",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := loadConfig(args[0], cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			p, err := checkOnly()
			if err != nil {
				return err
			}
			if _, err := newTree(cfg, p, nil); err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s is good: %d hosts, %d providers, %d upstreams, %d routes\n",
				args[0], len(cfg.Server.Hosts), len(cfg.Providers), len(cfg.Upstreams), len(cfg.Routes))
			return nil
		},
	}
}

// loadConfig reads a configuration, prints its mistakes or warnings, and returns errPrinted if there were mistakes.
func loadConfig(path string, stderr io.Writer) (*config.Config, error) {
	cfg, err := config.Load(path, os.LookupEnv)
	var mistakes *config.Errors
	if errors.As(err, &mistakes) {
		fmt.Fprintln(stderr, mistakes.Error())
		return nil, errPrinted
	}
	if err != nil {
		return nil, err
	}
	for _, w := range cfg.Warnings {
		fmt.Fprintln(stderr, "warning:", w.Pretty())
	}
	return cfg, nil
}
