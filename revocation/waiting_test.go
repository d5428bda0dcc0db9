package revocation_test

import (
	"testing"
	"testing/synctest"
	"time"
)

func Test_what_waits_is_counted_in_its_own_shard_until_the_log_has_it(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, a, b := twoEdges(t)
		defer a.stop()
		defer b.stop()
		log.setDown(true)
		e, _ := ended()
		if _, err := a.writer.Write(t.Context(), e, everyone()); err != nil {
			t.Fatal(err)
		}
		if n := a.writer.Waiting(); n[0] != 2 || n[1] != 0 {
			t.Errorf("%v wait", n)
		}
		log.setDown(false)
		time.Sleep(10 * time.Second)
		if n := a.writer.Waiting(); n[0] != 0 {
			t.Errorf("%v wait though the log has them", n)
		}
	})
}
