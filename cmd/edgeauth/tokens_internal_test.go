package main

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"
)

func TestThatAProviderCannotBeAskedAboutSessionsIsToldOnceAnHour(t *testing.T) {
	var said bytes.Buffer
	u := unasked{log: slog.New(slog.NewTextHandler(&said, nil)), told: map[string]time.Time{}}
	now := time.Now()
	for minute := range 90 {
		u.tell("corp", now.Add(time.Duration(minute)*time.Minute))
	}
	u.tell("other", now)
	if corp, other := strings.Count(said.String(), "provider=corp"), strings.Count(said.String(), "provider=other"); corp != 2 || other != 1 {
		t.Errorf("in an hour and a half it is told %d times of one provider and %d times of the other:\n%s", corp, other, &said)
	}
}
