package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/edgeauth/edgeauth/admin/client"
	"github.com/edgeauth/edgeauth/admin/edgeauthv1"
)

// endFlags say which sessions are to end, and why.
type endFlags struct {
	apiFlags
	names  []string
	all    bool
	reason string
	wait   time.Duration
	away   bool // what was written is not in the log yet
}

func newSessionsRevoke() *cobra.Command {
	var f endFlags
	cmd := &cobra.Command{
		Use:   "revoke (NAME … | --subject SUB | --all)",
		Short: "End sessions, on every edge",
		Long: "revoke ends the sessions that are named, all of one person, or all of everybody. A later login is not affected, and ending\n" +
			"twice is no mistake. Of several names that cannot be ended are told at the end, and the others are ended all the same.\n\n" +
			"At the provider nothing is ended: only the browsers have what opens their tokens. Who is still logged in there comes back\n" +
			"without a password, until somebody logs them out there too.",
		Example: "  edgeauth sessions revoke --config config.yaml Zm9vYmFyYmF6cXV4MTIzNA --reason \"lost laptop\"\n" +
			"  edgeauth sessions revoke --config config.yaml --provider corp --subject 0b8f-… --wait 10s\n" +
			"  edgeauth sessions revoke --server https://edge.internal:9091 --token-file token --all --reason \"incident 4711\"",
		RunE: func(cmd *cobra.Command, names []string) error {
			f.names = names
			if given := truths(len(names) > 0, cmd.Flags().Changed("subject"), f.all); given != 1 {
				return errors.New("want either names of sessions, or --subject, or --all")
			}
			await, err := f.waiting(cmd)
			if err != nil {
				return err
			}
			if err := f.ask(cmd, func(ctx context.Context, c *client.Client) error { return f.revoke(ctx, cmd, c) }); err != nil {
				return err
			}
			return await()
		},
	}
	f.add(cmd, "end every session of a person: the sub at --provider")
	cmd.Flags().BoolVar(&f.all, "all", false, "end every session of everybody")
	cmd.Flags().StringVar(&f.reason, "reason", "operator", "why; kept in the log and in audit events")
	waitFlag(cmd, &f.wait, "; with --config, for one NAME, --subject or --all")
	return cmd
}

func (f *endFlags) revoke(ctx context.Context, cmd *cobra.Command, c *client.Client) error {
	if len(f.names) == 0 {
		return f.revokeMany(ctx, cmd, c)
	}
	return f.revokeEach(ctx, cmd, c)
}

// revokeEach ends the sessions of some names. One that cannot be ended does not save the others.
func (f *endFlags) revokeEach(ctx context.Context, cmd *cobra.Command, c *client.Client) error {
	var failed error
	ended := 0
	for _, name := range f.names {
		if err := sessionNamed(name); err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		got, err := client.Patiently(ctx, func() (*edgeauthv1.RevokeSessionResponse, error) {
			return c.RevokeSession(ctx, &edgeauthv1.RevokeSessionRequest{Session: name, Reason: f.reason})
		})
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
func (f *endFlags) tellOfProvider(cmd *cobra.Command) {
	if f.output == "table" {
		fmt.Fprintln(cmd.OutOrStdout(), providerGoesOn)
	}
}

func (f *endFlags) revokeMany(ctx context.Context, cmd *cobra.Command, c *client.Client) error {
	req, what := &edgeauthv1.RevokeSessionsRequest{Reason: f.reason}, "every session of everybody"
	if f.all {
		req.Target = &edgeauthv1.RevokeSessionsRequest_Everybody{Everybody: true}
	} else {
		req.Target = &edgeauthv1.RevokeSessionsRequest_Subject{Subject: f.person()}
		what = fmt.Sprintf("every session of the sub %q (which is not the login name; /.edgeauth/me shows a person's sub)", f.subject)
	}
	got, err := client.Patiently(ctx, func() (*edgeauthv1.RevokeSessionsResponse, error) { return c.RevokeSessions(ctx, req) })
	if err != nil {
		return client.Said(err)
	}
	if err := f.told(cmd, got, what, got.GetDelivery()); err != nil {
		return err
	}
	f.tellOfProvider(cmd)
	return nil
}

func (f *endFlags) told(cmd *cobra.Command, answer client.Message, what string, d edgeauthv1.Delivery) error {
	f.away = f.away || d != edgeauthv1.Delivery_DELIVERY_DELIVERED
	return f.show(cmd, answer, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "Revoked %s: %s.\n", what, deliveryWords(d))
		return err
	})
}

// deliveryWords is how far a revocation has come. The API's names are those of the log.
func deliveryWords(d edgeauthv1.Delivery) string {
	return howFar("the edge that was asked", strings.ToLower(strings.TrimPrefix(d.String(), "DELIVERY_")))
}

func truths(of ...bool) (n int) {
	for _, b := range of {
		if b {
			n++
		}
	}
	return n
}
