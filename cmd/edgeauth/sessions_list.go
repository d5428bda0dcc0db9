package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/edgeauth/edgeauth/admin/client"
	"github.com/edgeauth/edgeauth/admin/edgeauthv1"
	"github.com/edgeauth/edgeauth/audit"
)

func newSessionsList() *cobra.Command {
	var f apiFlags
	var ended bool
	var limit int
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the sessions that the index knows",
		Long: "list shows the sessions that can be used as far as is known, of everybody or of one person, those of a person by when they\n" +
			"were last seen.",
		Example: "  edgeauth sessions list --config config.yaml\n" +
			"  edgeauth sessions list --config config.yaml --subject 0b8f-… --ended\n" +
			"  edgeauth sessions list --config config.yaml --limit 0 --output json | jq '.sessions[].subject.sub'",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if limit < 0 {
				return fmt.Errorf("--limit %d is less than 0", limit)
			}
			return f.ask(cmd, func(ctx context.Context, c *client.Client) error {
				all, err := listed(ctx, c, &edgeauthv1.ListSessionsRequest{Subject: f.person(), IncludeEnded: ended}, limit)
				if err != nil {
					return client.Said(err)
				}
				return f.show(cmd, all, func(w io.Writer) error { return listTable(w, all, ended) })
			})
		},
	}
	f.add(cmd, "whose: the sub at --provider. Default: everybody's")
	cmd.Flags().BoolVar(&ended, "ended", false, "show sessions that have ended too")
	cmd.Flags().IntVar(&limit, "limit", 1000, "stop after about as many; 0: show all")
	return cmd
}

// longestPage is how many sessions an edge gives at once, at most.
const longestPage = 500

// listed reads page by page. What is left where it stops is told by the last page's token.
func listed(ctx context.Context, c edgeauthv1.SessionServiceClient, req *edgeauthv1.ListSessionsRequest, limit int) (*edgeauthv1.ListSessionsResponse, error) {
	all := &edgeauthv1.ListSessionsResponse{}
	seen := map[string]bool{}
	if req.PageSize = longestPage; limit > 0 {
		req.PageSize = int32(min(limit, longestPage))
	}
	for {
		page, err := client.Patiently(ctx, func() (*edgeauthv1.ListSessionsResponse, error) { return c.ListSessions(ctx, req) })
		if err != nil {
			return nil, err
		}
		for _, s := range page.GetSessions() {
			if !seen[s.GetName()] { // a shared store may show one twice
				seen[s.GetName()] = true
				all.Sessions = append(all.Sessions, s)
			}
		}
		all.NextPageToken, req.PageToken = page.GetNextPageToken(), page.GetNextPageToken()
		if req.PageToken == "" || limit > 0 && len(all.GetSessions()) >= limit {
			return all, nil
		}
	}
}

func listTable(out io.Writer, all *edgeauthv1.ListSessionsResponse, ended bool) error {
	if len(all.GetSessions()) == 0 {
		none := "The index knows no session that can be used; --ended shows those that have ended too."
		if ended {
			none = "The index knows no session."
		}
		fmt.Fprintln(out, none)
		return nil
	}
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "SESSION\tSTATE\tWHO\tPROVIDER\tLEVEL\tPROGRAM\tPLACE\tLAST SEEN\tUNTIL")
	for _, s := range all.GetSessions() {
		row := []string{s.GetName(), stateWord(s), who(s), dash(s.GetProvider()), dash(levelOf(s)), dash(program(s)), dash(place(s)), moment(s.GetLastSeen()), moment(endOf(s))}
		for i := range row {
			row[i] = cell(row[i])
		}
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if all.GetNextPageToken() != "" {
		fmt.Fprintln(out, "There are more: --limit says how many are shown.")
	}
	return nil
}

// longestCell is the most bytes that a table shows of one text.
const longestCell = 400

// cell is a text as a terminal may see it: an edge of another release, or what answers in its place, may not have cleaned it.
func cell(s string) string { return audit.Text(s, longestCell) }

// stamped is a protobuf timestamp, whose package is not known here.
type stamped interface {
	AsTime() time.Time
	GetSeconds() int64
}

func moment(t stamped) string {
	if t.GetSeconds() == 0 {
		return "-"
	}
	return t.AsTime().UTC().Format(time.RFC3339)
}

// endOf is when a session ends; an edge of an earlier release knows of its cookie's end alone.
func endOf(s *edgeauthv1.Session) stamped {
	if s.GetEndsAt() != nil {
		return s.GetEndsAt()
	}
	return s.GetExpiresAt()
}

// levelOf is the level of a session's login, and what is left to prove.
func levelOf(s *edgeauthv1.Session) string {
	switch left := s.GetUnprovenLevel(); left {
	case "":
		return s.GetLevel()
	case s.GetLevel():
		return left + ", not proven"
	default:
		return s.GetLevel() + "; " + left + ", not proven"
	}
}

func stateWord(s *edgeauthv1.Session) string {
	return strings.ToLower(strings.TrimPrefix(s.GetState().String(), "SESSION_STATE_"))
}

// who is the login name and the sub.
func who(s *edgeauthv1.Session) string {
	if s.GetUsername() == "" {
		return s.GetSubject().GetSub()
	}
	return s.GetUsername() + " (" + s.GetSubject().GetSub() + ")"
}

func program(s *edgeauthv1.Session) string {
	return joined(s.GetProgram().GetBrowser(), s.GetProgram().GetOs())
}

func place(s *edgeauthv1.Session) string {
	p := s.GetPlace()
	if at := joined(p.GetCity(), p.GetCountry()); at != "" {
		return at
	}
	return p.GetPrefix()
}

func joined(parts ...string) string {
	var out []string
	for _, p := range parts {
		if p != "" {
			out = append(out, p)
		}
	}
	return strings.Join(out, ", ")
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
