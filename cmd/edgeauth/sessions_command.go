package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/edgeauth/edgeauth/admin/client"
	"github.com/edgeauth/edgeauth/admin/edgeauthv1"
	"github.com/edgeauth/edgeauth/config"
)

func newSessions() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "sessions",
		Short: "List, show and end sessions through the governance API",
		Long: "sessions speaks to the governance API (docs/api.md): with --config to the edge on this machine, through the socket in\n" +
			"server.data_dir; with --server to one anywhere, as its admin.api allows.\n\n" +
			"What it shows is the index of sessions, which is advisory: a session that it does not know may live all the same, and can\n" +
			"be ended by its name. Beside the level of its login stands what is not known to be proven, of that or of one that its person was\n" +
			"raised to since, and its end is the sooner one that this brings.",
		Example: "  edgeauth sessions list --config config.yaml\n" +
			"  edgeauth sessions list --config config.yaml --provider corp --subject 0b8f-… --output json\n" +
			"  edgeauth sessions revoke --config config.yaml Zm9vYmFyYmF6cXV4MTIzNA --reason \"lost laptop\"\n" +
			"  edgeauth sessions list --server https://edge.internal:9091 --ca-file ca.pem --cert-file me.crt --key-file me.key",
	}
	cmd.AddCommand(newSessionsList(), newSessionsShow(), newSessionsRevoke())
	return cmd
}

// apiFlags say which API is meant and who calls it.
type apiFlags struct {
	config, server, caFile, certFile, keyFile, tokenFile string
	provider, subject                                    string
	issuer                                               string // in place of provider, where the command line has to know it
	output                                               string
}

func (f *apiFlags) add(cmd *cobra.Command, person string) {
	s := cmd.Flags()
	s.StringVarP(&f.config, "config", "c", "", "configuration file (YAML) of the edge on this machine")
	s.StringVar(&f.server, "server", "", "address of an API: https://host:port, or http:// on loopback")
	s.StringVar(&f.caFile, "ca-file", "", "PEM file with the roots to trust at --server, instead of the system's")
	s.StringVar(&f.certFile, "cert-file", "", "PEM file with a client certificate for --server")
	s.StringVar(&f.keyFile, "key-file", "", "PEM file with the key of --cert-file")
	s.StringVar(&f.tokenFile, "token-file", "", "file with a bearer token for --server; - is standard input")
	s.StringVar(&f.provider, "provider", "", "the provider of --subject, by its name in the edge's configuration")
	s.StringVar(&f.subject, "subject", "", person)
	s.StringVarP(&f.output, "output", "o", "table", "table or json")
	_ = cmd.MarkFlagFilename("config", "yaml", "yml")
	for _, name := range []string{"ca-file", "cert-file", "key-file", "token-file"} {
		_ = cmd.MarkFlagFilename(name)
	}
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{"table", "json"}, cobra.ShellCompDirectiveNoFileComp))
	completeProvider(cmd, &f.config)
	cmd.MarkFlagsMutuallyExclusive("config", "server")
	cmd.MarkFlagsRequiredTogether("cert-file", "key-file")
}

const apiTimeout = 30 * time.Second

// ask calls do with an API, and says what went wrong in words.
func (f *apiFlags) ask(cmd *cobra.Command, do func(context.Context, *client.Client) error) error {
	if f.output != "table" && f.output != "json" {
		return fmt.Errorf("--output %q is neither table nor json", f.output)
	}
	if cmd.Flags().Changed("subject") && f.subject == "" {
		return errors.New("--subject is empty; want the sub that the provider knows the person by")
	}
	if f.provider != "" && f.subject == "" {
		return errors.New("--provider says whose --subject is meant, but there is none")
	}
	target, err := f.target(cmd)
	if err != nil {
		return err
	}
	c, err := client.New(target)
	if err != nil {
		return err
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(cmd.Context(), apiTimeout)
	defer cancel()
	return f.cure(do(ctx, c))
}

func (f *apiFlags) target(cmd *cobra.Command) (client.Target, error) {
	switch {
	case f.server != "":
		return f.remote(cmd)
	case f.config == "":
		return client.Target{}, errors.New("want --config FILE for the edge on this machine, or --server URL for an API anywhere")
	}
	if f.caFile+f.certFile+f.tokenFile != "" {
		return client.Target{}, errors.New("--ca-file, --cert-file and --token-file belong to --server")
	}
	cfg, err := loadPart(f.config, cmd.ErrOrStderr(), "server.data_dir")
	if err != nil {
		return client.Target{}, err
	}
	if err := answers(cfg); err != nil {
		return client.Target{}, err
	}
	return client.Target{Socket: socketPath(cfg), Header: map[string]string{actorHeader: whoami()}}, nil
}

// answers says so where no edge runs here.
func answers(cfg *config.Config) error {
	conn, err := net.Dial("unix", socketPath(cfg))
	switch {
	case err == nil:
		return conn.Close()
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("no edge answers at %s; where none runs, `edgeauth revoke` can still write the log itself", socketPath(cfg))
	}
	return fmt.Errorf("asking the edge at %s: %w", socketPath(cfg), err)
}

func (f *apiFlags) remote(cmd *cobra.Command) (client.Target, error) {
	t := client.Target{URL: f.server, TLS: &tls.Config{MinVersion: tls.VersionTLS12}, Header: map[string]string{}}
	var err error
	if t.TLS.RootCAs, err = rootsFrom(f.caFile); err != nil {
		return t, fmt.Errorf("--ca-file: %w", err)
	}
	if f.certFile != "" {
		pair, err := tls.LoadX509KeyPair(f.certFile, f.keyFile)
		if err != nil {
			return t, fmt.Errorf("--cert-file: %w", err)
		}
		t.TLS.Certificates = []tls.Certificate{pair}
	}
	if f.tokenFile != "" {
		token, err := readToken(cmd, f.tokenFile)
		if err != nil {
			return t, err
		}
		t.Header["Authorization"] = "Bearer " + token
	}
	return t, nil
}

// maxTokenFile is more than any token has.
const maxTokenFile = 64 << 10

func readToken(cmd *cobra.Command, path string) (string, error) {
	file := "/dev/stdin"
	var text []byte
	var err error
	if path == "-" {
		text, err = io.ReadAll(io.LimitReader(cmd.InOrStdin(), maxTokenFile))
	} else {
		file = path
		text, err = os.ReadFile(path)
	}
	token := strings.TrimSpace(string(text))
	switch {
	case err != nil:
		return "", fmt.Errorf("--token-file: %w", err)
	case token == "" || strings.ContainsAny(token, " \t\r\n"):
		return "", fmt.Errorf("--token-file: %s does not hold one token", file)
	}
	return token, nil
}

// person is who --subject means; nil where it is not given.
func (f *apiFlags) person() *edgeauthv1.Person {
	if f.subject == "" {
		return nil
	}
	p := &edgeauthv1.Person{Sub: f.subject}
	switch {
	case f.issuer != "":
		p.At = &edgeauthv1.Person_Issuer{Issuer: f.issuer}
	case f.provider != "":
		p.At = &edgeauthv1.Person_Provider{Provider: f.provider}
	}
	return p
}
