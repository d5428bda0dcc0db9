package webhook_test

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgeauth/edgeauth/webhook"
)

// failing answers every request as it is told to, and notes when.
type failing struct {
	status     int
	retryAfter string
	at         []time.Time
	deliveries map[string]int
}

// RoundTrip implements http.RoundTripper.
func (f *failing) RoundTrip(r *http.Request) (*http.Response, error) {
	f.at = append(f.at, time.Now())
	f.deliveries[r.Header.Get("Edgeauth-Delivery")]++
	h := http.Header{}
	if f.retryAfter != "" {
		h.Set("Retry-After", f.retryAfter)
	}
	return &http.Response{StatusCode: f.status, Header: h, Body: io.NopCloser(strings.NewReader("")), Request: r}, nil
}

// gaps are the times between two attempts.
func (f *failing) gaps(t *testing.T) (all []time.Duration) {
	t.Helper()
	if len(f.at) < 2 {
		t.Fatalf("only %d attempts", len(f.at))
	}
	for i := 1; i < len(f.at); i++ {
		all = append(all, f.at[i].Sub(f.at[i-1]))
	}
	return all
}

// during runs a sink against an endpoint that fails, for as long as told, in virtual time.
func during(t *testing.T, f *failing, how time.Duration, edits ...func(*webhook.TargetConfig)) *bed {
	t.Helper()
	f.deliveries = map[string]int{}
	u, err := url.Parse("https://hooks.example/" + token)
	if err != nil {
		t.Fatal(err)
	}
	b := newBed(t)
	all := append([]func(*webhook.TargetConfig){func(c *webhook.TargetConfig) { c.Transport, c.RetryFor = f, 24*time.Hour }}, edits...)
	b.Use(target(t, u, all...))
	ctx, cancel := context.WithTimeout(t.Context(), how)
	defer cancel()
	b.offer(1, 1)
	if err := b.Run(ctx); err != nil {
		t.Error(err)
	}
	return b
}

func TestAttemptsComeAfterTwiceAsLongEachTimeUpToFiveMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &failing{status: 503}
		during(t, f, 3*time.Hour)
		whole := time.Second
		for i, gap := range f.gaps(t) {
			if gap < whole/2 || gap > whole+time.Millisecond {
				t.Errorf("gap %d is %v, and should be %v to %v", i, gap, whole/2, whole)
			}
			whole = min(2*whole, 5*time.Minute)
		}
		if n := len(f.at); n < 30 || len(f.deliveries) != 1 {
			t.Errorf("%d attempts of %d deliveries", n, len(f.deliveries))
		}
	})
}

func TestAttemptsOfSeveralEdgesDoNotStayTogether(t *testing.T) {
	seen := map[time.Duration]bool{}
	for range 20 {
		synctest.Test(t, func(t *testing.T) {
			f := &failing{status: 503}
			during(t, f, time.Minute)
			seen[f.gaps(t)[0]] = true
		})
	}
	if len(seen) < 10 {
		t.Errorf("20 first waits were only %d different ones", len(seen))
	}
}

func TestRetryAfterIsHonouredWithinAnHour(t *testing.T) {
	for text, want := range map[string]struct{ least, most time.Duration }{
		"120":                           {2 * time.Minute, 2 * time.Minute},
		"86400":                         {time.Hour, time.Hour},
		"2147483647":                    {time.Hour, time.Hour},
		"99999999999999999999":          {0, time.Second},
		"-5":                            {0, time.Second},
		"0":                             {0, time.Second},
		"soon":                          {0, time.Second},
		"Sat, 01 Jan 2000 00:10:00 GMT": {10 * time.Minute, 10 * time.Minute}, // the bubble's clock begins at that midnight
		"Fri, 31 Dec 1999 00:00:00 GMT": {0, time.Second},
		"Sat, 01 Jan 9999 00:00:00 GMT": {time.Hour, time.Hour},
	} {
		for _, status := range []int{408, 429, 503} {
			synctest.Test(t, func(t *testing.T) {
				f := &failing{status: status, retryAfter: text}
				during(t, f, 2*time.Hour)
				if gap := f.gaps(t)[0]; gap < want.least || gap > want.most {
					t.Errorf("%d with Retry-After %q: the next attempt came after %v", status, text, gap)
				}
			})
		}
	}
}

func TestAnArrayIsGivenUpAfterTheTimeForIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &failing{status: 500}
		began := time.Now()
		b := during(t, f, 3*time.Hour, func(c *webhook.TargetConfig) { c.RetryFor = time.Hour })
		last := f.at[len(f.at)-1].Sub(began)
		if b.count(webhook.GivenUp) != 1 || b.Len() != 0 || last > time.Hour || last < time.Hour-10*time.Minute {
			t.Errorf("%v, %d wait, the last attempt came after %v", b.settled, b.Len(), last)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		f := &failing{status: 500}
		b := during(t, f, 3*time.Hour, func(c *webhook.TargetConfig) { c.RetryFor = 0 })
		if b.count(webhook.GivenUp) != 1 || len(f.at) != 1 {
			t.Errorf("%v after %d attempts", b.settled, len(f.at))
		}
	})
}

func TestWhatWasDroppedIsLoggedWhileTheEndpointIsStillDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &failing{status: 500}
		f.deliveries = map[string]int{}
		u, _ := url.Parse("https://hooks.example/")
		b := newBed(t)
		b.Use(target(t, u, func(c *webhook.TargetConfig) { c.Transport, c.Queue = f, 10 }))
		stop := b.run()
		b.offer(1, 1)
		synctest.Wait()
		b.offer(2, 31)
		time.Sleep(10 * time.Minute)
		if !strings.Contains(b.logs.String(), `"events":20`) || b.count(webhook.Dropped) != 20 {
			t.Errorf("%v\n%s", b.settled, b.logs)
		}
		stop()
	})
}
