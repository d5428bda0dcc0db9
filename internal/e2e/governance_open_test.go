package e2e_test

import (
	"crypto/x509"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/edgeauth/edgeauth/admin/client"
	"github.com/edgeauth/edgeauth/admin/edgeauthv1"
)

func Test_an_open_connection_is_of_no_use_once_its_certificate_has_expired(t *testing.T) {
	t.Parallel()
	g := newGoverned(t, "")
	var c *client.Client
	connected := false
	for life := 3 * time.Second; !connected && life < 30*time.Second; life *= 2 { // a busy machine takes its time to connect
		c = g.caller(0, g.ca.sign("ops", func(c *x509.Certificate) { c.NotAfter = time.Now().Add(life) }))
		_, err := c.ListSessions(t.Context(), &edgeauthv1.ListSessionsRequest{})
		connected = err == nil
	}
	if !connected {
		t.Fatal("no certificate lives long enough")
	}
	everybody := &edgeauthv1.RevokeSessionsRequest{Target: &edgeauthv1.RevokeSessionsRequest_Everybody{Everybody: true}}
	var err error
	g.edges[0].Until("the operator is nobody", func() bool {
		_, err = c.ListSessions(t.Context(), &edgeauthv1.ListSessionsRequest{})
		return err != nil
	})
	if status.Code(err) != codes.Unauthenticated { // a new connection would not get beyond the handshake: Unavailable
		t.Errorf("the first call after the end of the certificate is answered %v", err)
	}
	if _, err := c.RevokeSessions(t.Context(), everybody); err == nil {
		t.Error("everybody is logged out")
	}
}
