// Package list owns the text form of lists of networks and their look-up. It must not know what a list is for.
package list

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Set is a list that was read: networks and autonomous systems. It does not change, so it may be used by many at once.
// The nil Set is empty.
type Set struct {
	spans   []span // sorted, apart from each other
	systems []uint32
	entries int
}

// span is the addresses from first to last, of one family.
type span struct{ first, last netip.Addr }

// ErrEmpty says that there is nothing in a list, not even a comment: a fetch that failed leaves such files, and who
// means an empty list can say so in a comment.
var ErrEmpty = errors.New("the file is empty (a list that shall be empty needs a comment that says so)")

// Parse reads a list: an address, a CIDR prefix or an AS number such as AS3320 on each line; what follows a # is a
// comment. A prefix counts whole even if it is written with bits of a host. A list is taken whole or not at all, because half
// a list looks like a list. The error names the line.
//
// An entry longer than /64 for IPv6 counts as its /64 when wide is true, since that is one host.
func Parse(data []byte, wide bool) (*Set, error) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, ErrEmpty
	}
	s := &Set{}
	number := 0
	for line := range bytes.Lines(data) {
		number++
		entry, _, _ := strings.Cut(string(line), "#")
		if entry = strings.TrimSpace(entry); entry == "" {
			continue
		}
		if err := s.add(entry, wide); err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		s.entries++
	}
	s.settle()
	return s, nil
}

func (s *Set) add(entry string, wide bool) error {
	if len(entry) > 2 && strings.EqualFold(entry[:2], "AS") {
		n, err := strconv.ParseUint(entry[2:], 10, 32)
		if err != nil || n == 0 {
			return fmt.Errorf("%.40q is no AS number", entry)
		}
		s.systems = append(s.systems, uint32(n))
		return nil
	}
	prefix, err := parsePrefix(entry)
	if err != nil {
		return err
	}
	if wide && prefix.Addr().Is6() && prefix.Bits() > 64 {
		prefix = netip.PrefixFrom(prefix.Addr(), 64).Masked()
	}
	s.spans = append(s.spans, span{prefix.Addr(), last(prefix)})
	return nil
}

func parsePrefix(entry string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(entry); err == nil && a.Zone() == "" {
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(entry)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("%.40q is no address, prefix or AS number", entry)
	}
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	if p.Bits() == 0 {
		return netip.Prefix{}, fmt.Errorf("%q covers every address", entry)
	}
	return p.Masked(), nil
}

// last returns the last address of p.
func last(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for bit := p.Bits(); bit < len(b)*8; bit++ {
		b[bit/8] |= 0x80 >> (bit % 8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

// settle sorts what was added and joins what overlaps.
func (s *Set) settle() {
	slices.Sort(s.systems)
	s.systems = slices.Compact(s.systems)
	slices.SortFunc(s.spans, func(a, b span) int { return a.first.Compare(b.first) })
	joined := s.spans[:0]
	for _, next := range s.spans {
		if n := len(joined); n > 0 && joined[n-1].last.Compare(next.first) >= 0 {
			if joined[n-1].last.Less(next.last) {
				joined[n-1].last = next.last
			}
			continue
		}
		joined = append(joined, next)
	}
	s.spans = slices.Clip(joined)
}

// Contains reports whether an address, which must not be IPv4-mapped, is in one of the networks.
func (s *Set) Contains(a netip.Addr) bool {
	if s == nil {
		return false
	}
	i, exact := slices.BinarySearchFunc(s.spans, a, func(sp span, a netip.Addr) int { return sp.first.Compare(a) })
	if exact {
		return true
	}
	return i > 0 && s.spans[i-1].last.Compare(a) >= 0
}

// HasSystem reports whether the autonomous system is listed by its number.
func (s *Set) HasSystem(asn uint32) bool {
	if s == nil {
		return false
	}
	_, found := slices.BinarySearch(s.systems, asn)
	return found
}

// HasSystems reports whether any autonomous system is listed.
func (s *Set) HasSystems() bool { return s != nil && len(s.systems) > 0 }

// Len is the number of entries as they were written.
func (s *Set) Len() int {
	if s == nil {
		return 0
	}
	return s.entries
}
