package disk_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/revocation"
	"github.com/edgeauth/edgeauth/revocation/disk"
)

// million is how many families a copy has here.
const million = 1_000_000

func families(n int) []revocation.Entry {
	now := revocation.MillisOf(time.Now())
	out := make([]revocation.Entry, n)
	for i := range out {
		out[i] = revocation.Entry{Register: revocation.Family(identity.NewFamily()),
			Value: revocation.Value{Since: now, Until: now + 3_600_000, Region: "eu-1", Reason: "logout", Actor: "user"}}
	}
	return out
}

func BenchmarkSaveAMillion(b *testing.B) {
	o := options(ringOf(b, newKey(b, time.Now().Add(-time.Hour))))
	dir := b.TempDir()
	f := claim(b, dir, o)
	r, _ := known(families(million))
	for b.Loop() {
		if _, err := f.Save(r); err != nil {
			b.Fatal(err)
		}
	}
	if info, err := os.Stat(filepath.Join(dir, disk.SnapshotName)); err == nil {
		b.ReportMetric(float64(info.Size())/million, "bytes/entry")
	}
}

func BenchmarkRestoreAMillion(b *testing.B) {
	o := options(ringOf(b, newKey(b, time.Now().Add(-time.Hour))))
	dir, _ := savedIn(b, o, families(million))
	f := claim(b, dir, o)
	for b.Loop() {
		if n, _, err := f.Restore(revocation.NewReplica(time.Now)); err != nil || n != million {
			b.Fatal(n, err)
		}
	}
}

func BenchmarkAddToTheOutbox(b *testing.B) {
	f := claim(b, b.TempDir(), options(ringOf(b, newKey(b, time.Now().Add(-time.Hour)))))
	box, _, err := f.OpenOutbox()
	if err != nil {
		b.Fatal(err)
	}
	defer box.Close()
	entries := families(2)
	for b.Loop() {
		if err := box.Add(entries); err != nil {
			b.Fatal(err)
		}
	}
}

// willing is a log that takes everything at once: what is measured beside it is the disk.
type willing struct{ revocation.Sink }

func (willing) Append(context.Context, []revocation.Entry) error { return nil }

func BenchmarkRevocationThatTheLogTook(b *testing.B) {
	for name, atOnce := range map[string]int{"alone": 1, "64 at once": 32} { // times two processors
		b.Run(name, func(b *testing.B) {
			f := claim(b, b.TempDir(), options(ringOf(b, newKey(b, time.Now().Add(-time.Hour)))))
			box, _, err := f.OpenOutbox()
			if err != nil {
				b.Fatal(err)
			}
			defer box.Close()
			w := revocation.NewWriter(willing{}, revocation.NewReplica(time.Now), "", func(int) {})
			w.Resume(box, nil, 1_000_000)
			write := func() {
				if _, err := w.Write(b.Context(), families(1)...); err != nil {
					b.Error(err)
				}
			}
			if atOnce == 1 {
				for b.Loop() {
					write()
				}
				return
			}
			b.SetParallelism(atOnce)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					write()
				}
			})
		})
	}
}
