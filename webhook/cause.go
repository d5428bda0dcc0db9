package webhook

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
)

// Cause is why an attempt failed. It stands for the error in logs and metrics: the text of an error can hold the
// endpoint's URL, the proxy's password or what a stranger answered.
type Cause string

// The causes.
const (
	CauseTimeout     Cause = "timeout"            // no answer within the time for it
	CauseRefused     Cause = "connection_refused" // nobody listens there
	CauseReset       Cause = "connection_lost"    // it ended before the answer
	CauseName        Cause = "name_not_found"     // the host's name leads nowhere, or its name server does not answer
	CauseCertificate Cause = "certificate"        // the endpoint's certificate is not to be trusted
	CauseBusy        Cause = "status_408_429"     // the endpoint asks to come again later
	CauseServer      Cause = "status_5xx"
	CauseClient      Cause = "status_4xx" // any other than the above
	CauseRedirect    Cause = "status_3xx" // redirects are not followed
	CauseOther       Cause = "other"
)

// Causes returns every cause.
func Causes() []Cause {
	return []Cause{CauseTimeout, CauseRefused, CauseReset, CauseName, CauseCertificate, CauseBusy, CauseServer, CauseClient, CauseRedirect, CauseOther}
}

func causeOf(err error) Cause {
	var name *net.DNSError
	var verification *tls.CertificateVerificationError
	var host x509.HostnameError
	var timeout interface{ Timeout() bool }
	var operation *net.OpError
	switch {
	case errors.As(err, &name):
		return CauseName
	case errors.As(err, &verification), errors.As(err, &host):
		return CauseCertificate
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return CauseTimeout
	case errors.Is(err, syscall.ECONNREFUSED):
		return CauseRefused
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, &operation):
		return CauseReset
	}
	return CauseOther
}
