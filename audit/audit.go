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

	Assessed              Name = "login_assessed" // what a login, or a change within a session, looked like
	LevelRaised           Name = "level_raised"   // a floor was written to the log
	StepUpAsked           Name = "step_up_asked"
	StepUpProven          Name = "step_up_proven"
	StepUpRefused         Name = "step_up_refused"
	AccessBlocked         Name = "access_blocked"         // a route is closed until more is proven
	AuthenticatorEnrolled Name = "authenticator_enrolled" // during a step-up, and proves nothing against what raised it
)

// Names returns every event, in the order in which they are declared.
func Names() []Name {
	return []Name{
		LoginStarted, LoginSucceeded, LoginRefused, SessionReplaced, Logout, BackchannelOK, BackchannelBad,
		RevocationMade, AccessDenied, TwoCookies, LogReseeded, LogBegun, LogGap, ConfigReloaded, ConfigRefused,
		KeysReloaded, ReplayRefused, LoopBroken, OutboxDelivered, EntryUnreadable, Assessed, LevelRaised, StepUpAsked, StepUpProven, StepUpRefused, AccessBlocked,
		AuthenticatorEnrolled,
	}
}

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
	Level     string // that something was raised to, or that was proven
	Score     string // of an assessment
	Terms     string // of that score, each as "code +points", the greatest first
	Unknown   string // what an assessment could not tell
	Detail    string
}

// Log writes events. Its zero value is not usable; see New.
type Log struct {
	logger  *slog.Logger
	observe func(Event)
	now     func() time.Time
}

// New returns a Log that writes to logger and calls observe (may be nil) for each event, for metrics.
func New(logger *slog.Logger, observe func(Event), now func() time.Time) *Log {
	if observe == nil {
		observe = func(Event) {}
	}
	return &Log{logger: logger, observe: observe, now: now}
}

// Write records one event, whatever level the logger is set to: who turns the log down does not turn off the security
// record. It never blocks on anything but the logger's handler.
func (l *Log) Write(ctx context.Context, e Event) {
	l.observe(e)
	at := l.now().UTC()
	record := slog.NewRecord(at, slog.LevelInfo, "audit", 0)
	record.AddAttrs(slog.String("event", string(e.Name)), slog.Time("at", at))
	for _, f := range e.fields() {
		if f.value != "" {
			record.AddAttrs(slog.String(f.key, Text(f.value, maxText)))
		}
	}
	_ = l.logger.Handler().Handle(ctx, record) // as slog does: a log that can't be written has nowhere to say so
}

// maxText bounds a value in bytes: events carry what strangers sent.
const maxText = 512

type field struct{ key, value string }

// fields names the values as docs/audit.md describes them.
func (e *Event) fields() [15]field {
	return [...]field{
		{"issuer", e.Subject.Issuer}, {"sub", e.Subject.Sub}, {"session", e.Session}, {"provider", e.Provider},
		{"client", e.Client}, {"request_id", e.RequestID}, {"host", e.Host}, {"reason", e.Reason}, {"actor", e.Actor},
		{"delivery", e.Delivery}, {"security_level", e.Level}, {"score", e.Score}, {"terms", e.Terms}, {"unknown", e.Unknown}, {"detail", e.Detail},
	}
}
