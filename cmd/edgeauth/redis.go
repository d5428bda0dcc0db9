package main

import (
	"crypto/tls"
	"fmt"
	"time"

	"github.com/edgeauth/edgeauth/admin"
	"github.com/edgeauth/edgeauth/config"
	"github.com/edgeauth/edgeauth/store/redis"
)

// redisOptions turns the configuration into what the store needs. It reads the files of TLS, so that a file that is missing
// stops the start and not the first connection.
func redisOptions(c config.Redis) (redis.Options, error) {
	opt := redis.Options{
		Addresses: c.Addresses, MasterName: c.MasterName, Cluster: c.Cluster, DB: c.DB,
		Username: c.Username, Password: c.Password.Reveal,
		SentinelUsername: c.SentinelUsername, SentinelPassword: c.SentinelPassword.Reveal,
		Connect: c.ConnectTimeout, Command: c.CommandTimeout, Connections: c.Connections, Acknowledge: c.Acknowledge,
	}
	if !c.TLS {
		return opt, nil
	}
	roots, err := rootsFrom(c.CAFile)
	if err != nil {
		return redis.Options{}, err
	}
	opt.TLS = &tls.Config{RootCAs: roots, ServerName: c.ServerName, MinVersion: tls.VersionTLS12}
	if c.CertFile == "" {
		return opt, nil
	}
	if _, err := tls.LoadX509KeyPair(c.CertFile, c.KeyFile); err != nil {
		return redis.Options{}, fmt.Errorf("reading store.redis.cert_file and key_file: %w", err)
	}
	opt.TLS.GetClientCertificate = shownFrom(c.CertFile, c.KeyFile)
	return opt, nil
}

// shownFrom reads the certificate for each handshake anew, so that one that was renewed needs no restart.
func shownFrom(certFile, keyFile string) func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
	return func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		cert, err := tls.LoadX509KeyPair(certFile, keyFile)
		if err != nil {
			return nil, fmt.Errorf("reading store.redis.cert_file and key_file: %w", err)
		}
		return &cert, nil
	}
}

// storeWatch counts what the shared store does.
type storeWatch struct{ metrics *admin.Metrics }

// Called counts a call.
func (w storeWatch) Called(cause redis.Cause, took time.Duration) {
	w.metrics.StoreCall(string(cause), took.Seconds())
}

// ReadFailed counts a blocking read of the log that failed.
func (w storeWatch) ReadFailed(cause redis.Cause) { w.metrics.StoreReadFailed(string(cause)) }

// Retried counts a retry that was made or refused.
func (w storeWatch) Retried(granted bool) { w.metrics.StoreRetry(granted) }

// Dialed counts an attempt to connect.
func (w storeWatch) Dialed(ok bool) { w.metrics.StoreDial(ok) }

// measureRedis registers the gauges of a shared store.
func (e *edge) measureRedis() {
	e.metrics.Gauge(admin.GaugeStoreCalls, "Calls to the shared store that have begun and not ended.", nil,
		func() float64 { return float64(e.storeLoad().InFlight) })
	e.metrics.Gauge(admin.GaugeStoreConns, "Open connections to the shared store.", nil,
		func() float64 { return float64(e.storeLoad().Connections) })
}
