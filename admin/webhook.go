package admin

// webhookCounters count what became of events for the webhook.
type webhookCounters struct {
	settled, failed *counter
}

func newWebhookCounters(m *Metrics) webhookCounters {
	return webhookCounters{
		settled: m.counter("edgeauth_webhook_events_total", "Audit events that the webhook is done with.", "outcome"),
		failed:  m.counter("edgeauth_webhook_failed_attempts_total", "Attempts to send audit events that failed.", "cause"),
	}
}

// Webhook counts n events that had an outcome; 0 makes its series known.
func (m *Metrics) Webhook(outcome string, n int) { m.settled.add(n, outcome) }

// WebhookFailed counts n attempts that failed; 0 makes their series known.
func (m *Metrics) WebhookFailed(cause string, n int) { m.failed.add(n, cause) }
