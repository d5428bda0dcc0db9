package browser_test

import (
	"fmt"
	"runtime"
	"testing"
)

// failing is a test that may fail without failing the one that it runs in: it keeps the message and ends its goroutine.
type failing struct {
	testing.TB
	message string
}

func (f *failing) Fatalf(format string, args ...any) {
	f.message = fmt.Sprintf(format, args...)
	runtime.Goexit()
}
