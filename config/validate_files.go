package config

import (
	"crypto/tls"
	"crypto/x509"

	"github.com/edgeauth/edgeauth/config/internal/strict"
)

// files checks what the certificate files hold. That they can be read is known already.
func (v validator) files() {
	v.roots("server.tls.acme.ca_file", v.Server.TLS.ACME.CAFile)
	v.roots("store.redis.ca_file", v.Store.Redis.CAFile)
	v.roots("telemetry.audit.webhook.ca_file", v.Telemetry.Audit.Webhook.CAFile)
	for _, p := range v.Providers {
		v.roots(strict.Key("providers", p.Name)+".ca_file", p.CAFile)
	}
	for _, u := range v.Upstreams {
		v.roots(strict.Key("upstreams", u.Name)+".ca_file", u.CAFile)
	}
	for i, c := range v.Server.TLS.Certificates {
		v.pair(strict.Index("server.tls.certificates", i), c)
	}
	v.pair("store.redis", Certificate{CertFile: v.Store.Redis.CertFile, KeyFile: v.Store.Redis.KeyFile})
}

// roots reports a file without any certificate: nothing would be trusted.
func (v validator) roots(path, file string) {
	content, ok := v.content(path, file)
	if ok && !x509.NewCertPool().AppendCertsFromPEM(content) {
		v.report(path, "the file holds no certificate in PEM", "it must have a line -----BEGIN CERTIFICATE-----")
	}
}

// pair reports a certificate and a key that do not belong together.
func (v validator) pair(path string, c Certificate) {
	cert, haveCert := v.content(path+".cert_file", c.CertFile)
	key, haveKey := v.content(path+".key_file", c.KeyFile)
	if !haveCert || !haveKey {
		return
	}
	if _, err := tls.X509KeyPair(cert, key); err != nil {
		v.report(path+".cert_file", "cannot be used with its key_file: "+err.Error(),
			"both must be PEM, the chain with the leaf first, the key without a passphrase")
	}
}

// content is what a file holds; false where none is named, or something is wrong with it that is known already.
func (v validator) content(path, file string) ([]byte, bool) {
	if file == "" || v.r.Bad(path) {
		return nil, false
	}
	return v.r.Content(path, file)
}
