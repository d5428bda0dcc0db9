package main

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

func newExplain() *cobra.Command {
	var f explainFlags
	cmd := &cobra.Command{
		Use:   "explain (--config FILE --url URL [--user SUB …] | --event ID)",
		Short: "Say why a request would be let in or not, what a login would look like, and what would change it",
		Long: "explain decides one request as the edge would, and says why: which route it meets and which others match, what each\n" +
			"condition asks for and was given, what a login from --ip would look like with every term of its score, the verdict,\n" +
			"and what would change it. It assumes somebody who has just logged in as the flags say; without --user, nobody.\n\n" +
			"What is known of the person (floors, history, failures) it asks of the edge that runs on this machine, or else of the\n" +
			"store; --offline leaves that out. Nothing is written, and nobody's level is raised.\n\n" +
			"With --event it explains what has happened already: an audit event by its id, or all those of a request by the request\n" +
			"ID that the access record and the page have. It reads JSON lines from --log or from standard input.",
		Example: "  edgeauth explain --config config.yaml --user 0b8f-… --group staff --url https://app.example.com/admin/\n" +
			"  edgeauth explain --config config.yaml --user 0b8f-… --provider corp --acr bio --amr hwk --method POST --url /pay\n" +
			"  edgeauth explain --config config.yaml --user 0b8f-… --ip 203.0.113.7 --at 2026-11-20T08:00:00Z --device known --url /\n" +
			"  edgeauth explain --event CfZUT1Fcfx5MqTRbgHYDEg --log /var/log/edgeauth.log\n" +
			"  journalctl -u edgeauth -o cat | edgeauth explain --event 4RZ5PXM2D3K7Q6WY --output json",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	f.add(cmd)
	return cmd
}

type explainFlags struct {
	config, user, username, provider, url, method      string
	groups, claims                                     []string
	email, level, acr, authTime, ip, at, device, agent string
	amr                                                []string
	ja4                                                string
	offline                                            bool
	event, log, output                                 string
}

func (f *explainFlags) add(cmd *cobra.Command) {
	s := cmd.Flags()
	s.StringVarP(&f.config, "config", "c", "", "configuration file (YAML)")
	s.StringVar(&f.url, "url", "", "address of the request, as a browser shows it; a path is taken to be of the first of server.hosts")
	s.StringVar(&f.method, "method", "GET", "method of the request")
	s.StringVar(&f.user, "user", "", "who: the sub at --provider, or issuer|sub")
	s.StringVar(&f.username, "username", "", "login name of --user, for expressions")
	s.StringVar(&f.provider, "provider", "", "provider of --user, by its name in the configuration")
	s.StringArrayVar(&f.groups, "group", nil, "a group of --user; may be repeated")
	s.StringArrayVar(&f.claims, "claim", nil, "a claim of --user as name=value; may be repeated")
	s.StringVar(&f.email, "email", "", "verified address of --user; begin it with ? for one that is not verified")
	s.StringVar(&f.level, "level", "", "level that the login was given, in place of what its assessment asks for")
	s.StringVar(&f.acr, "acr", "", "acr of the login")
	s.StringSliceVar(&f.amr, "amr", nil, "amr of the login, separated by commas")
	s.StringVar(&f.authTime, "auth-time", "", "when --user authenticated (RFC 3339, or how long ago: 90m); none: the provider does not say. Default: at --at")
	s.StringVar(&f.ip, "ip", "", "address that the login comes from; without it there is no assessment")
	s.StringVar(&f.at, "at", "", "when (RFC 3339). Default: now")
	s.StringVar(&f.device, "device", "new", "device cookie: new, known, or for how long it has been known: 90d")
	s.StringVar(&f.agent, "user-agent", "", "User-Agent line of the login")
	s.StringVar(&f.ja4, "ja4", "", "JA4 of the login's TLS hello")
	s.BoolVar(&f.offline, "offline", false, "ask neither the running edge nor the store what is known of --user")
	s.StringVar(&f.event, "event", "", "an audit event's id, or a request ID")
	s.StringVar(&f.log, "log", "", "file of JSON lines to look for --event in. Default: standard input")
	s.StringVarP(&f.output, "output", "o", "text", "text or json")
	_ = cmd.MarkFlagFilename("config", "yaml", "yml")
	_ = cmd.MarkFlagFilename("log")
	complete := func(name string, words ...string) {
		_ = cmd.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
	}
	complete("output", "text", "json")
	complete("method", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
	complete("device", "new", "known", "90d")
	completeProvider(cmd, &f.config)
	_ = cmd.RegisterFlagCompletionFunc("level", f.completeLevels)
	cmd.MarkFlagsMutuallyExclusive("event", "url")
	cmd.MarkFlagsOneRequired("event", "url")
}

// completeLevels names the levels of --config.
func (f *explainFlags) completeLevels(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return levelNames(f.config), cobra.ShellCompDirectiveNoFileComp
}

func (f *explainFlags) run(cmd *cobra.Command) error {
	if f.output != "text" && f.output != "json" {
		return fmt.Errorf("--output %q is neither text nor json", f.output)
	}
	if cmd.Flags().Changed("event") {
		return f.explainEvent(cmd)
	}
	if f.config == "" {
		return errors.New("--url needs --config: the file whose routes and rules decide")
	}
	cfg, err := loadConfig(f.config, cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	q, err := f.question(cfg)
	if err != nil {
		return err
	}
	a, err := q.answer(cmd.Context())
	if err != nil {
		return err
	}
	if f.output == "json" {
		return writeJSON(cmd.OutOrStdout(), a)
	}
	return a.write(cmd.OutOrStdout())
}

// moments reads --at and --auth-time.
func (f *explainFlags) moments() (at, authenticated time.Time, err error) {
	if at, err = f.instant("at", f.at, time.Now()); err != nil {
		return at, authenticated, err
	}
	if f.authTime == "none" {
		return at, time.Time{}, nil
	}
	authenticated, err = f.instant("auth-time", f.authTime, at)
	return at, authenticated, err
}

// instant reads a time, or how long before another it was. An empty text is that other time.
func (f *explainFlags) instant(flag, text string, from time.Time) (time.Time, error) {
	if text == "" {
		return from.UTC().Truncate(time.Second), nil
	}
	if ago, err := parseSpan(text); err == nil {
		return from.Add(-ago).UTC().Truncate(time.Second), nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return t, fmt.Errorf("--%s %q is no time: want RFC 3339, as in 2026-11-20T08:00:00Z or 2026-11-20T09:00:00+01:00, or how long ago, as in 90m", flag, text)
	}
	return t, nil
}

// parseSpan reads a duration above 0; beside Go's units there are days.
func parseSpan(text string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		d, err := time.ParseDuration(days + "h")
		if err == nil && d > 0 && d < 100_000*time.Hour {
			return 24 * d, nil
		}
		return 0, errNoSpan
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return 0, errNoSpan
	}
	return d, nil
}

var errNoSpan = errors.New("not a duration above 0")

func (f *explainFlags) address() (netip.Addr, error) {
	if f.ip == "" {
		return netip.Addr{}, nil
	}
	a, err := netip.ParseAddr(f.ip)
	if err != nil {
		return a, fmt.Errorf("--ip %q is no IP address", f.ip)
	}
	return a, nil
}
