package config

import "time"

// RiskMode is what becomes of assessments.
type RiskMode string

// The modes.
const (
	RiskEnforce RiskMode = "enforce"
	RiskObserve RiskMode = "observe"
	RiskOff     RiskMode = "off"
)

// Risk is how logins, and requests that come from elsewhere than their session's login did, are assessed.
type Risk struct {
	Mode       RiskMode           `yaml:"mode" default:"enforce" enum:"enforce,observe,off" doc:"enforce: what looks wrong raises the level of all sessions of its person. observe: it is assessed and recorded, and nothing else happens. off: nothing is assessed or remembered."`
	Places     Places             `yaml:"places" doc:"MMDB files that say where an address is: GeoIP2's layout or the flat one of ip-location-db. They are read again when they change. Without them places are unknown, and no rule about places acts."`
	Networks   Networks           `yaml:"networks" doc:"Lists of networks, one address, prefix or AS number on each line, # begins a comment. They are read again when they change."`
	TimeZones  TimeZones          `yaml:"time_zones" doc:"Someone seen in too many time zones at once is several people. Zones are distinct if their clocks show different times."`
	Travel     Travel             `yaml:"travel" doc:"Nobody is faster than an airliner."`
	Thresholds map[string]float64 `yaml:"thresholds" default:"{}" doc:"Least score for a level, as in {elevated: 1, high: 5}; those that are not given are as shipped."`
	Weights    map[string]float64 `yaml:"weights" default:"{}" min:"0" max:"10" doc:"How much a comparison counts, as in {country: 0.5, hour: 0}; those that are not given are as shipped. docs/risk.md lists them."`
	Points     map[string]float64 `yaml:"points" default:"{}" min:"-100" max:"100" doc:"What a rule adds to the score, as in {new_tor: 3}: below 0 for what speaks for the person, above 0 for all else, 0 turns the points off; those that are not given are as shipped. docs/risk.md lists them."`
	Learning   Learning           `yaml:"learning" doc:"How long a person is too little known for the score to act. The rules about time zones and travel act from the first day."`
	Exceptions []RiskException    `yaml:"exceptions" default:"[]" doc:"What holds for some people in place of the general rules. Each that fits counts."`
}

// Places are databases of places and networks.
type Places struct {
	City    []string `yaml:"city" default:"[]" format:"path" doc:"Files with cities and coordinates. Of several the first that knows an address counts; fields that it lacks come from the next."`
	Country []string `yaml:"country" default:"[]" format:"path" doc:"Files with countries."`
	ASN     []string `yaml:"asn" default:"[]" format:"path" doc:"Files with autonomous systems."`
}

// Networks are lists of networks.
type Networks struct {
	Hosting []string `yaml:"hosting" default:"[]" format:"path" doc:"Data centres, VPNs and proxies."`
	Tor     []string `yaml:"tor" default:"[]" format:"path" doc:"Exits of Tor."`
	Egress  []string `yaml:"egress" default:"[]" format:"path" doc:"One's own organisation's way to the Internet, and carriers whose place says nothing: no rule about places or travel holds for them."`
}

// TimeZones is a rule about time zones.
type TimeZones struct {
	Count  int           `yaml:"count" default:"3" min:"0" max:"24" doc:"How many distinct zones are too many. 0: the rule is off."`
	Within time.Duration `yaml:"within" default:"1h" min:"1m" max:"24h" doc:"Within which time."`
	Level  string        `yaml:"level" derived:"the name of levels.high" doc:"The level that it asks for."`
}

// Travel is a rule about speed.
type Travel struct {
	MinDistance int    `yaml:"min_distance_km" default:"500" min:"0" max:"20000" doc:"How far apart two places must be, beyond what the databases leave open."`
	MaxSpeed    int    `yaml:"max_speed_kmh" default:"1000" min:"0" max:"100000" doc:"How fast nobody travels. 0: the rule is off."`
	HalfFrom    int    `yaml:"half_from_kmh" default:"805" min:"0" max:"100000" doc:"From which speed on half the points are added, without asking for a level."`
	Level       string `yaml:"level" derived:"the name of levels.elevated" doc:"The level that it asks for; empty: none, it adds to the score only."`
}

// Learning is the time in which a person is too little known.
type Learning struct {
	Logins int `yaml:"logins" default:"5" min:"0" max:"50" doc:"It ends with so many logins,"`
	Days   int `yaml:"days" default:"30" min:"0" max:"180" doc:"or so many days after the first. 0: only the logins count."`
}

// RiskException is what holds for some people.
type RiskException struct {
	Provider   string             `yaml:"provider" doc:"People of this provider. Empty: of any."`
	Groups     []string           `yaml:"groups" default:"[]" doc:"Members of one of these groups. Empty: anybody. Sessions from before a group is named here do not carry it: when one moves, the exception does not hold for it."`
	Exempt     []string           `yaml:"exempt" default:"[]" doc:"Reasons that do not count for them, as in [new_hosting]. docs/risk.md lists them."`
	Thresholds map[string]float64 `yaml:"thresholds" default:"{}" doc:"Least score for a level, in place of the general one."`
}
