package config

import "time"

// Preflight says what becomes of a CORS preflight, which never carries a session.
type Preflight string

// The answers to a preflight.
const (
	PreflightPass   Preflight = "pass"
	PreflightRefuse Preflight = "refuse"
)

// Route says which requests go to an upstream and who may make them. A person must fulfil each kind of rule that is
// given (groups and claims and emails), and of each kind one entry suffices; for claims, one value of every claim.
type Route struct {
	Name         string              `yaml:"name" format:"routename" derived:"methods, host and path" doc:"Name for logs and metrics."`
	Host         string              `yaml:"host" format:"host" doc:"Host (and port) of one of server.hosts. Empty: all of them."`
	Path         string              `yaml:"path" required:"true" format:"routepath" doc:"A prefix by whole segments: /app and /app/ match /app and /app/x, not /apple. A segment * stands for any one segment: /api/*/status."`
	Exact        bool                `yaml:"exact" default:"false" doc:"Whether the path matches only itself, not what lies below; a slash at its end then counts."`
	Methods      []string            `yaml:"methods" default:"[]" format:"method" doc:"HTTP methods. Empty: all. GET includes HEAD. A method that no route of the most specific path allows is refused."`
	Upstream     string              `yaml:"upstream" required:"true" doc:"Name of the upstream."`
	StripPrefix  string              `yaml:"strip_prefix" format:"prefix" doc:"Beginning of the path that the upstream does not see."`
	Public       bool                `yaml:"public" default:"false" doc:"Whether no login is needed."`
	Provider     string              `yaml:"provider" derived:"the host's provider" doc:"The provider that logs people in for this route."`
	Groups       []string            `yaml:"groups" default:"[]" doc:"Groups, one of which is needed. Only groups that some route, or an exception of risk, names are kept in a session: once one is added, sessions from before are asked to log in again where they would be refused."`
	Claims       map[string][]string `yaml:"claims" default:"{}" doc:"Claims by name, each with the values of which one is needed."`
	Emails       []string            `yaml:"emails" default:"[]" format:"emailpattern" doc:"Verified email addresses, one of which is needed; *@example.org is every address there."`
	Allow        string              `yaml:"allow" format:"expression" doc:"A further condition, in CEL over user, session, request, risk and now; see docs/policy.md. What cannot be evaluated lets nobody in."`
	Classes      []string            `yaml:"classes" default:"[]" format:"class" doc:"What kind of route this is, for the levels: one that blocks a class closes its routes until the level is proven. The shipped levels block sensitive."`
	Level        string              `yaml:"level" doc:"A level whose proof is needed, by its name: normal, elevated or high unless levels names them otherwise."`
	ACR          []string            `yaml:"acr" default:"[]" format:"acr" doc:"What the provider's answer must hold as its acr, one of these; someone whose login does not is sent to authenticate more strongly (RFC 9470). Better name an amr too."`
	AMR          []string            `yaml:"amr" default:"[]" format:"acr" doc:"And one of these among its amr."`
	MaxAge       time.Duration       `yaml:"max_age" default:"0s" min:"0s" max:"720h" doc:"How long ago a person may have authenticated; who did so earlier is sent to do so again. 0s: any time."`
	When         string              `yaml:"when" format:"expression" doc:"For which requests classes, level, acr, amr and max_age are asked, in CEL as in allow: request.method != \"GET\". Empty: for all, as when it cannot be evaluated."`
	Preflight    Preflight           `yaml:"preflight" default:"refuse" enum:"pass,refuse" doc:"CORS preflights: pass them to the upstream without identity, or refuse them (403)."`
	AllowOrigins []string            `yaml:"allow_origins" default:"[]" format:"pageorigin" doc:"Further origins, beside the host's own, whose pages may open WebSockets and send unsafe methods with a session. The word none stands for requests without an Origin, from programs."`
}
