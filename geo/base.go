package geo

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/oschwald/maxminddb-golang/v2"
)

// base is an MMDB file in memory. It does not change but for its count of faults, so it may be used by many at once.
type base struct {
	reader *maxminddb.Reader
	faults atomic.Uint64 // look-ups that met a broken record
}

// maxBase bounds a database in memory. The largest that are sold have some 500 MB.
const maxBase = 2 << 30

// openBase makes a base of an MMDB file's content. maxminddb's own Verify refuses real files (for an empty description)
// and takes minutes, so samples are taken instead: they tell a truncated or overwritten file and one that is about
// something else.
func openBase(data []byte) (b *base, err error) {
	if len(data) == 0 {
		return nil, errors.New("the file is empty")
	}
	reader, err := maxminddb.OpenBytes(data)
	if err != nil {
		return nil, fmt.Errorf("this is no MMDB file, or not all of it: %w", err)
	}
	b = &base{reader: reader}
	return b, b.sample()
}

// sample looks at networks all over the address space.
func (b *base) sample() error {
	useful, found, broken := 0, 0, 0
	var first error
	for i := range 1024 {
		rec := record{}
		ok, err := b.find(sampleAddr(i, b.reader.Metadata.IPVersion), &rec)
		if err != nil {
			broken++
			first = errors.Join(first, err)
		}
		if ok {
			found++
		}
		if rec.useful() {
			useful++
		}
		if broken > 8 {
			return fmt.Errorf("records cannot be read, the file is corrupt: %w", first)
		}
	}
	if found > 0 && useful == 0 {
		return fmt.Errorf("no record of the samples has a field that is known here (database type %.60q)", clean(b.reader.Metadata.DatabaseType))
	}
	return nil
}

// sampleAddr spreads 1024 addresses over the space: all of IPv4, and 2000::/4 for every other one in a database of both.
func sampleAddr(i int, version uint) netip.Addr {
	spread := uint32(i) * 0x9e3779b9 // the golden ratio: no two lie close together
	var b [16]byte
	if version == 6 && i%2 == 1 {
		binary.BigEndian.PutUint32(b[:], 0x20000000|spread>>4)
		return netip.AddrFrom16(b)
	}
	binary.BigEndian.PutUint32(b[:4], spread)
	return netip.AddrFrom4([4]byte(b[:4]))
}

// find reads the record of a, a normal address, and reports whether there is one.
func (b *base) find(a netip.Addr, rec *record) (bool, error) {
	if a.Is6() && b.reader.Metadata.IPVersion == 4 {
		return false, nil
	}
	result := b.reader.Lookup(a)
	if err := result.Err(); err != nil {
		return false, err
	}
	if !result.Found() {
		return false, nil
	}
	return true, result.Decode(rec)
}

// lookup is find for a request: what goes wrong is counted. rec holds nothing of use unless the record is there.
func (b *base) lookup(a netip.Addr, rec *record) bool {
	rec.faults = 0
	found, err := b.find(a, rec)
	if err != nil || rec.faults > 0 {
		b.faults.Add(1)
	}
	return found && err == nil
}

func (b *base) built() time.Time { return b.reader.Metadata.BuildTime().UTC() }
