// Package e2e_test tries the whole product: the real binary, started with a configuration file, in front of real
// backends, with a real Redis, a real Keycloak and a real browser where a test names them.
package e2e_test

import (
	"os"
	"testing"

	"github.com/edgeauth/edgeauth/internal/edgetest"
)

func TestMain(m *testing.M) {
	code := m.Run()
	edgetest.Clean()
	os.Exit(code)
}
