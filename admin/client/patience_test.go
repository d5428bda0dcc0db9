package client_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/edgeauth/edgeauth/admin/client"
)

func TestACallOfWhichThereWereTooManyIsMadeAgainUntilTheContextEnds(t *testing.T) {
	many := status.Error(codes.ResourceExhausted, "too many calls; try again in a second")
	other := status.Error(codes.Unavailable, "the store is away")
	for name, c := range map[string]struct {
		answers []error
		calls   int
		want    error
	}{
		"at once":           {[]error{nil}, 1, nil},
		"after a while":     {[]error{many, many, nil}, 3, nil},
		"another error":     {[]error{other}, 1, other},
		"another, later":    {[]error{many, other}, 2, other},
		"until the end":     {[]error{many}, 10, many}, // after 0 to 9 s; at 9.5 s the time is over
		"and not beyond it": {[]error{many, many, many, many, many, many, many, many, many, many, nil}, 10, many},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 9500*time.Millisecond)
				defer cancel()
				calls := 0
				last, err := client.Patiently(ctx, func() (int, error) {
					calls++
					return calls, c.answers[min(calls, len(c.answers))-1]
				})
				if err != c.want || calls != c.calls || last != calls {
					t.Errorf("%d calls, the last with %v; want %d and %v", calls, err, c.calls, c.want)
				}
			})
		})
	}
}
