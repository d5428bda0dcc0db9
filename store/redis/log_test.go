package redis_test

import (
	"bytes"
	"flag"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/edgeauth/edgeauth/internal/leak"
	"github.com/edgeauth/edgeauth/store/redis"
)

// TestMain sends what go-redis says to a buffer: its logger is one for the process, as in cmd/edgeauth.
func TestMain(m *testing.M) {
	redis.LogTo(slog.New(slog.NewTextHandler(&libraryLog, &slog.HandlerOptions{Level: slog.LevelDebug})))
	// The tests that run in parallel wait for clusters to notice what happened; they need no processor for it.
	flag.Parse()
	if err := flag.Set("test.parallel", "8"); err != nil {
		panic(err)
	}
	leak.Verify(m)
}

// libraryLog is what go-redis said in all tests of the package.
var libraryLog buffer

type buffer struct {
	mu sync.Mutex // guards b
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func TestRS05WhatTheLibrarySaysGoesToOurLogWithoutThePassword(t *testing.T) {
	s := open(t, redis.Options{Addresses: []string{"127.0.0.1:1"}, Username: "user", Password: text(password)})
	if _, _, err := s.Get(t.Context(), "k"); err == nil {
		t.Fatal("no error")
	}
	if said := libraryLog.String(); !strings.Contains(said, "127.0.0.1:1") || !strings.Contains(said, "level=DEBUG") {
		t.Errorf("the library said %q", said)
	}
	requireNoSecret(t, "the library", libraryLog.String())
}
