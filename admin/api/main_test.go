package api_test

import (
	"testing"

	"github.com/edgeauth/edgeauth/internal/leak"
)

func TestMain(m *testing.M) { leak.Verify(m) }
