//go:build !race

package edgetest

// raceFlag builds the binary without the race detector, which needs a C compiler.
const raceFlag = "-race=false"
