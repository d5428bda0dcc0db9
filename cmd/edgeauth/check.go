package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/edgeauth/edgeauth/config"
	"github.com/edgeauth/edgeauth/session"
)

func newCheck() *cobra.Command {
	return &cobra.Command{
		Use:   "check FILE",
		Short: "Read a configuration file and report every mistake in it",
		Long: "check reads a configuration file with everything that it refers to and reports every mistake at once. It opens no\n" +
			"connection, and leaves nothing behind: to see whether server.data_dir can be used it makes a folder there and removes it.",
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
			t, err := newTree(cfg, p, nil)
			if err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			if err := checkDataDir(cfg, cmd.ErrOrStderr()); err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			warnOfPlaces(t.watch, cmd.ErrOrStderr())
			warnOfCandidate(cfg, p, cmd.ErrOrStderr())
			warnOfKeys(cfg, cmd.ErrOrStderr())
			fmt.Fprintf(cmd.OutOrStdout(), "%s is good: %s, %s, %s, %s\n", args[0], counted(len(cfg.Server.Hosts), "host"),
				counted(len(cfg.Providers), "provider"), counted(len(cfg.Upstreams), "upstream"), counted(len(cfg.Routes), "route"))
			return nil
		},
	}
}

// loadConfig reads a configuration, prints its mistakes or warnings, and returns errPrinted if there were mistakes.
func loadConfig(path string, stderr io.Writer) (*config.Config, error) {
	cfg, err := config.Load(path, os.LookupEnv)
	if err != nil {
		return nil, printed(err, stderr)
	}
	for _, w := range cfg.Warnings {
		fmt.Fprintln(stderr, "warning:", w.Pretty())
	}
	return cfg, nil
}

// loadPart reads some values of a configuration (see config.LoadPart) and prints their mistakes, likewise.
func loadPart(path string, stderr io.Writer, needed ...string) (*config.Config, error) {
	cfg, err := config.LoadPart(path, os.LookupEnv, needed...)
	return cfg, printed(err, stderr)
}

// printed prints the mistakes of a configuration and returns errPrinted for them; other errors, and none, it returns.
func printed(err error, stderr io.Writer) error {
	var mistakes *config.Errors
	if errors.As(err, &mistakes) {
		fmt.Fprintln(stderr, mistakes.Error())
		return errPrinted
	}
	return err
}

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// warnOfPlaces says which files of risk.places and risk.networks an edge could not read. It is no mistake: it would start, and
// count as unknown what they would have told.
func warnOfPlaces(w watch, stderr io.Writer) {
	for _, problem := range w.unread() {
		fmt.Fprintf(stderr, "warning: risk: %s; what it would tell is unknown\n", problem)
	}
}

// warnOfKeys says that an edge with these settings would not start for want of keys. It is no mistake of the file: the
// keys may be somewhere that only the edge sees.
func warnOfKeys(cfg *config.Config, stderr io.Writer) {
	_, err := session.ReadKeys(cfg.Session.KeysFile)
	switch {
	case err == nil, session.KeysMissing(err) && cfg.Store.Type == config.StoreEmbedded: // an edge alone makes its own
	case session.KeysMissing(err):
		fmt.Fprintf(stderr, "warning: %v; with store.type redis an edge does not start without it (edgeauth keys new)\n", err)
	default:
		fmt.Fprintf(stderr, "warning: %v; an edge does not start with it\n", err)
	}
}
