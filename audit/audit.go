// Package audit is the closed vocabulary of security events: what happened, to whom, by whom and why. It writes one
// JSON line per event and knows neither HTTP nor any store.
package audit

import (
	"context"
	"log/slog"
	"time"

	"github.com/edgeauth/edgeauth/identity"
)

// Name is what happened.
type Name string

// The events.
const (
	LoginStarted    Name = "login_started"
	LoginSucceeded  Name = "login_succeeded"
	LoginRefused    Name = "login_refused"
	SessionReplaced Name = "session_replaced" // a new login in a browser ended the session that was there
	Logout          Name = "logout"
	BackchannelOK   Name = "backchannel_logout"
	BackchannelBad  Name = "backchannel_logout_refused"
	RevocationMade  Name = "revocation"
	AccessDenied    Name = "access_denied"
	TwoCookies      Name = "two_session_cookies"
	LogReseeded     Name = "log_reseeded"
	LogBegun        Name = "log_begun"
	LogGap          Name = "log_gap" // entries were lost or trimmed; a shard was loaded anew
	ConfigReloaded  Name = "config_reloaded"
	ConfigRefused   Name = "config_refused"
	KeysReloaded    Name = "keys_reloaded"
	ReplayRefused   Name = "replay_refused"
	LoopBroken      Name = "login_loop_broken"
	OutboxDelivered Name = "outbox_delivered"
	EntryUnreadable Name = "log_entry_unreadable"
)

// Event is one security event. Zero fields are left out. Session is the family's name, which opens nothing.
type Event struct {
	Name      Name
	Subject   identity.Subject
	Session   string
	Provider  string
	Client    string // address
	RequestID string
	Host      string
	Reason    string
	Actor     string
	Delivery  string
	Detail    string
}

// Log writes events. Its zero value is not usable; see New.
type Log struct {
	logger *slog.Logger
	count  func(Name)
	now    func() time.Time
}

// New returns a Log that writes to logger and calls count (may be nil) for each event.
func New(logger *slog.Logger, count func(Name), now func() time.Time) *Log {
	if count == nil {
		count = func(Name) {}
	}
	return &Log{logger: logger, count: count, now: now}
}

// Write records one event. It never blocks on anything but the logger.
func (l *Log) Write(ctx context.Context, e Event) {
	l.count(e.Name)
	attrs := []slog.Attr{slog.String("event", string(e.Name)), slog.Time("at", l.now().UTC())}
	add := func(key, value string) {
		if value != "" {
			attrs = append(attrs, slog.String(key, clip(value)))
		}
	}
	add("issuer", e.Subject.Issuer)
	add("sub", e.Subject.Sub)
	add("session", e.Session)
	add("provider", e.Provider)
	add("client", e.Client)
	add("request_id", e.RequestID)
	add("host", e.Host)
	add("reason", e.Reason)
	add("actor", e.Actor)
	add("delivery", e.Delivery)
	add("detail", e.Detail)
	l.logger.LogAttrs(ctx, slog.LevelInfo, "audit", attrs...)
}

// maxAttr bounds a value in bytes: events carry what strangers sent.
const maxAttr = 512

func clip(s string) string {
	if len(s) <= maxAttr {
		return s
	}
	return s[:maxAttr] + "…"
}
