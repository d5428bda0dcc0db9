//go:build geodata

package zone

// `go generate -tags geodata ./geo/internal/zone` makes the table anew; it fetches tzf and reads tzdata's zone.tab.
//go:generate go -C ../../../tools run ./zonegrid -out ../geo/internal/zone/table
