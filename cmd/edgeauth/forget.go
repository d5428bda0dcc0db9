package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"github.com/edgeauth/edgeauth/audit"
	"github.com/edgeauth/edgeauth/history"
	"github.com/edgeauth/edgeauth/identity"
)

func newForget() *cobra.Command {
	var f forgetFlags
	cmd := &cobra.Command{
		Use:   "forget --subject SUB",
		Short: "Erase the login history of one person",
		Long: "forget erases what was remembered of a person's logins: when, from which network and place, with which program and\n" +
			"device. It speaks to the running edge through the socket in server.data_dir; where there is none it uses the store\n" +
			"itself. Erasing twice is no mistake.\n\n" +
			"Sessions go on (`edgeauth revoke` ends them), and the person counts as new: what speaks against a login acts again\n" +
			"once enough logins have been seen. The enrolment mark and the log's registers stay, because without them a level\n" +
			"that was raised could be had back with a stolen password; they are digests and times, and end by themselves.",
		Example: "  edgeauth forget --config config.yaml --subject 0b8f-…                    # with one provider\n" +
			"  edgeauth forget --config config.yaml --provider corp --subject 0b8f-…",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	configFlag(cmd, &f.config)
	cmd.Flags().StringVar(&f.provider, "provider", "", "the provider of --subject, by its name in the configuration")
	cmd.Flags().StringVar(&f.subject, "subject", "", "the sub that the provider knows the person by")
	_ = cmd.MarkFlagRequired("subject")
	completeProvider(cmd, &f.config)
	return cmd
}

type forgetFlags struct{ config, provider, subject string }

// wireForget asks an edge to forget somebody.
type wireForget struct {
	Subject identity.Subject
	Actor   string
}

// wireForgotten says how many sightings there were.
type wireForgotten struct{ Sightings int }

func (f forgetFlags) run(cmd *cobra.Command) error {
	cfg, err := loadPart(f.config, cmd.ErrOrStderr(), "server.data_dir", "providers.*.issuer")
	if err != nil {
		return err
	}
	if f.subject == "" {
		return errors.New("--subject is empty; want the sub that the provider knows the person by")
	}
	p, sub, err := findProvider(cfg, f.config, f.provider, f.subject)
	if err != nil {
		return err
	}
	in := wireForget{identity.Subject{Issuer: p.Issuer, Sub: sub}, "cli:" + whoami()}
	ctx, cancel := context.WithTimeout(cmd.Context(), askTimeout)
	defer cancel()
	var out wireForgotten
	err = askEdge(ctx, socketPath(cfg), "/forget", in, &out)
	if errors.Is(err, errNoEdge) {
		out, err = f.direct(ctx, cmd, in)
	}
	if err != nil {
		return err
	}
	tell(cmd, sub, p.Name, out.Sightings)
	return nil
}

// tell says what is gone and what is not.
func tell(cmd *cobra.Command, sub, provider string, n int) {
	w := cmd.OutOrStdout()
	if n == 0 {
		fmt.Fprintf(w, "Nothing that can be read was remembered of the sub %q at %s (which is not the login name; /.edgeauth/me shows a person's sub).\n", sub, provider)
	} else {
		fmt.Fprintf(w, "Erased %s of the sub %q at %s.\n", counted(n, "sighting"), sub, provider)
	}
	fmt.Fprint(w, "What stays:\n"+
		"  enrolment mark   that an authenticator was set up in the midst of a step-up, if one was: without it a raised level\n"+
		"                   could be had back with a stolen password; a digest and a time, kept for 30 days\n"+
		"  log registers    revocations and raised levels: without them what was ended would live again; digests and times,\n"+
		"                   each kept until no session can exist that it is about\n"+
		"  sessions         `edgeauth revoke` ends them; what lists show of them ends with them\n"+
		"  audit log        what was written there is the business of whoever keeps it\n")
}

// direct erases in the store itself, and leaves the audit event where the command's own messages go.
func (f forgetFlags) direct(ctx context.Context, cmd *cobra.Command, in wireForget) (wireForgotten, error) {
	cfg, err := loadPart(f.config, cmd.ErrOrStderr(), "server.data_dir", "store", "session.keys_file")
	if err != nil {
		return wireForgotten{}, err
	}
	pepper, err := ringPepper(cfg.Session.KeysFile)
	if err != nil {
		return wireForgotten{}, fmt.Errorf("no edge answers at %s, and without the key ring a history cannot be found: %w", socketPath(cfg), err)
	}
	st, err := openExisting(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		return wireForgotten{}, fmt.Errorf("no edge answers at %s, and the store cannot be written either: %w", socketPath(cfg), err)
	}
	defer st.Close()
	log := slog.New(slog.NewJSONHandler(cmd.ErrOrStderr(), nil))
	return forget(ctx, history.New(history.Options{Store: st, Pepper: pepper, Now: time.Now}), audit.New(log, nil, time.Now), in)
}

// forget has this edge forget somebody.
func (e *edge) forget(ctx context.Context, in wireForget) (wireForgotten, error) {
	return forget(ctx, newHistory(e, e.log), e.audit, in)
}

// forget erases, and records that. What cannot be read is erased all the same, and counted as nothing.
func forget(ctx context.Context, h *history.History, log *audit.Log, in wireForget) (wireForgotten, error) {
	past, _ := h.Read(ctx, in.Subject)
	if err := h.Forget(ctx, in.Subject); err != nil {
		return wireForgotten{}, err
	}
	log.Write(ctx, audit.Event{Name: audit.HistoryForgotten, Subject: in.Subject, Actor: in.Actor, Detail: counted(len(past), "sighting")})
	return wireForgotten{len(past)}, nil
}
