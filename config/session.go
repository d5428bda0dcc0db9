package config

import "time"

// Session is how long people stay logged in.
type Session struct {
	Lifetime       time.Duration `yaml:"lifetime" default:"8h" min:"1s" max:"720h" doc:"How long a login lasts at most."`
	Idle           time.Duration `yaml:"idle" default:"30m" min:"1s" max:"720h" doc:"How long a session lasts without a request. At most lifetime."`
	DeviceLifetime time.Duration `yaml:"device_lifetime" default:"4320h" min:"1h" max:"9600h" doc:"How long the device cookie lasts. It names the browser in the revocation log and in the history of logins. Browsers keep no cookie longer than 400 days."`
	MaxExchanges   int           `yaml:"max_exchanges" default:"100" min:"1" max:"100000" doc:"How many WebSockets, event streams and gRPC calls one login may have open on one edge at a time. More are answered with 429."`
	KeysFile       string        `yaml:"keys_file" format:"path" derived:"keys.json in data_dir" doc:"The key ring that seals sessions (edgeauth keys new). Every edge of one service needs the same. Another path needs a restart."`
}
