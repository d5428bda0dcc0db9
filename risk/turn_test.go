package risk_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/policy"
	"github.com/edgeauth/edgeauth/risk"
)

// rendezvous is a history whose readers wait a moment for one another.
type rendezvous struct {
	risk.History
	arrive chan struct{}
}

func (r *rendezvous) Read(ctx context.Context, s identity.Subject) ([]policy.Sighting, error) {
	past, err := r.History.Read(ctx, s)
	select { // whoever comes second meets the first; a reader that is alone goes on after a while
	case r.arrive <- struct{}{}:
	case <-r.arrive:
	case <-time.After(50 * time.Millisecond):
	}
	return past, err
}

func TestThreeLoginsOfOneMomentSeeOneAnother(t *testing.T) {
	b := open(t, func(o *risk.Options) { o.History = &rendezvous{o.History, make(chan struct{})} })
	cities := []string{"berlin", "tokyo", "sao-paulo"}
	found := make([]risk.Finding, len(cities))
	var all sync.WaitGroup
	for i, city := range cities {
		v := b.from(city)
		all.Go(func() { found[i] = b.engine.Assess(t.Context(), v) })
	}
	all.Wait()
	levels := map[identity.Level]int{}
	for _, f := range found {
		levels[f.Level]++
	}
	if levels[identity.High] != 1 || levels[identity.Elevated] != 1 || levels[identity.Normal] != 1 {
		t.Errorf("levels %v", levels)
	}
}

func TestWhoseTurnDoesNotComeIsAssessedAllTheSame(t *testing.T) {
	b := open(t, func(o *risk.Options) { o.History = &rendezvous{o.History, make(chan struct{})} })
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	var all sync.WaitGroup
	for range 3 {
		v := b.from("berlin")
		all.Go(func() {
			if f := b.engine.Assess(gone, v); f.Level == "" {
				t.Errorf("%+v", f)
			}
		})
	}
	all.Wait()
}
