package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/edgeauth/edgeauth/admin/client"
	"github.com/edgeauth/edgeauth/admin/edgeauthv1"
)

func newSessionsRevoke() *cobra.Command {
	var f apiFlags
	var all bool
	var reason string
	cmd := &cobra.Command{
		Use:   "revoke (NAME … | --subject SUB | --all)",
		Short: "End sessions, on every edge",
		Long: "revoke ends the sessions that are named, all of one person, or all of everybody. A later login is not affected, and ending\n" +
			"twice is no mistake. Of several names that cannot be ended are told at the end, and the others are ended all the same.\n\n" +
			"At the provider nothing is ended: only the browsers have what opens their tokens. Who is still logged in there comes back\n" +
			"without a password, until somebody logs them out there too.",
		Example: "  edgeauth sessions revoke --config config.yaml Zm9vYmFyYmF6cXV4MTIzNA --reason \"lost laptop\"\n" +
			"  edgeauth sessions revoke --config config.yaml --provider corp --subject 0b8f-…\n" +
			"  edgeauth sessions revoke --server https://edge.internal:9091 --token-file token --all --reason \"incident 4711\"",
		RunE: func(cmd *cobra.Command, names []string) error {
			if given := truths(len(names) > 0, cmd.Flags().Changed("subject"), all); given != 1 {
				return errors.New("want either names of sessions, or --subject, or --all")
			}
			return f.ask(cmd, func(ctx context.Context, c *client.Client) error {
				if len(names) == 0 {
					return f.revokeMany(ctx, cmd, c, all, reason)
				}
				return f.revokeEach(ctx, cmd, c, names, reason)
			})
		},
	}
	f.add(cmd, "end every session of a person: the sub at --provider")
	cmd.Flags().BoolVar(&all, "all", false, "end every session of everybody")
	cmd.Flags().StringVar(&reason, "reason", "operator", "why; kept in the log and in audit events")
	return cmd
}

// revokeEach ends the sessions of some names. One that cannot be ended does not save the others.
func (f *apiFlags) revokeEach(ctx context.Context, cmd *cobra.Command, c *client.Client, names []string, reason string) error {
	var failed error
	ended := 0
	for _, name := range names {
		if err := sessionNamed(name); err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		got, err := c.RevokeSession(ctx, &edgeauthv1.RevokeSessionRequest{Session: name, Reason: reason})
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("session %.40q: %w", name, client.Said(err)))
			continue
		}
		if err := f.told(cmd, got, "session "+name, got.GetDelivery()); err != nil {
			return err
		}
		ended++
	}
	if ended > 0 {
		f.tellOfProvider(cmd)
	}
	return failed
}

// tellOfProvider says what is not done.
func (f *apiFlags) tellOfProvider(cmd *cobra.Command) {
	if f.output == "table" {
		fmt.Fprintln(cmd.OutOrStdout(), providerGoesOn)
	}
}

func (f *apiFlags) revokeMany(ctx context.Context, cmd *cobra.Command, c *client.Client, all bool, reason string) error {
	req, what := &edgeauthv1.RevokeSessionsRequest{Reason: reason}, "every session of everybody"
	if all {
		req.Target = &edgeauthv1.RevokeSessionsRequest_Everybody{Everybody: true}
	} else {
		req.Target = &edgeauthv1.RevokeSessionsRequest_Subject{Subject: f.person()}
		what = fmt.Sprintf("every session of the sub %q (which is not the login name; /.edgeauth/me shows a person's sub)", f.subject)
	}
	got, err := c.RevokeSessions(ctx, req)
	if err != nil {
		return client.Said(err)
	}
	if err := f.told(cmd, got, what, got.GetDelivery()); err != nil {
		return err
	}
	f.tellOfProvider(cmd)
	return nil
}

func (f *apiFlags) told(cmd *cobra.Command, answer client.Message, what string, d edgeauthv1.Delivery) error {
	how := "every edge that follows the log refuses"
	switch d {
	case edgeauthv1.Delivery_DELIVERY_PENDING:
		how = "the edge that was asked refuses already; its store is away, so other edges follow when it is back"
	case edgeauthv1.Delivery_DELIVERY_IN_MEMORY:
		how = "the edge that was asked refuses already; its store is away, so other edges follow when it is back, unless that edge is restarted before: " +
			"its outbox is full or has no disk"
	}
	return f.show(cmd, answer, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "Revoked %s: %s.\n", what, how)
		return err
	})
}

func truths(of ...bool) (n int) {
	for _, b := range of {
		if b {
			n++
		}
	}
	return n
}
