package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/edgeauth/edgeauth/config"
)

func newHealthcheck() *cobra.Command {
	var path string
	cmd := &cobra.Command{
		Use:   "healthcheck",
		Short: "Ask the running edge whether it is ready, for container health checks",
		Long: "healthcheck prints what the running edge answers at /readyz and succeeds if that is 200. Of the configuration it reads\n" +
			"admin.listen alone: an edge whose file was broken since goes on with what it said before, and says so.",
		Example: "  edgeauth healthcheck --config /etc/edgeauth/config.yaml",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			listen, err := config.AdminListen(path, os.LookupEnv)
			if err != nil {
				return err
			}
			if listen == "" {
				return fmt.Errorf("%s: admin.listen is empty, so there is nothing to ask", path)
			}
			return askReady(cmd.Context(), listen, cmd.OutOrStdout())
		},
	}
	configFlag(cmd, &path)
	return cmd
}

// askReady prints what /readyz says and returns an error unless it is 200.
func askReady(ctx context.Context, listen string, out io.Writer) error {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return fmt.Errorf("reading admin.listen: %w", err)
	}
	if port == "0" {
		return fmt.Errorf("admin.listen %q leaves the port to the system, so it cannot be known here: give it a fixed one", listen)
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+"/readyz", nil)
	if err != nil {
		return fmt.Errorf("asking the edge: %w", err)
	}
	client := http.Client{Transport: &http.Transport{Proxy: nil}}
	resp, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("asking the edge: %w", err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(out, io.LimitReader(resp.Body, 1<<16)); err != nil {
		return fmt.Errorf("reading the answer: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the edge at %s is not ready (status %d)", listen, resp.StatusCode)
	}
	return nil
}
