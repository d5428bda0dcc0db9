package disk

import (
	"os"
	"strconv"
	"strings"
	"time"
)

// Boot is a point in time that no change of the clock moves: how long a machine has been up since it was started. ID tells one
// start from another; empty: unknown.
type Boot struct {
	ID string
	Up time.Duration
}

// ReadBoot asks the machine. It is known on Linux, where the time that the machine slept counts (clock_gettime(2),
// CLOCK_BOOTTIME), and unknown elsewhere.
func ReadBoot() Boot {
	id, err1 := os.ReadFile("/proc/sys/kernel/random/boot_id")
	up, err2 := os.ReadFile("/proc/uptime")
	first, _, _ := strings.Cut(string(up), " ")
	seconds, err3 := strconv.ParseFloat(first, 64)
	if err1 != nil || err2 != nil || err3 != nil || seconds < 0 {
		return Boot{}
	}
	return Boot{ID: strings.TrimSpace(string(id)), Up: time.Duration(seconds * float64(time.Second))}
}

// since is how long ago something was, by the clock and by the machine's own count where it has been up since then: the
// longer of the two. Negative: nobody knows.
func (b Boot) since(then Boot, byClock time.Duration) time.Duration {
	if byClock < 0 || b.ID == "" || b.ID != then.ID {
		return byClock
	}
	return max(byClock, b.Up-then.Up)
}
