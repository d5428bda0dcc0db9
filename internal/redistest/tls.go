package redistest

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"os"
	"time"
)

// pair is the files of a certificate, its key and what issued it.
type pair struct{ cert, key, ca string }

// client is how a client speaks TLS.
func (p *pair) client() (*tls.Config, error) {
	own, err := tls.LoadX509KeyPair(p.cert, p.key)
	if err != nil {
		return nil, err
	}
	pem, err := os.ReadFile(p.ca)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, errors.New("no certificate in " + p.ca)
	}
	return &tls.Config{Certificates: []tls.Certificate{own}, RootCAs: roots, MinVersion: tls.VersionTLS12}, nil
}

// dial connects in the server's place.
func (s *Server) dial() (conn net.Conn, err error) {
	plain := &net.Dialer{Timeout: time.Second}
	err = s.options.place.Do(func() (err error) {
		if s.options.tls == nil {
			conn, err = plain.Dial("tcp", s.Addr())
			return err
		}
		config, err := s.options.tls.client()
		if err == nil {
			conn, err = tls.DialWithDialer(plain, "tcp", s.Addr(), config)
		}
		return err
	})
	return conn, err
}
