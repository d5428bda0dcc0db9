// Command generate writes config.schema.json and docs/configuration.md from the types of package config. It is run by
// "go generate ./config", in the folder of that package.
package main

import (
	"fmt"
	"os"
	"reflect"

	"github.com/edgeauth/edgeauth/config"
	"github.com/edgeauth/edgeauth/config/internal/reference"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func run() error {
	t := reflect.TypeFor[config.Config]()
	schema, err := reference.Schema(t)
	if err != nil {
		return fmt.Errorf("making the schema: %w", err)
	}
	if err := os.WriteFile("../config.schema.json", schema, 0o644); err != nil {
		return err
	}
	return os.WriteFile("../docs/configuration.md", reference.Page(t), 0o644)
}
