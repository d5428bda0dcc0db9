// Package table owns the generated table of time zones: which zone lies where. Package zone reads it.
//
// The grid is derived from timezone-boundary-builder, which is made from OpenStreetMap: see NOTICE.txt beside this file.
package table

import _ "embed"

// Grid is the table in the form that tools/zonegrid writes.
//
//go:embed grid.bin
var Grid string
