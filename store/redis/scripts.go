package redis

import (
	_ "embed"
	"regexp"
)

// The scripts, each one step on the keys of one slot. Their first lines say what they take and return.
var (
	//go:embed lua/append.lua
	appendScript string // read-only

	//go:embed lua/probe.lua
	probeScript string // read-only

	//go:embed lua/begin.lua
	beginScript string // read-only

	//go:embed lua/seeded.lua
	seededScript string // read-only

	//go:embed lua/push.lua
	pushScript string // read-only

	//go:embed lua/lease.lua
	leaseScript string // read-only

	//go:embed lua/release.lua
	releaseScript string // read-only

	//go:embed lua/swap.lua
	swapScript string // read-only

	//go:embed lua/enter.lua
	enterScript string // read-only

	//go:embed lua/roll.lua
	rollScript string // read-only
)

// constant pattern: what Redis need not be told of a script.
var remarks = regexp.MustCompile(`(?m)^\s*(--.*)?\n|^ +`)

// bare is a script without its comments and indentation: it is sent as a whole each time.
func bare(script string) string { return remarks.ReplaceAllLiteralString(script, "") }
