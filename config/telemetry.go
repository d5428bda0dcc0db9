package config

import "log/slog"

// Admin is the listener for health checks and metrics.
type Admin struct {
	Listen string `yaml:"listen" default:"127.0.0.1:9090" format:"listen" doc:"Address and port of /healthz, /readyz and /metrics. Keep it where only you reach it. Empty: off. Needs a restart."`
}

// LogFormat is the form of log lines.
type LogFormat string

// The log formats.
const (
	LogJSON LogFormat = "json"
	LogText LogFormat = "text"
)

// Telemetry is what edgeauth says of itself.
type Telemetry struct {
	LogLevel  slog.Level `yaml:"log_level" default:"info" enum:"debug,info,warn,error" doc:"The least severe messages that are written."`
	LogFormat LogFormat  `yaml:"log_format" default:"json" enum:"json,text" doc:"The form of log lines. Needs a restart."`
}
