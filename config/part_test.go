package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/edgeauth/edgeauth/config"
)

const spoilt = `server:
  hosts: [{url: "https://app.example.com"}]
  data_dir: /srv/edge
  drain: for ever
providers:
  corp: {issuer: "https://login.example.com/", client_id: edge, client_secret: "${NOT_HERE}"}
store: {type: redis, redis: {addresses: ["redis:6379"], password: "${NOR_HERE}"}}
upstreams:
  app: {addresses: ["http://127.0.0.1:1"]}
routes:
  - {path: /, upstream: other}
`

func TestAPartOfTheFileIsReadWhateverIsWrongElsewhere(t *testing.T) {
	for _, tt := range []struct {
		what, old, new string
		needed         []string
		wrong          string // in the message; empty: it is read
	}{
		{"nothing of what is wrong is needed", "", "", []string{"server.data_dir", "providers.*.issuer"}, ""},
		{"a value is wrong", "", "", []string{"server.drain"}, "server.drain"},
		{"a part of a value is wrong", "", "", []string{"store"}, "NOR_HERE"},
		{"one of several is wrong", "https://login", "ftp://login", []string{"providers.*.issuer"}, "issuer"},
		{"something around it is wrong", "providers:\n  corp: {", "providers:\n  corp: no section\n  x: {", []string{"providers.*.issuer"}, "providers.corp"},
		{"the whole section is wrong", spoilt[:strings.Index(spoilt, "providers")], "server: []\n", []string{"server.data_dir"}, "server"},
		{"the value is written twice", "  drain", "  data_dir: /srv/other\n  drain", []string{"server.data_dir"}, "data_dir"},
		{"the file is no YAML", "routes:", "routes: [", []string{"server.data_dir"}, "YAML"},
	} {
		path := filepath.Join(t.TempDir(), "edge.yaml")
		write(t, path, strings.Replace(spoilt, tt.old, tt.new, 1))
		c, err := config.LoadPart(path, func(string) (string, bool) { return "", false }, tt.needed...)
		var mistakes *config.Errors
		switch {
		case tt.wrong == "" && (err != nil || c.Server.DataDir != "/srv/edge" || c.Providers[0].Issuer != "https://login.example.com/"):
			t.Errorf("%s: %v, %+v", tt.what, err, c)
		case tt.wrong != "" && (!errors.As(err, &mistakes) || len(mistakes.List) != 1 || !strings.Contains(mistakes.List[0].Message, tt.wrong)):
			t.Errorf("%s: %v; want one mistake, about %s", tt.what, err, tt.wrong)
		}
	}
	if _, err := config.LoadPart(filepath.Join(t.TempDir(), "none"), nil, "store"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
}
