package policy

// The reasons of assessments: of terms, of rules that ask for a level, and of what is unknown.
const (
	ScoreReached Reason = "score"    // the score reached a level's threshold
	Learning     Reason = "learning" // it did, but the subject is new: the score does not act yet

	TimeZones        Reason = "time_zones"        // too many time zones within too short a time
	ImpossibleTravel Reason = "impossible_travel" // too far in too short a time

	NewTor            Reason = "new_tor"            // from a Tor exit, and never before
	NewHosting        Reason = "new_hosting"        // from a data centre, VPN or proxy, and never before from that network
	ClientContradicts Reason = "client_contradicts" // the hello or the client hints do not fit the User-Agent
	Rekeyed           Reason = "rekeyed"            // a known device whose key was made anew
	SubjectFailures   Reason = "subject_failures"   // many logins of the subject failed lately
	NetworkFailures   Reason = "network_failures"   // many from the same prefix
	ASNFailures       Reason = "asn_failures"       // many from the same autonomous system

	NewCountry        Reason = "new_country" // never seen of the subject
	KnownCountry      Reason = "known_country"
	NewASN            Reason = "new_asn" // within a country that was
	KnownASN          Reason = "known_asn"
	NewPrefix         Reason = "new_prefix" // within an autonomous system that was
	KnownPrefix       Reason = "known_prefix"
	NewAddress        Reason = "new_address" // within a prefix that was
	KnownAddress      Reason = "known_address"
	NewKind           Reason = "new_kind" // of client: desktop, mobile, …
	KnownKind         Reason = "known_kind"
	NewOS             Reason = "new_os" // on a kind of client that was seen
	KnownOS           Reason = "known_os"
	NewBrowser        Reason = "new_browser" // on an operating system that was seen
	KnownBrowser      Reason = "known_browser"
	NewVersion        Reason = "new_version" // of a browser that was seen
	KnownVersion      Reason = "known_version"
	NewAgent          Reason = "new_agent" // the User-Agent line, of a version that was seen
	KnownAgent        Reason = "known_agent"
	NewJA4            Reason = "new_ja4"
	KnownJA4          Reason = "known_ja4"
	NewDevice         Reason = "new_device" // no device cookie of a device that was seen
	KnownDevice       Reason = "known_device"
	UnusualHour       Reason = "unusual_hour"
	UsualHour         Reason = "usual_hour"
	LongKnownDevice   Reason = "long_known_device"
	PhishingResistant Reason = "phishing_resistant" // authenticated so, and not for the first time
	LoweringCapped    Reason = "lowering_capped"    // takes back what the lowering terms lowered too much

	HistoryUnread     Reason = "history_unread" // the history could not be read
	ClockAhead        Reason = "clock_ahead"    // a sighting is from the future
	CountryUnknown    Reason = "country_unknown"
	ASNUnknown        Reason = "asn_unknown"
	AddressUnknown    Reason = "address_unknown"
	ZoneUnknown       Reason = "zone_unknown"
	PlaceUnknown      Reason = "place_unknown"  // no coordinates
	ClientUnknown     Reason = "client_unknown" // kind, system or browser
	JA4Unknown        Reason = "ja4_unknown"
	DeviceUnknown     Reason = "device_unknown" // no sighting had a device cookie to compare with
	TimeUnknown       Reason = "time_unknown"
	HostingUnknown    Reason = "hosting_unknown" // no list tells of hosting networks; likewise the next two
	TorUnknown        Reason = "tor_unknown"
	EgressUnknown     Reason = "egress_unknown"
	FailuresUnknown   Reason = "failures_unknown"
	PopulationUnknown Reason = "population_unknown" // how common values are is not known: shipped guesses serve
)

// RiskReasons returns every reason that an assessment can name, in a fixed order.
func RiskReasons() []Reason {
	return []Reason{
		ScoreReached, Learning, TimeZones, ImpossibleTravel, NewTor, NewHosting, ClientContradicts, Rekeyed, SubjectFailures, NetworkFailures, ASNFailures,
		NewCountry, KnownCountry, NewASN, KnownASN, NewPrefix, KnownPrefix, NewAddress, KnownAddress, NewKind, KnownKind, NewOS, KnownOS,
		NewBrowser, KnownBrowser, NewVersion, KnownVersion, NewAgent, KnownAgent, NewJA4, KnownJA4, NewDevice, KnownDevice, UnusualHour, UsualHour,
		LongKnownDevice, PhishingResistant, LoweringCapped,
		HistoryUnread, ClockAhead, CountryUnknown, ASNUnknown, AddressUnknown, ZoneUnknown, PlaceUnknown, ClientUnknown, JA4Unknown, DeviceUnknown,
		TimeUnknown, HostingUnknown, TorUnknown, EgressUnknown, FailuresUnknown, PopulationUnknown,
	}
}

// Lowers reports whether the points of the reason speak for the person, and so are below 0.
func (r Reason) Lowers() bool { return r == LongKnownDevice || r == PhishingResistant }

// Exemptable reports whether an exception can leave the reason out. What only says how a level was come to, or what is not known,
// counts nothing that could be left out.
func (r Reason) Exemptable() bool {
	switch r {
	case ScoreReached, Learning, ClockAhead, CountryUnknown, ASNUnknown, AddressUnknown, ZoneUnknown, PlaceUnknown, ClientUnknown, JA4Unknown,
		DeviceUnknown, TimeUnknown, HostingUnknown, TorUnknown, EgressUnknown, FailuresUnknown, PopulationUnknown:
		return false
	}
	return true
}
