package geo

import (
	"fmt"
	"time"
)

// Kind says what a file is for.
type Kind string

// The kinds of files.
const (
	City    Kind = "city"
	Country Kind = "country"
	ASN     Kind = "asn"
	Hosting Kind = "hosting"
	Tor     Kind = "tor"
	Egress  Kind = "egress"
)

// Status is how things stand with one file.
type Status struct {
	Kind    Kind
	Path    string
	InUse   bool      // something that the file held is in use, be it an earlier version
	Loaded  time.Time // when what is in use was read; zero: never
	Built   time.Time // when an MMDB file says that it was made; zero: unknown, or no MMDB file
	Entries int       // of a list; of an MMDB file: nodes of its tree

	Problem error     // why the file as it is now is not in use, or not all of it; nil: all is well
	Since   time.Time // of the problem; zero for broken records
	Faults  uint64    // look-ups that met a broken record in the MMDB file in use
}

// Status tells of every file, in the order of [Files].
func (d *DB) Status() []Status {
	d.mu.Lock()
	defer d.mu.Unlock()
	var all []Status
	for _, f := range d.bases {
		st := statusOf(f)
		if f.have {
			st.Built, st.Entries, st.Faults = f.value.built(), int(f.value.reader.Metadata.NodeCount), f.value.faults.Load()
		}
		if st.Faults > 0 && st.Problem == nil {
			st.Problem = fmt.Errorf("%d look-ups met a record that is broken or has fields of another kind than expected", st.Faults)
		}
		all = append(all, st)
	}
	for _, f := range d.lists {
		st := statusOf(f)
		st.Entries = f.value.Len()
		all = append(all, st)
	}
	return all
}

func statusOf[T any](f *follower[T]) Status {
	return Status{Kind: f.kind, Path: f.path, InUse: f.have, Loaded: f.loaded, Problem: f.problem, Since: f.since}
}
