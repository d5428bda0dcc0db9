package main

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/config"
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

func TestASessionIsAskedAboutOnTheTermsOfItsOwnClient(t *testing.T) {
	tree := &tree{cfg: &config.Config{Providers: []config.Provider{
		{Name: "blog", Issuer: "https://id", ClientID: "blog"},
		{Name: "shop", Issuer: "https://id", ClientID: "shop", RevalidateEvery: time.Hour},
		{Name: "admin", Issuer: "https://id", ClientID: "admin", RevalidateEvery: time.Minute},
		{Name: "other", Issuer: "https://other", ClientID: "admin", RevalidateEvery: time.Second},
	}}}
	for client, want := range map[string]string{"blog": "blog", "shop": "shop", "admin": "admin", "": "admin", "gone": ""} {
		if got, ok := tree.terms("https://id", client); got.Name != want || ok != (want != "") {
			t.Errorf("the terms of client %q are those of %q, %v", client, got.Name, ok)
		}
	}
}
