// Package leak fails a package's tests when goroutines outlive them.
package leak

import (
	"fmt"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// patience is how long goroutines may take to end. It is goleak's own limit, about 0.4 s, that is too short: net/http keeps
// a connection that it refuses for 0.5 s (rstAvoidanceDelay), so a test that ends with a refusal failed now and then.
const patience = 30 * time.Second

// Verify runs a package's tests as its TestMain and ends the process: with their code, or with 1 if they passed and a
// goroutine that opts do not except is there still when patience ends.
func Verify(m *testing.M, opts ...goleak.Option) {
	code := m.Run()
	if code == 0 {
		if err := left(opts); err != nil {
			_, _ = fmt.Fprintln(os.Stderr, "goroutines outlive the tests:", err)
			code = 1
		}
	}
	os.Exit(code)
}

// left describes the goroutines that do not end; nil: none.
func left(opts []goleak.Option) (err error) {
	for end := time.Now().Add(patience); ; {
		if err = goleak.Find(opts...); err == nil || time.Now().After(end) {
			return err
		}
	}
}
