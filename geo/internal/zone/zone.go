// Package zone tells which time zone lies where, and loads zones by name. It must not know addresses.
//
// A binary without a system's zone files, as in a scratch image, knows all zones: they are linked in.
package zone

import (
	"encoding/binary"
	"sync"
	"sync/atomic"
	"time"
	_ "time/tzdata" // for machines and images without zone files

	"github.com/edgeauth/edgeauth/geo/internal/zone/table"
)

// Zones looks time zones up. It is safe for concurrent use.
type Zones struct {
	grid    grid
	known   sync.Map     // string -> *time.Location, nil for names that cannot be loaded
	refused atomic.Int64 // how many of known are nil
}

// maxRefused bounds how many unknown names are remembered: a file may hold any number of them.
const maxRefused = 1024

// New returns zones with nothing loaded yet.
func New() *Zones { return &Zones{grid: openGrid(table.Grid)} }

// Load returns the zone with an IANA name, or nil if there is none. "Local" is none: it is where the server stands.
func (z *Zones) Load(name string) *time.Location {
	if name == "" || name == "Local" {
		return nil
	}
	if known, ok := z.known.Load(name); ok {
		return known.(*time.Location)
	}
	location, err := time.LoadLocation(name)
	if err != nil {
		location = nil
		if z.refused.Add(1) > maxRefused {
			return nil
		}
	}
	z.known.Store(name, location)
	return location
}

// Country returns the time zone of a country (ISO 3166-1 alpha-2) all of whose clocks agree, or "".
func (z *Zones) Country(code string) string { return table.Country(code) }

// At returns the name of the time zone at a point on land or near the shore, or "". Borders are true to a tenth of a degree
// (11 km or less), far finer than what is known of where an address is.
func (z *Zones) At(lat, lon float64) string { return z.grid.at(lat, lon) }

// grid is the table that tools/zonegrid writes: for each row of cells, from south to north, runs of cells in one zone, from
// west to east. All numbers are big-endian.
type grid struct {
	names  []string
	rows   int
	starts string // uint32 for each row and one more: its first run
	runs   string // uint16 first column and uint16 index of the name, for each run
}

func openGrid(data string) grid {
	g := grid{names: make([]string, u16(data)), rows: int(u16(data[2:]))}
	data = data[4:]
	for i := range g.names {
		end := 0
		for data[end] != '\n' {
			end++
		}
		g.names[i], data = data[:end], data[end+1:]
	}
	split := 4 * (g.rows + 1)
	g.starts, g.runs = data[:split], data[split:]
	return g
}

func (g grid) at(lat, lon float64) string {
	if !(lat >= -90 && lat <= 90 && lon >= -180 && lon <= 180) {
		return ""
	}
	cells := float64(g.rows) / 180
	row := min(int((lat+90)*cells), g.rows-1)
	column := uint16(min(int((lon+180)*cells), 2*g.rows-1))
	low, high := u32(g.starts[4*row:]), u32(g.starts[4*row+4:])
	for high-low > 1 { // the run at low begins at or before the column, that at high after it
		if middle := (low + high) / 2; u16(g.runs[4*middle:]) <= column {
			low = middle
		} else {
			high = middle
		}
	}
	return g.names[u16(g.runs[4*low+2:])]
}

func u16(s string) uint16 { return binary.BigEndian.Uint16([]byte(s[:2])) }
func u32(s string) uint32 { return binary.BigEndian.Uint32([]byte(s[:4])) }
