package config

import (
	"time"

	"github.com/edgeauth/edgeauth/identity"
)

// Past is what happens to requests once an edge's copy of the revocation log is older than a level allows.
type Past string

// The answers past the bound.
const (
	PastAllow     Past = "allow"
	PastDowngrade Past = "downgrade"
	PastDeny      Past = "deny"
)

// Pasts are the answers past the bound, the most lenient first.
func Pasts() []Past { return []Past{PastAllow, PastDowngrade, PastDeny} }

// Levels are the security levels, weakest first. A stronger level never tolerates more than a weaker one.
type Levels struct {
	Normal   Level `yaml:"normal" default:"{max_staleness: 24h, past: allow}" doc:"The level of an ordinary login."`
	Elevated Level `yaml:"elevated" default:"{lifetime: 1h, acr: [mfa, bio], amr: [otp, hwk], blocks: [sensitive], max_staleness: 60s, past: deny}" doc:"The level of a login that looked unusual."`
	High     Level `yaml:"high" default:"{lifetime: 15m, acr: [bio], amr: [hwk], blocks: [sensitive], max_staleness: 5s, past: deny}" doc:"The level of a login that looked wrong."`
}

// Level is what one security level means. Its proof is an acr and an amr: providers were seen to issue an acr to someone
// who had just enrolled an authenticator with a stolen password.
type Level struct {
	Name                  string        `yaml:"name" format:"level" derived:"the level's key" doc:"What the level is called everywhere: in routes, risk and expressions, headers and assertions, metrics and audit events. At most 32 lower-case letters, digits, - and _. Another name asks the sessions of that level to log in again; docs/step-up.md."`
	Lifetime              time.Duration `yaml:"lifetime" min:"1m" max:"720h" derived:"session.lifetime" doc:"How long a session at this level lasts at most. A session that the log raises to it, and that does not prove it, ends as long after that."`
	Idle                  time.Duration `yaml:"idle" min:"1m" max:"720h" derived:"that of the level below, at most lifetime; of normal session.idle" doc:"How long a session at this level lasts without a request; also one that the log raises to it, until it proves it."`
	ACR                   []string      `yaml:"acr" default:"[]" format:"acr" doc:"What proves the level: the provider's answer must hold one of these as its acr. All of them are asked for, the first as the preferred one. Empty: any acr."`
	AMR                   []string      `yaml:"amr" default:"[]" format:"acr" doc:"And one of these among its amr (RFC 8176: otp, hwk, ...). Empty: any. An acr alone proves little; see docs/step-up.md."`
	MaxAge                time.Duration `yaml:"max_age" default:"0s" min:"0s" max:"720h" doc:"And the person must have authenticated no longer ago. 0s: any time since the level was given."`
	AllowNewAuthenticator bool          `yaml:"allow_new_authenticator" default:"false" doc:"Whether an authenticator that was enrolled on the spot, after the level was raised, proves it all the same. Who stole a password can then enrol a fingerprint of their own."`
	Blocks                []string      `yaml:"blocks" default:"[]" format:"class" doc:"Classes of routes that are closed until the level is proven."`
	Hold                  time.Duration `yaml:"hold" default:"8h" min:"1m" max:"720h" doc:"How long a login that raised its person to this level is remembered against later logins of the same person. Sessions from before it must prove it for as long as they last."`
	MaxStaleness          time.Duration `yaml:"max_staleness" min:"1s" max:"720h" doc:"How old this edge's copy of the revocation log may be."`
	Past                  Past          `yaml:"past" enum:"allow,downgrade,deny" doc:"What happens to requests past that age: allow; downgrade (routes that ask for a level or a proof, or that a level can close, answer 503; all others go on); or deny (503 for all). It lasts until the log is read again; nobody is logged out."`
}

// levelKeys are the keys of the levels, weakest first.
func levelKeys() []string { return []string{"normal", "elevated", "high"} }

// Names are what the levels are called, weakest first.
func (l *Levels) Names() []string { return []string{l.Normal.Name, l.Elevated.Name, l.High.Name} }

// Ranked are the same names as policy takes them.
func (l *Levels) Ranked() [3]identity.Level {
	return [3]identity.Level{identity.Level(l.Normal.Name), identity.Level(l.Elevated.Name), identity.Level(l.High.Name)}
}

// All are the levels, weakest first.
func (l *Levels) All() []*Level { return []*Level{&l.Normal, &l.Elevated, &l.High} }
