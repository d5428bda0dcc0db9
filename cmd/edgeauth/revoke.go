package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os/user"
	"time"

	"github.com/spf13/cobra"

	"github.com/edgeauth/edgeauth/audit"
	"github.com/edgeauth/edgeauth/config"
	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/session"
)

func newRevoke() *cobra.Command {
	var f revokeFlags
	cmd := &cobra.Command{
		Use:   "revoke (--session NAME | --provider P --subject SUB | --all)",
		Short: "End sessions, on every edge",
		Long: "revoke ends sessions that exist now; a later login is not affected. It speaks to the running edge through the socket in\n" +
			"server.data_dir; where there is none and the store is Redis it writes the log itself, and every edge hears of it at once.\n" +
			"Of the configuration it reads what it needs for that, so that the edge's other secrets need not be there.\n\n" +
			"A session's NAME and a person's SUB stand in audit events and at /.edgeauth/me. SUB is the provider's own name of the\n" +
			"person, often a UUID; it is not the login name. Whether anybody goes by it cannot be told here.\n\n" +
			"At the provider nothing is ended: only the browsers have what opens their tokens. Who is still logged in there comes back\n" +
			"without a password, until somebody logs them out there too.",
		Example: "  edgeauth revoke --config config.yaml --session Zm9vYmFyYmF6cXV4MTIzNA   # the name that logs and /.edgeauth/me show\n" +
			"  edgeauth revoke --config config.yaml --provider corp --subject 0b8f-…      # every session of one person\n" +
			"  edgeauth revoke --config config.yaml --all --reason \"incident 4711\" --wait 10s",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			f.bySession = cmd.Flags().Changed("session") // an empty name is a mistake, not another flag
			return f.run(cmd)
		},
	}
	configFlag(cmd, &f.config)
	cmd.Flags().StringVar(&f.session, "session", "", "a session by its public name")
	cmd.Flags().StringVar(&f.provider, "provider", "", "the provider of --subject, by its name in the configuration")
	completeProvider(cmd, &f.config)
	cmd.Flags().StringVar(&f.subject, "subject", "", "every session of a person: the sub at --provider")
	cmd.Flags().BoolVar(&f.all, "all", false, "every session of everybody")
	cmd.Flags().StringVar(&f.reason, "reason", "operator", "why; kept in the log and in audit events")
	waitFlag(cmd, &f.wait, "")
	cmd.MarkFlagsMutuallyExclusive("session", "subject", "all")
	cmd.MarkFlagsOneRequired("session", "subject", "all")
	return cmd
}

type revokeFlags struct {
	config, session, provider, subject, reason string
	bySession, all                             bool
	wait                                       time.Duration
}

func (f revokeFlags) run(cmd *cobra.Command) error {
	if err := checkWait(f.wait); err != nil {
		return err
	}
	cfg, register, subject, err := f.resolve(cmd)
	if err != nil {
		return err
	}
	since := time.Now().Add(identity.MaxClockSkew) // an edge with a faster clock may have minted ahead of ours
	until := since.Add(session.MaxLifetime + 2*identity.MaxClockSkew)
	e := revocation.Entry{Register: register, Value: revocation.Value{
		Since: revocation.MillisOf(since), Until: revocation.MillisOf(until), Reason: f.reason, Actor: "cli:" + whoami(),
	}}
	how, err := f.deliver(cmd, socketPath(cfg), e, about{Session: f.session, Subject: subject})
	if err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "Revoked %s: %s.\n%s\n", f.what(), how, providerGoesOn)
	switch {
	case f.wait == 0:
		return nil
	case how != everyEdgeRefuses && how != inTheLog:
		return errNotInLog
	}
	r, err := f.await(cmd, socketPath(cfg), register.Shard())
	if err == nil {
		fmt.Fprintln(cmd.OutOrStdout(), r)
	}
	return err
}

// providerGoesOn is said to whoever ends sessions of others (see audit.ProviderGoesOn).
const providerGoesOn = "At the identity provider nothing was ended: who is still logged in there comes back without a password. Log them out there too,\n" +
	"or disable the account, where that must not be."

// what names in words what was revoked, as far as it can be known.
func (f revokeFlags) what() string {
	switch {
	case f.all:
		return "every session of everybody"
	case f.bySession:
		return "session " + f.session
	}
	return fmt.Sprintf("every session of the sub %q (which is not the login name; /.edgeauth/me shows a person's sub)", f.subject)
}

// resolve reads what it needs of the configuration, and names what is to be revoked (see register).
func (f revokeFlags) resolve(cmd *cobra.Command) (cfg *config.Config, register revocation.Register, of identity.Subject, err error) {
	needed := []string{"server.data_dir"}
	if !f.all && !f.bySession {
		needed = append(needed, "providers.*.issuer")
	}
	if cfg, err = loadPart(f.config, cmd.ErrOrStderr(), needed...); err == nil {
		register, of, err = f.register(cfg)
	}
	return cfg, register, of, err
}

// register names what is to be revoked, and whose it is where that is one person's.
func (f revokeFlags) register(cfg *config.Config) (register revocation.Register, of identity.Subject, err error) {
	switch {
	case f.all:
		return revocation.All(), of, nil
	case f.bySession:
		family, err := identity.ParseFamily(f.session)
		if err != nil {
			return register, of, fmt.Errorf("--session: %w", err)
		}
		return revocation.Family(family), of, nil
	case f.subject == "":
		return register, of, errors.New("--subject is empty; want the sub that the provider knows the person by")
	}
	name := f.provider
	if name == "" && len(cfg.Providers) == 1 {
		name = cfg.Providers[0].Name
	}
	p, ok := cfg.Provider(name)
	if !ok {
		return register, of, fmt.Errorf("--provider %q is not one of the %d providers in %s; a sub has a meaning only together with its provider",
			name, len(cfg.Providers), f.config)
	}
	of = identity.Subject{Issuer: p.Issuer, Sub: f.subject}
	return revocation.Subject(of), of, nil
}

func whoami() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return "unknown"
}

// deliver writes one entry to the log: through the running edge where there is one on this machine, else by itself. Only
// then it needs to know the store.
func (f revokeFlags) deliver(cmd *cobra.Command, socket string, e revocation.Entry, of about) (string, error) {
	ctx, cancel := context.WithTimeout(cmd.Context(), 5*time.Second)
	defer cancel()
	how, socketErr := askToRevoke(ctx, socket, e, of)
	if !errors.Is(socketErr, errNoEdge) {
		return how, socketErr
	}
	cfg, err := loadPart(f.config, cmd.ErrOrStderr(), "server.data_dir", "server.region", "store")
	if err != nil {
		fmt.Fprintf(cmd.ErrOrStderr(), "edgeauth: no edge answers at %s, so the store itself is needed\n", socket)
		return "", err
	}
	st, err := openExisting(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		return "", fmt.Errorf("no edge answers at %s, and the store cannot be written either: %w", socket, err)
	}
	defer st.Close()
	e.Region = cfg.Server.Region
	if err := st.Append(ctx, []revocation.Entry{e}); err != nil {
		return "", fmt.Errorf("no edge answers at %s, and the log cannot be written either: %w", socket, err)
	}
	// No edge records it, so the audit event goes where the command's own messages go.
	audit.New(slog.New(slog.NewJSONHandler(cmd.ErrOrStderr(), nil)), nil, time.Now).Write(ctx, of.revoked(e, revocation.Delivered))
	return inTheLog, nil
}
