package proxy_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/proxy"
	"github.com/edgeauth/edgeauth/revocation"
)

func tellingLevels(c *proxy.UpstreamConfig) {
	asserting(c)
	c.Headers.Level = "X-Auth-Level"
}

// level is what the backend was told of a request's level, in its header and in its assertion.
func (b *bed) level(cookie string) (header string, claims map[string]any) {
	b.t.Helper()
	b.get("/x", cookie)
	hits := b.app.Hits()
	seen := hits[len(hits)-1].Variables
	all := verified(b.t.(*testing.T), b, seen["HTTP_X_APP_ASSERTION"])
	claims = map[string]any{}
	for _, name := range []string{"level", "level_proven", "level_reasons", "session_exp"} {
		if v, there := all[name]; there {
			claims[name] = v
		}
	}
	return seen["HTTP_X_AUTH_LEVEL"], claims
}

func (b *bed) tells(cookie, level string, claims map[string]any) {
	b.t.Helper()
	header, got := b.level(cookie)
	if diff := cmp.Diff(claims, got); header != level || diff != "" {
		b.t.Errorf("the header says %q, want %q; the assertion (-want +got):\n%s", header, level, diff)
	}
}

// raisedBy is what the log says after a floor at a time.
func raisedBy(since time.Time) revocation.Standing {
	return revocation.Standing{Vouched: true, Floors: []revocation.FloorValue{{Level: identity.High, Value: revocation.Value{
		Since: revocation.MillisOf(since), Until: revocation.MillisOf(since.Add(24 * time.Hour)), Reason: "time_zones"}}}}
}

func TestAn_upstream_is_told_the_level_that_the_log_raised_a_session_to_from_the_next_request_on(t *testing.T) {
	b := newBed(t, options{upstream: tellingLevels})
	cookie, end := b.as(b.alice()), float64(noon.Add(8*time.Hour).Unix())
	calm := map[string]any{"level": "normal", "level_proven": true, "session_exp": end}
	b.tells(cookie, "normal", calm)
	b.log.set(raisedBy(noon))
	b.tells(cookie, "high", map[string]any{"level": "high", "level_proven": false, "level_reasons": []any{"time_zones"},
		"session_exp": float64(noon.Add(15 * time.Minute).Unix())})
	b.log.set(revocation.Standing{Vouched: true})
	b.tells(cookie, "normal", calm)
}

func TestAn_upstream_is_told_whether_a_level_is_proven_and_why_it_was_given(t *testing.T) {
	b := newBed(t, options{upstream: tellingLevels})
	s := b.alice()
	s.Level, s.RaisedAt, s.Reasons, s.Expires = identity.High, noon.Add(-time.Minute), []string{"time_zones", "score"}, noon.Add(15*time.Minute)
	b.tells(b.as(s), "high", map[string]any{"level": "high", "level_proven": false, "level_reasons": []any{"time_zones", "score"},
		"session_exp": float64(noon.Add(14 * time.Minute).Unix())})
	s.Assurance = identity.Assurance{ACR: "bio", AMR: []string{"hwk"}, AuthTime: noon}
	cookie := b.as(s)
	proven := map[string]any{"level": "high", "level_proven": true, "level_reasons": []any{"time_zones", "score"},
		"session_exp": float64(noon.Add(15 * time.Minute).Unix())}
	b.tells(cookie, "high", proven)
	b.log.set(raisedBy(noon.Add(-time.Second)))
	b.tells(cookie, "high", proven)
}
