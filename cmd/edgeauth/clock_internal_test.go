package main

import (
	"strings"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/revocation"
)

func TestClocksOfEdgesThatAreFarApartAreTold(t *testing.T) {
	seen := func(name string, self bool, clock, heard time.Duration) revocation.Sighting {
		return revocation.Sighting{Origin: revocation.NewOrigin(name), Self: self, Clock: clock, Heard: heard}
	}
	for name, row := range map[string]struct {
		all  []revocation.Sighting
		says string // empty: nothing
	}{
		"nobody is known":             {nil, ""},
		"this edge is not yet known":  {[]revocation.Sighting{seen("b", false, time.Hour, 0)}, ""},
		"alone, and unlike the log's": {[]revocation.Sighting{seen("a", true, time.Hour, 0)}, ""},
		"a little apart":              {[]revocation.Sighting{seen("a", true, 20*time.Second, 0), seen("b", false, -9*time.Second, 0)}, ""},
		"both unlike the log's":       {[]revocation.Sighting{seen("a", true, time.Hour, 0), seen("b", false, time.Hour, 0)}, ""},
		"ahead":                       {[]revocation.Sighting{seen("a", true, 5*time.Minute, 0), seen("b", false, 0, 0)}, "5m0s ahead of that of edge b;"},
		"behind":                      {[]revocation.Sighting{seen("a", true, -31*time.Second, 0), seen("b", false, 0, 0)}, "31s behind that of edge b;"},
		"the worst of several":        {[]revocation.Sighting{seen("a", true, 0, 0), seen("b", false, 40*time.Second, 0), seen("c", false, -3*time.Minute, 0)}, "3m0s ahead of that of edge c;"},
		"one that has fallen silent":  {[]revocation.Sighting{seen("a", true, 0, 0), seen("b", false, time.Hour, 2*time.Minute)}, ""},
	} {
		if got := clockTrouble(row.all); (got == "") != (row.says == "") || !strings.Contains(got, row.says) {
			t.Errorf("%s: said %q, want %q", name, got, row.says)
		}
	}
}
