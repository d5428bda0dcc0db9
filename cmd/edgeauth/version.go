package main

import (
	"crypto/fips140"
	"fmt"
	"runtime"

	"github.com/spf13/cobra"
)

func newVersion() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version of edgeauth, of Go and of its FIPS 140-3 module",
		Example: "  edgeauth version\n  GODEBUG=fips140=only edgeauth version   # whether this binary runs that way",
		Args:    cobra.NoArgs,
		Run: func(cmd *cobra.Command, _ []string) {
			fmt.Fprintf(cmd.OutOrStdout(), "edgeauth %s, %s, FIPS 140-3 module %s (%s)\n",
				version, runtime.Version(), fips140.Version(), fipsState())
		},
	}
}

func fipsState() string {
	switch {
	case fips140.Enforced():
		return "enforced"
	case fips140.Enabled():
		return "enabled"
	}
	return "off"
}
