//go:build geodata

package places

// `make setup` fetches the databases, then `go generate -tags geodata ./internal/demo/places` makes places.mmdb anew.
//go:generate go run ./generate
