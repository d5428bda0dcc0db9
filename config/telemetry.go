package config

import (
	"log/slog"
	"net/url"
	"time"
)

// Admin is the listener for health checks and metrics, and that of the governance API.
type Admin struct {
	Listen string `yaml:"listen" default:"127.0.0.1:9090" format:"listen" doc:"Address and port of the console (/), /healthz, /readyz and /metrics. Keep it where only you reach it. Empty: off. Needs a restart."`
	API    API    `yaml:"api" doc:"The governance API: sessions looked at and ended, levels raised, events followed, over gRPC and REST. Off by default. See docs/api.md."`
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
	Audit     Audit      `yaml:"audit" doc:"Where audit events go beside the log. See docs/audit.md."`
}

// Audit is where audit events go beside the log.
type Audit struct {
	Webhook Webhook `yaml:"webhook" doc:"An address that events are sent to."`
}

// Webhook is an address that events are sent to. Its URL is a secret because many receivers know their senders by it.
type Webhook struct {
	URL            Secret        `yaml:"url" format:"webhook" doc:"Where events are sent (POST, JSON). It may hold a token in its path or query: it is shown nowhere but for scheme, host and port. Empty: nowhere."`
	Secret         Secret        `yaml:"secret" doc:"What requests are signed with, so that the receiver knows them, 16 bytes or more; better ${NAME} or ${file:/path} than the secret itself. Either this or secret_file."`
	SecretFile     string        `yaml:"secret_file" format:"path" doc:"File that holds the secret. Newlines at its end do not count."`
	CAFile         string        `yaml:"ca_file" format:"file" doc:"PEM file with the roots to trust when speaking to the receiver, instead of the system's."`
	Timeout        time.Duration `yaml:"timeout" default:"10s" min:"1s" max:"1m" doc:"How long one attempt may take."`
	Queue          int           `yaml:"queue" default:"10000" min:"1" max:"1000000" doc:"How many events may wait, in memory. When there are more, the oldest is dropped; the log has it."`
	RetryFor       time.Duration `yaml:"retry_for" default:"24h" min:"0s" max:"30d" doc:"How long events that the receiver does not take are sent again. 0s: they are sent once."`
	AllowPlainHTTP bool          `yaml:"allow_plain_http" default:"false" doc:"Whether url may be plain http where it is not loopback. Events name people and their addresses."`
	Events         []string      `yaml:"events" default:"[]" doc:"Which events are sent, by name. Empty: all. docs/audit.md lists them."`
}

// Address is the URL; nil where there is none.
func (w Webhook) Address() *url.URL {
	if w.URL.IsZero() {
		return nil
	}
	u, err := url.Parse(w.URL.Reveal())
	if err != nil {
		return nil // a validated one parses
	}
	return u
}
