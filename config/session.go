package config

import "time"

// Session is how long people stay logged in.
type Session struct {
	Lifetime       time.Duration `yaml:"lifetime" default:"8h" min:"1s" max:"720h" doc:"How long a login lasts at most."`
	Idle           time.Duration `yaml:"idle" default:"30m" min:"1s" max:"720h" doc:"How long a session lasts without a request. At most lifetime."`
	DeviceLifetime time.Duration `yaml:"device_lifetime" default:"4320h" min:"1h" max:"9600h" doc:"How long the device cookie lasts. Today it only names the browser in the revocation log. Browsers keep no cookie longer than 400 days."`
	KeysFile       string        `yaml:"keys_file" format:"path" derived:"keys.json in data_dir" doc:"The key ring that seals sessions (edgeauth keys new). Every edge of one service needs the same. Another path needs a restart."`
}

// Past is what happens to requests once an edge's copy of the revocation log is older than a level allows.
type Past string

// The answers past the bound.
const (
	PastAllow Past = "allow"
	PastDeny  Past = "deny"
)

// Levels are the shipped security levels, weakest first. A stronger level never tolerates more than a weaker one.
type Levels struct {
	Normal   Level `yaml:"normal" default:"{max_staleness: 24h, past: allow}" doc:"The level of an ordinary login."`
	Elevated Level `yaml:"elevated" default:"{max_staleness: 60s, past: deny}" doc:"Reserved for step-up: the level of a login that looked unusual."`
	High     Level `yaml:"high" default:"{max_staleness: 5s, past: deny}" doc:"Reserved for step-up: the level of a login that looked wrong."`
}

// Level is what one security level tolerates.
type Level struct {
	MaxStaleness time.Duration `yaml:"max_staleness" min:"1s" max:"720h" doc:"How old this edge's copy of the revocation log may be."`
	Past         Past          `yaml:"past" enum:"allow,deny" doc:"What happens to requests past that age: allow, or deny (503 until the log is read again; nobody is logged out)."`
}
