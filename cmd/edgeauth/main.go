// Command edgeauth is a reverse proxy that logs people in: one binary in front of applications that cannot do it
// themselves. This package wires the others together and is the only one that knows the configuration file.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// version is set when a release is built: -ldflags "-X main.version=v1.2.3".
var version = "dev" // constant table: written by the linker only

func main() { os.Exit(execute(os.Args[1:], os.Stdout, os.Stderr)) }

// execute runs one command line and returns the exit code: 0 for success, 1 for a failure that was printed.
func execute(args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal does not wait for the first to be done
	root := newRoot()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	if !errors.Is(err, errPrinted) {
		fmt.Fprintf(stderr, "edgeauth: %v\n", err)
	}
	return 1
}

// errPrinted is a failure of which everything has been said already.
var errPrinted = errors.New("already printed")

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "edgeauth",
		Short: "A reverse proxy that logs people in by OpenID Connect",
		Long: "edgeauth stands in front of applications that cannot log people in. It runs the OpenID Connect code flow, keeps the\n" +
			"session in a sealed cookie, hears of revocations within milliseconds and hands the identity to the application.",
		Example: "  edgeauth demo                               # try it on this machine, with nothing else\n" +
			"  edgeauth check /etc/edgeauth/config.yaml    # find every mistake at once\n" +
			"  edgeauth run --config /etc/edgeauth/config.yaml",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(newRun(), newCheck(), newDemo(), newExplain(), newRevoke(), newSessions(), newForget(), newKeys(), newHealthcheck(), newVersion())
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		if c.HasSubCommands() {
			refuseStrangers(c)
		}
	}
	return root
}

// refuseStrangers makes a mistyped word behind a command that only groups others a failure: cobra would show the help and
// succeed, and a script would go on.
func refuseStrangers(group *cobra.Command) {
	group.DisableFlagsInUseLine = true
	group.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		return fmt.Errorf("unknown command %q for %q; see %s --help", args[0], cmd.CommandPath(), cmd.CommandPath())
	}
	group.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
}

// completeProvider completes --provider by the names that a configuration has.
func completeProvider(cmd *cobra.Command, config *string) {
	_ = cmd.RegisterFlagCompletionFunc("provider", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return providerNames(*config), cobra.ShellCompDirectiveNoFileComp
	})
}

// configFlag adds --config to a command that needs the configuration file.
func configFlag(cmd *cobra.Command, path *string) {
	cmd.Flags().StringVarP(path, "config", "c", "", "configuration file (YAML)")
	_ = cmd.MarkFlagRequired("config")
	_ = cmd.MarkFlagFilename("config", "yaml", "yml")
}
