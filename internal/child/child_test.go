package child_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/internal/child"
)

const limit = 30 * time.Second

// family starts a shell with a child that ignores SIGTERM when asked to, and returns it with the child's pid.
func family(t *testing.T, script string) (*child.Process, int) {
	t.Helper()
	pidFile := filepath.Join(t.TempDir(), "pid")
	p, err := child.Start(exec.Command("/bin/sh", "-c", script, "sh", pidFile), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	return p, readPID(t, pidFile)
}

func TestKillEndsTheProgramAndItsChildren(t *testing.T) {
	p, grandchild := family(t, `sleep 600 & echo $! >"$1"; wait`)
	p.Kill()
	p.Kill()
	waitGone(t, grandchild)
}

func TestStopKillsWhatDoesNotEndInTime(t *testing.T) {
	p, grandchild := family(t, `trap "" TERM; sleep 600 & echo $! >"$1"; while :; do wait; done`)
	p.Stop(50 * time.Millisecond)
	waitGone(t, grandchild)
	if p.Err() == nil {
		t.Error("a killed program ended without an error")
	}
}

// The test binary runs itself as a parent that is killed in the middle, which no deferred function survives.
func TestAKilledTestProcessLeavesNothingBehind(t *testing.T) {
	scratch := filepath.Join(t.TempDir(), "scratch")
	if err := os.Mkdir(scratch, 0o755); err != nil {
		t.Fatal(err)
	}
	pidFile := filepath.Join(t.TempDir(), "pid")
	parent := exec.Command(os.Args[0], "-test.run=^TestParentThatIsKilled$")
	parent.Env = append(os.Environ(), "CHILD_SCRATCH="+scratch, "CHILD_PIDFILE="+pidFile)
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	pid := readPID(t, pidFile)
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait()
	waitGone(t, pid)
	wait(t, "the scratch directory to go", func() bool {
		_, err := os.Stat(scratch)
		return errors.Is(err, os.ErrNotExist)
	})
}

func TestParentThatIsKilled(t *testing.T) {
	scratch := os.Getenv("CHILD_SCRATCH")
	if scratch == "" {
		return // only of use to TestAKilledTestProcessLeavesNothingBehind
	}
	cmd := exec.Command("/bin/sh", "-c", `sleep 600 & echo $! >"$1"; wait`, "sh", os.Getenv("CHILD_PIDFILE"))
	p, err := child.Start(cmd, scratch)
	if err != nil {
		t.Fatal(err)
	}
	<-p.Done()
}

func readPID(t *testing.T, file string) int {
	t.Helper()
	var pid int
	wait(t, "the child's pid", func() bool {
		data, _ := os.ReadFile(file)
		line, complete := strings.CutSuffix(string(data), "\n")
		pid, _ = strconv.Atoi(line)
		return complete && pid > 0
	})
	return pid
}

// waitGone waits until pid has ended; one that nobody has waited for yet counts as ended.
func waitGone(t *testing.T, pid int) {
	t.Helper()
	wait(t, "process "+strconv.Itoa(pid)+" to end", func() bool {
		stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		if err == nil {
			return strings.Contains(string(stat), ") Z ")
		}
		return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH)
	})
}

func wait(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(limit); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited %v for %s", limit, what)
		}
	}
}
