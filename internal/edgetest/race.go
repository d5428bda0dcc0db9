//go:build race

package edgetest

// raceFlag builds the binary with the race detector where the tests have it.
const raceFlag = "-race=true"
