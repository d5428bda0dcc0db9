package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/edgeauth/edgeauth/admin/client"
	"github.com/edgeauth/edgeauth/admin/edgeauthv1"
)

func newSessionsShow() *cobra.Command {
	var f apiFlags
	cmd := &cobra.Command{
		Use:   "show NAME",
		Short: "Show what the index knows of one session",
		Long: "show looks a session up by the name that audit events and /.edgeauth/me have. With --subject it looks among that person's\n" +
			"sessions alone; without it all of the index is read.",
		Example: "  edgeauth sessions show --config config.yaml Zm9vYmFyYmF6cXV4MTIzNA\n" +
			"  edgeauth sessions show --config config.yaml Zm9vYmFyYmF6cXV4MTIzNA --subject 0b8f-… --output json",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := sessionNamed(args[0]); err != nil {
				return err
			}
			return f.ask(cmd, func(ctx context.Context, c *client.Client) error {
				got, err := client.Patiently(ctx, func() (*edgeauthv1.GetSessionResponse, error) {
					return c.GetSession(ctx, &edgeauthv1.GetSessionRequest{Session: args[0], Subject: f.person()})
				})
				if err != nil {
					return client.Said(err)
				}
				return f.show(cmd, got.GetSession(), func(w io.Writer) error { return showTable(w, got.GetSession()) })
			})
		},
	}
	f.add(cmd, "whose it is: the sub at --provider")
	return cmd
}

// show writes an answer in the form that was asked for.
func (f *apiFlags) show(cmd *cobra.Command, m client.Message, table func(io.Writer) error) error {
	if f.output == "table" {
		return table(cmd.OutOrStdout())
	}
	text, err := client.JSON(m)
	if err == nil {
		_, err = cmd.OutOrStdout().Write(text)
	}
	return err
}

func showTable(out io.Writer, s *edgeauthv1.Session) error {
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	row := func(name, value string) {
		if value != "" && value != "-" {
			fmt.Fprintf(w, "%s\t%s\n", name, cell(value))
		}
	}
	row("session", s.GetName())
	row("state", stateWord(s))
	row("sub", s.GetSubject().GetSub())
	row("issuer", s.GetSubject().GetIssuer())
	row("provider", s.GetProvider())
	row("session there", s.GetProviderSession())
	row("login name", s.GetUsername())
	row("name", s.GetDisplayName())
	row("email", s.GetEmail())
	row("host", s.GetHost())
	row("level", s.GetLevel())
	row("raised", moment(s.GetRaisedAt()))
	row("because", strings.Join(s.GetReasons(), ", "))
	row("not proven", s.GetUnprovenLevel())
	row("acr", s.GetAcr())
	row("amr", strings.Join(s.GetAmr(), ", "))
	row("authenticated", moment(s.GetAuthTime()))
	row("program", program(s))
	row("place", place(s))
	row("network", joined(s.GetPlace().GetPrefix(), s.GetPlace().GetNetwork()))
	row("first seen", moment(s.GetFirstSeen()))
	row("last seen", moment(s.GetLastSeen()))
	row("idle until", moment(s.GetIdleUntil()))
	row("until", moment(endOf(s)))
	return w.Flush()
}
