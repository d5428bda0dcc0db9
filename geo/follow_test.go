package geo_test

import (
	"bytes"
	"errors"
	"io/fs"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgeauth/edgeauth/geo"
	"github.com/edgeauth/edgeauth/internal/mmdb"
)

// clock is a time that a test moves by hand.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func (c *clock) pass(d time.Duration) { c.at = c.at.Add(d) }

func newClock() *clock { return &clock{at: time.Now().Add(time.Hour)} }

func TestAChangedFileIsReadAgain(t *testing.T) {
	base, tor := one(t, flat("DE", "Berlin", 52.5, 13.4)), textFile(t, "1.2.3.4\n")
	d := geo.Open(geo.Files{City: []string{base}, Tor: []string{tor}}, geo.Options{Now: newClock().now})
	if got := lookup(t, d, inside); got.Country != "DE" || got.Tor {
		t.Fatalf("%+v", got)
	}
	rewrite(t, base, read(t, one(t, flat("JP", "Tokyo", 35.7, 139.7))))
	rewrite(t, tor, inside+"\n")
	if got := lookup(t, d, inside); got.Country != "DE" || got.Tor {
		t.Errorf("it was read without being asked: %+v", got)
	}
	d.Refresh()
	if got := lookup(t, d, inside); got.Country != "JP" || !got.Tor {
		t.Errorf("%+v", got)
	}
}

func TestASecondChangeWithinTheClockOfTheFileSystemIsSeen(t *testing.T) {
	tor := textFile(t, "1.2.3.4\n")
	modified := time.Now()
	c := &clock{at: modified.Add(time.Second)} // too soon to trust the file's time
	if err := os.Chtimes(tor, modified, modified); err != nil {
		t.Fatal(err)
	}
	d := geo.Open(geo.Files{Tor: []string{tor}}, geo.Options{Now: c.now})
	if err := os.WriteFile(tor, []byte("8.8.8.8\n"), 0o600); err != nil { // the same inode, size and time
		t.Fatal(err)
	}
	if err := os.Chtimes(tor, modified, modified); err != nil {
		t.Fatal(err)
	}
	d.Refresh()
	if got := lookup(t, d, "8.8.8.8"); !got.Tor {
		t.Errorf("%+v", got)
	}
}

func TestABrokenNewVersionKeepsTheLastGoodOneInUseAndIsReported(t *testing.T) {
	base := one(t, flat("DE", "Berlin", 52.5, 13.4))
	good := read(t, base)
	hosting, egress := textFile(t, inside+"\n"), textFile(t, inside+"\n")
	c := newClock()
	d := geo.Open(geo.Files{City: []string{base}, Hosting: []string{hosting}, Egress: []string{egress}}, geo.Options{Now: c.now})
	loaded := c.at
	c.pass(time.Hour)
	broken := c.at
	rewrite(t, base, good[:len(good)/2])
	for i := range 3 {
		rewrite(t, hosting, "<html>"+strings.Repeat("x", i))
		rewrite(t, egress, "<html>"+strings.Repeat("x", i))
		d.Refresh()
		if got := lookup(t, d, inside); got.Country != "DE" || !got.Hosting || !got.Egress {
			t.Errorf("%+v", got)
		}
		for _, st := range d.Status() {
			if st.Problem == nil || !st.Since.Equal(broken) || !st.InUse || !st.Loaded.Equal(loaded) || st.Entries == 0 {
				t.Errorf("status %+v", st)
			}
		}
		c.pass(time.Hour)
	}
	rewrite(t, base, good)
	rewrite(t, hosting, inside+"\n")
	rewrite(t, egress, inside+"\n")
	d.Refresh()
	for _, st := range d.Status() {
		if st.Problem != nil || !st.Since.IsZero() || !st.Loaded.Equal(c.at) {
			t.Errorf("cured, and yet: %+v", st)
		}
	}
}

// Its length and its end are right, so it opens; but the middle is another file's.
func TestADatabaseWithOverwrittenRecordsKeepsTheLastGoodOneInUse(t *testing.T) {
	var networks []mmdb.Network
	for i := range 128 {
		networks = append(networks, network(netip.PrefixFrom(netip.AddrFrom4([4]byte{byte(2 * i)}), 7).String(),
			map[string]any{"country_code": "DE", "city": strings.Repeat("x", 1+i%60)}))
	}
	base := database(t, networks...)
	good := read(t, base)
	d := geo.Open(geo.Files{City: []string{base}}, geo.Options{Now: newClock().now})
	at := strings.Index(good, "country_code") - 2
	rewrite(t, base, good[:at]+strings.Repeat("\xff", 2000)+good[at+2000:])
	d.Refresh()
	got, st := lookup(t, d, inside), only(t, d)
	if got.Country != "DE" || !st.InUse || st.Problem == nil || !strings.Contains(st.Problem.Error(), "corrupt") || len(st.Problem.Error()) > 1000 {
		t.Errorf("%+v, %+v", got, st)
	}
}

// What is gone must not lower a requirement: hosting and Tor lists stay known, an egress list excuses nobody any more.
func TestAFileThatVanishesLowersNoRequirement(t *testing.T) {
	base := one(t, flat("DE", "Berlin", 52.5, 13.4))
	listed := [3]string{textFile(t, inside+"\n"), textFile(t, inside+"\n"), textFile(t, inside+"\n")}
	d := geo.Open(geo.Files{City: []string{base}, Hosting: listed[:1], Tor: listed[1:2], Egress: listed[2:]}, geo.Options{Now: newClock().now})
	for _, path := range append(listed[:], base) {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	d.Refresh()
	got := lookup(t, d, inside)
	if got.Country != "DE" || !got.Hosting || !got.Tor || got.Egress || !got.Unknown.Has(geo.UnknownEgress) {
		t.Errorf("%+v", got)
	}
	for _, st := range d.Status() {
		if !errors.Is(st.Problem, fs.ErrNotExist) || st.InUse != (st.Kind != geo.Egress) {
			t.Errorf("status %+v", st)
		}
	}
	rewrite(t, listed[2], inside+"\n")
	d.Refresh()
	if got := lookup(t, d, inside); !got.Egress || got.Unknown.Has(geo.UnknownEgress) {
		t.Errorf("it came back, and yet: %+v", got)
	}
}

func TestWhatIsNoFileIsReportedAndStopsNothing(t *testing.T) {
	dir := t.TempDir()
	d := open(t, geo.Files{City: []string{filepath.Join(dir, "missing"), dir}, ASN: []string{"/dev/zero"}, Tor: []string{dir}})
	if got := lookup(t, d, inside); got.Country != "" || !got.Unknown.Has(geo.UnknownCountry|geo.UnknownTor) {
		t.Errorf("%+v", got)
	}
	for _, st := range d.Status() {
		if st.Problem == nil || st.InUse || st.Since.IsZero() {
			t.Errorf("status %+v", st)
		}
	}
}

func TestAProblemIsLoggedOnceAndSoIsItsCure(t *testing.T) {
	var out bytes.Buffer
	tor := textFile(t, "1.2.3.4\n")
	d := geo.Open(geo.Files{Tor: []string{tor}}, geo.Options{Log: slog.New(slog.NewTextHandler(&out, nil)), Now: newClock().now})
	rewrite(t, tor, "x\n")
	for range 3 {
		d.Refresh()
	}
	rewrite(t, tor, "1.2.3.4\n")
	for range 3 {
		d.Refresh()
	}
	if errs, reads := strings.Count(out.String(), "level=ERROR"), strings.Count(out.String(), "geo file read"); errs != 1 || reads != 2 {
		t.Errorf("%d errors, %d readings:\n%s", errs, reads, &out)
	}
}

// A clock that jumps, or a file from the future, must not have a large file read and logged for ever.
func TestAFileThatIsReadAgainUnchangedIsNoNews(t *testing.T) {
	for name, age := range map[string]time.Duration{"fresh": 0, "from the future": -time.Hour, "old": time.Hour} {
		var out bytes.Buffer
		tor, base := textFile(t, inside+"\n"), one(t, map[string]any{"country_code": 7})
		at := time.Now()
		for _, path := range []string{tor, base} {
			if err := os.Chtimes(path, at.Add(-age), at.Add(-age)); err != nil {
				t.Fatal(err)
			}
		}
		c := &clock{at: at}
		d := geo.Open(geo.Files{Tor: []string{tor}, Hosting: []string{tor + "x"}, City: []string{base}},
			geo.Options{Log: slog.New(slog.NewTextHandler(&out, nil)), Now: c.now})
		for range 5 {
			d.Refresh()
			c.pass(10 * time.Second)
		}
		if n := strings.Count(out.String(), "\n"); n != 3 {
			t.Errorf("%s: %d lines\n%s", name, n, &out)
		}
		if got := lookup(t, d, inside); !got.Tor {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestRunFollowsTheFilesUntilItsEnd(t *testing.T) {
	tor := textFile(t, "1.2.3.4\n")
	synctest.Test(t, func(t *testing.T) {
		d := open(t, geo.Files{Tor: []string{tor}})
		done := make(chan error, 1)
		go func() { done <- d.Run(t.Context()) }()
		rewrite(t, tor, inside+"\n")
		time.Sleep(11 * time.Second)
		synctest.Wait()
		if got := lookup(t, d, inside); !got.Tor {
			t.Errorf("%+v", got)
		}
	})
}

func TestLookUpsGoOnWhileFilesChange(t *testing.T) {
	base, tor := one(t, flat("DE", "Berlin", 52.5, 13.4)), textFile(t, inside+"\n")
	good := read(t, base)
	d := open(t, geo.Files{City: []string{base}, Tor: []string{tor}})
	var readers sync.WaitGroup
	stop := make(chan struct{})
	for range 4 {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if got := d.Lookup(netip.MustParseAddr(inside)); got.Country != "DE" || !got.Tor {
					t.Errorf("%+v", got)
				}
				d.Status()
			}
		})
	}
	for i := range 20 {
		rewrite(t, base, good[:len(good)-i%2])
		rewrite(t, tor, inside+strings.Repeat("\n", i)+"x"[:i%2])
		d.Refresh()
	}
	close(stop)
	readers.Wait()
}

// The worst that can be done to a file: it is cut short while it is in use. A mapped file would end the process.
func TestAFileCutShortWhileInUseStillAnswers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "big.mmdb")
	var networks []mmdb.Network
	for i := range 200 {
		networks = append(networks, network(netip.PrefixFrom(netip.AddrFrom4([4]byte{81, byte(i), 0, 0}), 16).String(),
			flat("DE", "Berlin "+strings.Repeat("x", i%100), 52.5, 13.4)))
	}
	mmdb.Write(t, path, mmdb.Kind{}, networks...)
	d := open(t, geo.Files{City: []string{path}})
	if err := os.Truncate(path, 10); err != nil {
		t.Fatal(err)
	}
	for i := range 200 {
		if got := d.Lookup(netip.AddrFrom4([4]byte{81, byte(i), 1, 1})); got.Country != "DE" {
			t.Fatalf("%d: %+v", i, got)
		}
	}
}
