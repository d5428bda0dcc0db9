package redis_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/edgeauth/edgeauth/internal/need"
)

func TestTheContractHoldsWithFIPS140Only(t *testing.T) {
	need.Redis(t)
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestRedisKeepsTheContractOfStores$", "-test.v")
	cmd.Env = append(os.Environ(), "GODEBUG=fips140=only")
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: TestRedisKeepsTheContractOfStores") {
		t.Errorf("%v\n%s", err, out)
	}
}
