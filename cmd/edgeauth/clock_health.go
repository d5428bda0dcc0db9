package main

import (
	"fmt"
	"time"

	"github.com/edgeauth/edgeauth/admin"
	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/revocation"
)

// checkClock is degraded before clocks of edges are so far apart that sessions of one are refused at another as issued in the future.
func (e *edge) checkClock() (admin.State, string) {
	if trouble := clockTrouble(e.fleet.Sightings()); trouble != "" {
		return admin.Degraded, trouble
	}
	return admin.Ready, ""
}

// present is how recently an edge must have told of itself for its clock to matter.
const present = time.Minute

// clockTrouble names the edge whose clock differs most from this one's, if by more than half of what is borne. This edge comes
// first among all; clocks are compared by way of the log's.
func clockTrouble(all []revocation.Sighting) string {
	if len(all) == 0 || !all[0].Self {
		return ""
	}
	var worst time.Duration
	var whose revocation.Origin
	for _, s := range all[1:] {
		if ahead := all[0].Clock - s.Clock; s.Heard < present && ahead.Abs() > worst.Abs() {
			worst, whose = ahead, s.Origin
		}
	}
	if worst.Abs() <= identity.MaxClockSkew/2 {
		return ""
	}
	way := "ahead of"
	if worst < 0 {
		way = "behind"
	}
	return fmt.Sprintf("this edge's clock is %s %s that of edge %s; past %s sessions of the one ahead are refused at the other (verdict from_the_future). Does the time service work on both?",
		worst.Abs().Round(time.Second), way, whose.Name(), identity.MaxClockSkew)
}
