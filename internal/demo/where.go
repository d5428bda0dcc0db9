package demo

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/edgeauth/edgeauth/internal/demo/carrier"
	"github.com/edgeauth/edgeauth/internal/demo/places"
)

// where is the place that a request seems to come from, and those that can be chosen instead.
type where struct {
	City, Addr, Network string
	Home                string // where travels begin
	Cities              []choice
	Attribution, Source string
}

// choice is a city on a button.
type choice struct {
	ID, Name, Offset string
	Here             bool
}

// whereOf finds the place of a client's address. Whoever has no address of the demo's places is not offered any.
func whereOf(client string, now time.Time) *where {
	addr, err := netip.ParseAddr(client)
	if err != nil {
		return nil
	}
	here, network, known := places.At(addr)
	if !known {
		return nil
	}
	w := &where{City: here.Name, Addr: client, Network: fmt.Sprintf("%s (AS%d)", network.Carrier, network.ASN),
		Attribution: places.Attribution, Source: places.AttributionURL}
	for _, city := range places.Cities() {
		if city.ID == carrier.Home {
			w.Home = city.Name
		}
		w.Cities = append(w.Cities, choice{city.ID, city.Name, offset(city.Zone, now), city.ID == here.ID})
	}
	return w
}

// offset is how far a zone is from UTC now; empty where this machine does not know the zone.
func offset(zone string, now time.Time) string {
	at, err := time.LoadLocation(zone)
	if err != nil {
		return ""
	}
	_, seconds := now.In(at).Zone()
	sign := "+"
	if seconds < 0 {
		sign, seconds = "−", -seconds
	}
	if minutes := seconds / 60 % 60; minutes != 0 {
		return fmt.Sprintf("UTC%s%d:%02d", sign, seconds/3600, minutes)
	}
	return fmt.Sprintf("UTC%s%d", sign, seconds/3600)
}
