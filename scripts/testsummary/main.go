// Command testsummary makes the output of `go test -json` readable: a line for each package, failed tests in full, and at the
// end every skipped test by name and reason. It reads standard input and exits with 1 when anything failed.
//
//	go test -json ./... | go run ./scripts/testsummary
package main

import (
	"fmt"
	"os"
)

func main() {
	summary := NewSummary(os.Stdout)
	if err := summary.Read(os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "testsummary:", err)
		os.Exit(2)
	}
	summary.Finish()
	if !summary.Passed() {
		os.Exit(1)
	}
}
