package config

import (
	"fmt"

	"github.com/edgeauth/edgeauth/audit"
	"github.com/edgeauth/edgeauth/config/internal/strict"
)

// minWebhookSecret is that of the webhook, in bytes: a shorter one could be found by trying.
const minWebhookSecret = 16

func (v validator) webhook() {
	const path = "telemetry.audit.webhook"
	w := v.Telemetry.Audit.Webhook
	for i, name := range w.Events {
		v.reference(strict.Index(path+".events", i), name, "event", eventNames())
	}
	unique(w.Events, func(i int) { v.report(strict.Index(path+".events", i), "this event is listed twice", "") })
	address := w.Address()
	if address == nil {
		if v.r.Given(path) && !v.r.Bad(path+".url") {
			v.warn(path, "has no url, so no event is sent", "")
		}
		return
	}
	if address.Scheme == "http" && !loopbackURL(address) && !w.AllowPlainHTTP {
		v.report(path+".url", "must be https, because the host is not loopback", "events name people and their addresses; allow_plain_http: true permits it in a network of your own")
	}
	switch n := len(w.Secret.Reveal()); {
	case v.r.Bad(path+".secret") || v.r.Bad(path+".secret_file"):
	case n == 0:
		v.report(path+".secret", "is missing: the receiver could not tell edgeauth from anybody else", "set secret or secret_file")
	case n < minWebhookSecret:
		v.report(secretKey(path, w), fmt.Sprintf("is too short: %d bytes are needed", minWebhookSecret), "openssl rand -base64 32 makes a good one")
	}
}

// secretKey is where the secret came from.
func secretKey(path string, w Webhook) string {
	if w.SecretFile != "" {
		return path + ".secret_file"
	}
	return path + ".secret"
}

func eventNames() (names []string) {
	for _, n := range audit.Names() {
		names = append(names, string(n))
	}
	return names
}
