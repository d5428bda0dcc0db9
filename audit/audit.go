// Package audit is the closed vocabulary of security events: what happened, to whom, by whom and why. It writes one
// JSON line per event, which docs/audit.schema.json describes, and reads it again. It knows neither HTTP nor any store.
package audit

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"log/slog"
	"time"
)

//go:generate go run ./internal/generate

// Name is what happened.
type Name string

// The events.
const (
	LoginStarted     Name = "login_started"
	LoginSucceeded   Name = "login_succeeded"
	LoginRefused     Name = "login_refused"
	SessionReplaced  Name = "session_replaced" // a new login in a browser ended the session that was there
	Logout           Name = "logout"
	LogoutEverywhere Name = "logout_everywhere" // somebody ended all that they have
	SessionEnded     Name = "session_ended"     // somebody ended another session of theirs
	BackchannelOK    Name = "backchannel_logout"
	BackchannelBad   Name = "backchannel_logout_refused"
	RevocationMade   Name = "revocation"
	RefreshRefused   Name = "refresh_refused" // the provider no longer takes a session's refresh token, which ended the session
	TokensRevoked    Name = "tokens_revoked"  // the provider was told at a logout that they are no longer needed
	AccessDenied     Name = "access_denied"
	TwoCookies       Name = "two_session_cookies"
	LogReseeded      Name = "log_reseeded"
	LogBegun         Name = "log_begun"
	LogGap           Name = "log_gap"       // entries were lost or trimmed; a shard was loaded anew
	LogFromDisk      Name = "log_from_disk" // the store was away at the start; a copy on disk counts until it is back
	ConfigReloaded   Name = "config_reloaded"
	ConfigRefused    Name = "config_refused"
	KeysReloaded     Name = "keys_reloaded"
	ReplayRefused    Name = "replay_refused"
	LoopBroken       Name = "login_loop_broken"
	OutboxDelivered  Name = "outbox_delivered"
	EntryUnreadable  Name = "log_entry_unreadable"

	Assessed              Name = "login_assessed" // what a login, or a change within a session, looked like
	LevelRaised           Name = "level_raised"   // a floor was written to the log
	StepUpAsked           Name = "step_up_asked"
	StepUpProven          Name = "step_up_proven"
	StepUpRefused         Name = "step_up_refused"
	AccessBlocked         Name = "access_blocked"         // a route is closed until more is proven
	AuthenticatorEnrolled Name = "authenticator_enrolled" // during a step-up, and proves nothing against what raised it
	HistoryForgotten      Name = "history_forgotten"      // an operator erased what was remembered of a person's logins
	ExchangeCut           Name = "exchange_cut"           // a WebSocket, stream or long answer ended with what had admitted it
	DryRunDifference      Name = "dry_run_difference"     // the candidate of dry_run would have answered otherwise
	APICalled             Name = "api_called"             // somebody whom the governance API knows called it
	APIRefused            Name = "api_refused"            // a call to the governance API by somebody unknown, or who may not
)

// Names returns every event, in the order in which they are declared.
func Names() []Name {
	return []Name{
		LoginStarted, LoginSucceeded, LoginRefused, SessionReplaced, Logout, LogoutEverywhere, SessionEnded, BackchannelOK, BackchannelBad,
		RevocationMade, RefreshRefused, TokensRevoked, AccessDenied, TwoCookies, LogReseeded, LogBegun, LogGap, LogFromDisk, ConfigReloaded, ConfigRefused,
		KeysReloaded, ReplayRefused, LoopBroken, OutboxDelivered, EntryUnreadable,
		Assessed, LevelRaised, StepUpAsked, StepUpProven, StepUpRefused, AccessBlocked, AuthenticatorEnrolled, HistoryForgotten,
		ExchangeCut, DryRunDifference, APICalled, APIRefused,
	}
}

// Log writes events. Its zero value is not usable; see New.
type Log struct {
	logger  *slog.Logger
	observe func(Event)
	now     func() time.Time
}

// New returns a Log that writes to logger and calls observe (may be nil) with each event, which has its ID and time by
// then, for metrics and for whoever else wants events. Observe must not block.
func New(logger *slog.Logger, observe func(Event), now func() time.Time) *Log {
	if observe == nil {
		observe = func(Event) {}
	}
	return &Log{logger: logger, observe: observe, now: now}
}

// Write records one event, whatever level the logger is set to: who turns the log down does not turn off the security
// record. It gives the event an ID and a time, unless it has them. It never blocks on anything but the logger's handler
// and what observes.
func (l *Log) Write(ctx context.Context, e Event) {
	if e.ID == "" {
		e.ID = newID()
	}
	if e.At.IsZero() {
		e.At = l.now()
	}
	e.At = e.At.UTC()
	l.observe(e)
	record := slog.NewRecord(e.At, slog.LevelInfo, "audit", 0)
	record.AddAttrs(e.line().attrs()...)
	_ = l.logger.Handler().Handle(ctx, record) // as slog does: a log that can't be written has nowhere to say so
}

// newID returns 128 random bits in base64url, 22 characters.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}
