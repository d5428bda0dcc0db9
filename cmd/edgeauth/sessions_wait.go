package main

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
)

// waiting prepares --wait before anything is ended: who has read what was written is told by shard of the log, on the control socket
// alone. So that nobody is waited for in another shard, a person is ended by the issuer that the shard was found by. The
// function that it returns waits, and is called when all is written.
func (f *endFlags) waiting(cmd *cobra.Command) (await func() error, err error) {
	switch err := checkWait(f.wait); {
	case err != nil:
		return nil, err
	case f.wait > 0 && f.server != "":
		return nil, errors.New("--wait belongs to --config: the API does not say who has read the log; the console does")
	case f.wait > 0 && len(f.names) > 1:
		return nil, errors.New("--wait is for one session, for --subject or --all")
	case f.wait == 0, f.config == "": // which is said later
		return func() error { return nil }, nil
	}
	like := revokeFlags{config: f.config, provider: f.provider, subject: f.subject, all: f.all, wait: f.wait}
	if like.bySession = len(f.names) > 0; like.bySession {
		like.session = f.names[0]
		if err := sessionNamed(like.session); err != nil {
			return nil, err
		}
	}
	cfg, register, of, err := like.resolve(cmd)
	if err != nil {
		return nil, err
	}
	f.issuer = of.Issuer
	return func() error {
		if f.away {
			return errNotInLog
		}
		r, err := like.await(cmd, socketPath(cfg), register.Shard())
		if err != nil {
			return err
		}
		return f.showReaders(cmd, r)
	}, nil
}

// showReaders says that all have read it.
func (f *endFlags) showReaders(cmd *cobra.Command, r readers) error {
	if f.output == "table" {
		_, err := fmt.Fprintln(cmd.OutOrStdout(), r)
		return err
	}
	r.Behind = []string{} // an empty list rather than null
	out := json.NewEncoder(cmd.OutOrStdout())
	out.SetIndent("", "  ")
	return out.Encode(r)
}
