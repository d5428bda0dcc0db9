package redis_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/internal/redistest"
	"github.com/edgeauth/edgeauth/store/redis"
)

const password = "hunter2-hunter2"

// requireNoSecret fails the test if a text shows the password or a stored value.
func requireNoSecret(t *testing.T, what, text string) {
	t.Helper()
	for _, secret := range []string{password, "stored value"} {
		if strings.Contains(text, secret) {
			t.Errorf("%s shows %q: %s", what, secret, text)
		}
	}
}

func TestRS05NoErrorShowsThePassword(t *testing.T) {
	real := redistest.Start(t, redistest.WithPassword("another one"))
	old := startFake(t, func(command []string) string {
		return "-ERR unknown command '" + command[0] + "', with args beginning with: '" + strings.Join(command[1:], "' '") + "'\r\n"
	})
	echo := startFake(t, func(command []string) string { return "-ERR " + strings.Join(command, " ") + "\r\n" })
	for name, o := range map[string]redis.Options{
		"wrong host":                {Addresses: []string{"127.0.0.1:1"}},
		"host that does not exist":  {Addresses: []string{"redis.invalid:6379"}},
		"wrong password":            {Addresses: []string{real.Addr()}},
		"wrong user":                {Addresses: []string{real.Addr()}, Username: "user"},
		"server that repeats words": {Addresses: []string{old.addr()}, Username: "user"},
		"server that repeats all":   {Addresses: []string{echo.addr()}},
		"sentinels":                 {Addresses: []string{"127.0.0.1:1"}, MasterName: "mymaster", SentinelPassword: text(password)},
		"cluster":                   {Addresses: []string{"127.0.0.1:1"}, Cluster: true},
	} {
		t.Run(name, func(t *testing.T) {
			o.Password = text(password)
			s := open(t, o)
			for range 2 {
				err := s.Put(t.Context(), "k", []byte("stored value"), time.Minute)
				if err == nil {
					t.Fatal("no error")
				}
				for e := err; e != nil; e = errors.Unwrap(e) {
					requireNoSecret(t, "the error", fmt.Sprintf("%v %+v %q", e, e, e))
				}
			}
			_, detail := s.Status()
			requireNoSecret(t, "the status", detail)
		})
	}
}

func TestOptionsPrintWithoutSecretsUnderEveryVerb(t *testing.T) {
	for _, o := range []redis.Options{
		{Addresses: []string{"a:1"}, Username: "user", Password: text(password)},
		{Addresses: []string{"a:1", "b:1"}, MasterName: "m", Password: text(password), SentinelPassword: text(password)},
		{Addresses: []string{"a:1"}, Cluster: true, Password: text(password)},
	} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%p", "%T"} {
			requireNoSecret(t, verb, fmt.Sprintf(verb, o)+fmt.Sprintf(verb, &o)+fmt.Sprintf(verb, []any{o}))
		}
		var log bytes.Buffer
		slog.New(slog.NewTextHandler(&log, nil)).Info("x", "o", o)
		slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "o", o)
		requireNoSecret(t, "slog", log.String())
		//lint:ignore SA1026 whoever tries it gets an error or nothing secret
		if b, err := json.Marshal(o); err == nil {
			requireNoSecret(t, "JSON", string(b))
		}
		if !strings.Contains(o.String(), "a:1") {
			t.Errorf("%s does not say where", o)
		}
	}
}

func TestOptionsThatCantWorkAreRefusedAtOnce(t *testing.T) {
	for name, o := range map[string]redis.Options{
		"no address":                    {},
		"several addresses of what":     {Addresses: []string{"a:1", "b:1"}},
		"a cluster with Sentinels":      {Addresses: []string{"a:1"}, Cluster: true, MasterName: "m"},
		"a cluster with a database":     {Addresses: []string{"a:1"}, Cluster: true, DB: 1},
		"a prefix that hides hash tags": {Addresses: []string{"a:1"}, Prefix: "{x}"},
		"a negative limit":              {Addresses: []string{"a:1"}, Command: -1},
	} {
		if _, err := redis.New(o); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
