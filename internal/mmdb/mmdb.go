// Package mmdb writes small MMDB files for tests and for the demo. It must not know what is in them.
package mmdb

import (
	"bytes"
	"fmt"
	"net"
	"net/netip"
	"os"
	"testing"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"
)

// Network is one network and what the file says of it: maps with text keys, slices, texts, booleans, numbers.
type Network struct {
	Prefix string // 192.0.2.0/24
	Data   any
}

// Kind describes a file as a whole.
type Kind struct {
	Type  string // its database_type; "Test" when empty
	V4    bool   // for IPv4 alone
	Built int64  // Unix seconds; now when zero
	About string // its description in English
}

// Bytes returns the content of a file.
func Bytes(kind Kind, networks []Network) ([]byte, error) {
	options := mmdbwriter.Options{DatabaseType: kind.Type, BuildEpoch: kind.Built, RecordSize: 24, IPVersion: 6,
		IncludeReservedNetworks: true, DisableIPv4Aliasing: true}
	if kind.Type == "" {
		options.DatabaseType = "Test"
	}
	if kind.V4 {
		options.IPVersion = 4
	}
	if kind.About != "" {
		options.Description = map[string]string{"en": kind.About}
	}
	tree, err := mmdbwriter.New(options)
	if err != nil {
		return nil, err
	}
	for _, n := range networks {
		if err := insert(tree, n); err != nil {
			return nil, fmt.Errorf("adding %s: %w", n.Prefix, err)
		}
	}
	var out bytes.Buffer
	_, err = tree.WriteTo(&out)
	return out.Bytes(), err
}

// Write writes a file for a test.
func Write(t testing.TB, path string, kind Kind, networks ...Network) {
	t.Helper()
	data, err := Bytes(kind, networks)
	if err == nil {
		err = os.WriteFile(path, data, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func insert(tree *mmdbwriter.Tree, n Network) error {
	prefix, err := netip.ParsePrefix(n.Prefix)
	if err != nil {
		return err
	}
	value, err := convert(n.Data)
	if err != nil {
		return err
	}
	bits := prefix.Addr().BitLen()
	return tree.Insert(&net.IPNet{IP: prefix.Masked().Addr().AsSlice(), Mask: net.CIDRMask(prefix.Bits(), bits)}, value)
}

func convert(v any) (mmdbtype.DataType, error) {
	switch v := v.(type) {
	case string:
		return mmdbtype.String(v), nil
	case bool:
		return mmdbtype.Bool(v), nil
	case float64:
		return mmdbtype.Float64(v), nil
	case float32:
		return mmdbtype.Float32(v), nil
	case int:
		return mmdbtype.Int32(v), nil
	case uint16:
		return mmdbtype.Uint16(v), nil
	case uint32:
		return mmdbtype.Uint32(v), nil
	case uint64:
		return mmdbtype.Uint64(v), nil
	case []any:
		return convertSlice(v)
	case map[string]any:
		return convertMap(v)
	}
	return nil, fmt.Errorf("MMDB has no %T", v)
}

func convertSlice(list []any) (mmdbtype.DataType, error) {
	var out mmdbtype.Slice
	for _, item := range list {
		value, err := convert(item)
		if err != nil {
			return nil, err
		}
		out = append(out, value)
	}
	return out, nil
}

func convertMap(m map[string]any) (mmdbtype.DataType, error) {
	out := mmdbtype.Map{}
	for key, item := range m {
		value, err := convert(item)
		if err != nil {
			return nil, err
		}
		out[mmdbtype.String(key)] = value
	}
	return out, nil
}
