package admin

// exchangeCounters count what became of exchanges that could be long.
type exchangeCounters struct {
	exchangesCut, exchangesRefused *counter
}

func newExchangeCounters(m *Metrics) exchangeCounters {
	c := exchangeCounters{
		exchangesCut:     m.counter("edgeauth_exchanges_cut_total", "Exchanges that had been admitted and were ended by the edge, by what they looked like and why.", "kind", "reason"),
		exchangesRefused: m.counter("edgeauth_exchanges_refused_total", "Exchanges that were one too many, by the bound that they met.", "bound"),
	}
	c.exchangesCut.add(0, "websocket", "revoked") // known before they happen
	for _, bound := range []string{"session", "anonymous", "total"} {
		c.exchangesRefused.add(0, bound)
	}
	return c
}

// ExchangeCut counts an exchange that was ended.
func (m *Metrics) ExchangeCut(kind, reason string) { m.exchangesCut.inc(kind, reason) }

// ExchangeRefused counts an exchange that was one too many.
func (m *Metrics) ExchangeRefused(bound string) { m.exchangesRefused.inc(bound) }
