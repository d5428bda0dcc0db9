package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/edgeauth/edgeauth/admin/client"
	"github.com/edgeauth/edgeauth/admin/edgeauthv1"
)

func TestLG01WhateverAnEdgeAnswersATerminalIsToldNothingByIt(t *testing.T) {
	const evil = "\x1b]0;owned\x07\u202e\u009b2J\r\nnext\tcell"
	s := &edgeauthv1.Session{Name: evil, Subject: &edgeauthv1.Subject{Sub: evil, Issuer: evil}, Provider: evil, Host: evil, Level: evil, UnprovenLevel: evil, Reasons: []string{evil}, Username: evil, DisplayName: evil,
		Email: evil, Program: &edgeauthv1.Program{Browser: evil, Os: evil}, Place: &edgeauthv1.Place{City: evil, Prefix: evil, Network: evil}, Acr: evil, Amr: []string{evil}}
	var list, one bytes.Buffer
	if err := listTable(&list, &edgeauthv1.ListSessionsResponse{Sessions: []*edgeauthv1.Session{s}}); err != nil {
		t.Fatal(err)
	}
	if err := showTable(&one, s); err != nil {
		t.Fatal(err)
	}
	for what, text := range map[string]string{"list": list.String(), "show": one.String(), "an error": client.Said(errors.New(evil)).Error()} {
		if strings.ContainsAny(text, "\x1b\x07\r\t\u202e\u009b") || strings.Contains(text, "\nnext") || !strings.Contains(text, "owned") {
			t.Errorf("%s: %q", what, text)
		}
	}
}

func TestTheTableShowsTheLevelOfALoginAndWhatIsLeftToProve(t *testing.T) {
	for _, c := range []struct{ level, unproven, want string }{
		{"normal", "", "normal"},
		{"high", "high", "high, not proven"},
		{"normal", "high", "normal; high, not proven"},
	} {
		if got := levelOf(&edgeauthv1.Session{Level: c.level, UnprovenLevel: c.unproven}); got != c.want {
			t.Errorf("level %q, unproven %q: %q, want %q", c.level, c.unproven, got, c.want)
		}
	}
}
