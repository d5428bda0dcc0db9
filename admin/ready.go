package admin

import (
	"encoding/json"
	"net/http"
	"strings"
)

// State is how one part of the edge does.
type State string

const (
	// Ready: all is well.
	Ready State = "ready"
	// Degraded: requests are served, but something is missing. It keeps /readyz at 200, because taking every edge out of
	// service when a shared store is down would turn a nuisance into an outage.
	Degraded State = "degraded"
	// NotReady: send no requests here.
	NotReady State = "not_ready"
)

// Check asks one part how it does. Func must answer at once, from memory, and may be called by several goroutines. Its
// text is for operators; it is empty or one short sentence, and holds no secret.
type Check struct {
	Name string
	Func func() (State, string)
}

// report is the body of /readyz.
type report struct {
	Status State    `json:"status"` // the worst of all checks
	Checks []result `json:"checks"`
}

type result struct {
	Name   string `json:"name"`
	State  State  `json:"state"`
	Detail string `json:"detail,omitempty"`
}

func readiness(checks []Check) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		rep := ask(checks)
		w.Header().Set("Content-Type", "application/json")
		if rep.Status == NotReady {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		body := json.NewEncoder(w)
		body.SetIndent("", "  ")
		_ = body.Encode(rep) // a caller who has gone needs no answer
	})
}

func ask(checks []Check) report {
	rep, worst := report{Checks: make([]result, 0, len(checks))}, 0
	for _, c := range checks {
		state, detail := c.Func()
		worst = max(worst, severity(state))
		rep.Checks = append(rep.Checks, result{Name: c.Name, State: state, Detail: detail})
	}
	rep.Status = [...]State{Ready, Degraded, NotReady}[worst]
	return rep
}

// severity orders states. One that is unknown counts as the worst: a check that cannot say is no reason for trust.
func severity(s State) int {
	switch s {
	case Ready:
		return 0
	case Degraded:
		return 1
	default:
		return 2
	}
}

// Words is the state for people.
func (s State) Words() string {
	switch s {
	case Ready:
		return "ready"
	case Degraded:
		return "degraded"
	default:
		return "not ready"
	}
}

// Label is the check's name for people.
func (r result) Label() string {
	text := strings.ReplaceAll(r.Name, "_", " ")
	return strings.ToUpper(text[:min(1, len(text))]) + text[min(1, len(text)):]
}
