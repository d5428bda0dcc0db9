// Command generate writes docs/audit.schema.json from package audit. It is run by "go generate ./audit", in the folder of
// that package.
package main

import (
	"fmt"
	"os"

	"github.com/edgeauth/edgeauth/audit"
)

func main() {
	if err := os.WriteFile("../docs/audit.schema.json", audit.Schema(), 0o644); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}
