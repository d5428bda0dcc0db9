package admin

// The parts of an assessment that a reason can stand in.
const (
	partLevel   = "level"
	partTerm    = "term"
	partUnknown = "unknown"
)

// riskCounters count assessments and what follows from them.
type riskCounters struct {
	assessments, reasons, raised, stepUps, blocked *counter
}

func newRiskCounters(m *Metrics) riskCounters {
	return riskCounters{
		assessments: m.counter("edgeauth_assessments_total", "Assessments, by the level that they asked for.", "level", "mode"),
		reasons:     m.counter("edgeauth_assessment_reasons_total", "How often a reason stood in an assessment, and where.", "reason", "part"),
		raised:      m.counter("edgeauth_levels_raised_total", "Times that a person's sessions were raised to a level.", "level", "reason"),
		stepUps:     m.counter("edgeauth_step_ups_total", "Step-ups asked for, proven and refused.", "outcome", "level", "reason"),
		blocked:     m.counter("edgeauth_access_blocked_total", "Requests to routes that were closed until more is proven.", "level", "reason"),
	}
}

// Assessment counts one assessment: the level that it asked for, whether that was enforced, the reasons for the level, those
// of its terms and what was unknown.
func (m *Metrics) Assessment(level, mode string, reasons, terms, unknown []string) {
	m.assessments.inc(level, mode)
	for part, codes := range map[string][]string{partLevel: reasons, partTerm: terms, partUnknown: unknown} {
		for _, code := range codes {
			m.reasons.inc(code, part)
		}
	}
}

// LevelRaised counts a person whose sessions were raised.
func (m *Metrics) LevelRaised(level, reason string) { m.raised.inc(level, reason) }

// StepUp counts one step-up that was asked for, proven or refused. The level is empty where a route asks for more by
// itself, the reason where nothing was refused.
func (m *Metrics) StepUp(outcome, level, reason string) { m.stepUps.inc(outcome, level, reason) }

// Blocked counts one request to a route that was closed until a level, or with an empty one what the route asks for by
// itself, is proven.
func (m *Metrics) Blocked(level, reason string) { m.blocked.inc(level, reason) }

// Expected are labels of which it is known that they will come. Levels are the strict ones, Rules the reasons that raise to
// them, Blocks those for which a route is closed until a level is proven.
type Expected struct {
	Levels, Modes, Rules, StepUps, Blocks []string
	RouteProof                            string // the reason of a route that asks for more by itself
}

// Expect makes series known at 0 that would otherwise begin with their first event, which nobody would see as an increase.
func (m *Metrics) Expect(e Expected) {
	for _, level := range e.Levels {
		for _, mode := range e.Modes {
			m.assessments.add(0, level, mode)
		}
		for _, rule := range e.Rules {
			m.raised.add(0, level, rule)
		}
		for _, reason := range e.Blocks {
			m.blocked.add(0, level, reason)
		}
	}
	for _, rule := range e.Rules {
		m.reasons.add(0, rule, partLevel)
	}
	for _, outcome := range e.StepUps {
		m.stepUps.add(0, outcome, "", "")
	}
	m.blocked.add(0, "", e.RouteProof)
}
