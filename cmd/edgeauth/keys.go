package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/edgeauth/edgeauth/session"
)

// keepKeys is how long a replaced key still opens: longer than the longest life that a cookie may be given (400 days,
// the device cookie).
const keepKeys = 401 * 24 * time.Hour

func newKeys() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "keys",
		Short: "Make, rotate and list the keys that seal sessions",
		Long: "The key ring is one file that every edge of a service reads. Running edges read it again by themselves within ten\n" +
			"seconds, so rotating needs no restart and logs nobody out.",
		Example: "  edgeauth keys new --file /etc/edgeauth/keys.json\n" +
			"  edgeauth keys rotate --file /etc/edgeauth/keys.json   # the new key takes over in an hour\n" +
			"  edgeauth keys list --file /etc/edgeauth/keys.json",
	}
	cmd.AddCommand(newKeysNew(), newKeysRotate(), newKeysList())
	return cmd
}

func fileFlag(cmd *cobra.Command, path *string) {
	cmd.Flags().StringVarP(path, "file", "f", "", "key ring file (session.keys_file of the configuration)")
	_ = cmd.MarkFlagRequired("file")
	_ = cmd.MarkFlagFilename("file", "json")
}

func newKeysNew() *cobra.Command {
	var path string
	var ifMissing bool
	cmd := &cobra.Command{
		Use: "new", Short: "Make a key ring with one key; refuses to overwrite one", Args: cobra.NoArgs,
		Example: "  edgeauth keys new --file /etc/edgeauth/keys.json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := session.ReadKeys(path); err == nil && ifMissing { // first: the folder need not be writable
				return sayThere(cmd.OutOrStdout(), path)
			}
			err := createKeys(path, time.Now())
			if ifMissing && errors.Is(err, fs.ErrExist) {
				return sayThere(cmd.OutOrStdout(), path)
			}
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s holds a new key. Give the same file to every edge; whoever reads it can forge sessions.\n", path)
			return nil
		},
	}
	fileFlag(cmd, &path)
	cmd.Flags().BoolVar(&ifMissing, "if-missing", false, "leave a ring that is there as it is, and succeed")
	return cmd
}

// sayThere says that a ring is there, unless it is no good.
func sayThere(out io.Writer, path string) error {
	if _, err := session.ReadKeys(path); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "%s is there already and stays as it is.\n", path)
	return err
}

// createKeys writes a ring of one key that is active at once. An existing file is fs.ErrExist.
func createKeys(path string, now time.Time) error {
	k, err := session.GenerateKey(now)
	if err != nil {
		return err
	}
	err = session.CreateKeys(path, []session.Key{k})
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s is there already; a new ring would log everybody out. Use `edgeauth keys rotate`, or remove the file first (%w)", path, fs.ErrExist)
	}
	return err
}

func newKeysRotate() *cobra.Command {
	var path string
	var lead time.Duration
	var force bool
	cmd := &cobra.Command{
		Use: "rotate", Short: "Add a key that takes over after a lead, and drop keys that have retired", Args: cobra.NoArgs,
		Example: "  edgeauth keys rotate --file keys.json --lead 1h",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if lead < time.Minute {
				return errors.New("--lead must be at least 1m: every edge has to read the file before the new key is used")
			}
			keys, err := readKeys(path)
			if err != nil {
				return err
			}
			now := time.Now()
			if k, ok := pending(keys, now); ok && !force {
				return fmt.Errorf("%s was rotated already: key %s takes over at %s. Wait for that, or add one more with --force",
					path, k.ID, k.ActiveFrom.Format(time.RFC3339))
			}
			keys, err = session.Rotate(session.Prune(keys, now), now.Add(lead), keepKeys)
			if err != nil {
				return err
			}
			if err := session.WriteKeys(path, keys); err != nil {
				return err
			}
			added := keys[len(keys)-1]
			fmt.Fprintf(cmd.OutOrStdout(), "Key %s takes over at %s. Every edge must have the new file by then.\n", added.ID, added.ActiveFrom.Format(time.RFC3339))
			return nil
		},
	}
	fileFlag(cmd, &path)
	cmd.Flags().DurationVar(&lead, "lead", time.Hour, "time until the new key is used")
	cmd.Flags().BoolVar(&force, "force", false, "add a key although another one has not taken over yet")
	return cmd
}

// pending returns a key that has not taken over yet.
func pending(keys []session.Key, now time.Time) (session.Key, bool) {
	i := slices.IndexFunc(keys, func(k session.Key) bool { return k.ActiveFrom.After(now) })
	if i < 0 {
		return session.Key{}, false
	}
	return keys[i], true
}

func newKeysList() *cobra.Command {
	var path string
	cmd := &cobra.Command{
		Use: "list", Short: "List the keys by id and time, without the secrets", Args: cobra.NoArgs,
		Example: "  edgeauth keys list --file /etc/edgeauth/keys.json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			keys, err := readKeys(path)
			if err != nil {
				return err
			}
			return listKeys(cmd.OutOrStdout(), keys, time.Now())
		},
	}
	fileFlag(cmd, &path)
	return cmd
}

// readKeys reads a ring, and says how to make one where there is none.
func readKeys(path string) ([]session.Key, error) {
	keys, err := session.ReadKeys(path)
	if session.KeysMissing(err) {
		return nil, fmt.Errorf("there is no key ring at %s: make one with `edgeauth keys new --file %s`", path, path)
	}
	return keys, err
}

func listKeys(out io.Writer, keys []session.Key, now time.Time) error {
	ring, err := session.NewRing(keys)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "KEY\tSTATE\tACTIVE FROM\tRETIRES AFTER")
	for _, k := range keys {
		retires := "-"
		if !k.RetireAfter.IsZero() {
			retires = k.RetireAfter.Format(time.RFC3339)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", k.ID, keyState(ring, k, now), k.ActiveFrom.Format(time.RFC3339), retires)
	}
	return w.Flush()
}

func keyState(ring *session.Ring, k session.Key, now time.Time) string {
	switch {
	case ring.Active(now).ID == k.ID:
		return "active"
	case k.ActiveFrom.After(now):
		return "pending"
	case !k.RetireAfter.IsZero() && !now.Before(k.RetireAfter):
		return "retired"
	}
	return "retiring"
}
