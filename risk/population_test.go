package risk_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/policy"
	"github.com/edgeauth/edgeauth/risk"
)

func TestThePopulationForgetsByHalvesInAMonth(t *testing.T) {
	b := open(t)
	for range 3 {
		b.login("berlin")
	}
	count := func() float64 {
		n, total, distinct := b.opt.Population.Frequency(policy.FeatureCountry, "DE")
		if n != total || distinct != 1 {
			t.Errorf("%v of %v, %d values", n, total, distinct)
		}
		return n
	}
	before := count()
	b.clock = b.clock.Add(30 * 24 * time.Hour)
	if after := count(); math.Abs(before/2-after) > 1e-9 || before < 2.99 {
		t.Errorf("%v, and a month later %v", before, after)
	}
	b.clock = b.clock.AddDate(50, 0, 0)
	b.login("berlin")
	if n := count(); math.IsNaN(n) || math.IsInf(n, 0) || n < 0.99 {
		t.Errorf("50 years later: %v", n)
	}
}

func TestWhatLooksWrongIsNotCountedAsCommon(t *testing.T) {
	b := open(t)
	b.login("berlin")
	b.login("tokyo")
	b.login("sao-paulo")
	if n, _, _ := b.opt.Population.Frequency(policy.FeatureCountry, "BR"); n != 0 {
		t.Errorf("%v logins of an attacker are common", n)
	}
}

func TestAPopulationIsBounded(t *testing.T) {
	b := open(t, func(o *risk.Options) { o.Rules = &policy.Rules{Caps: policy.DefaultRules().Caps} })
	b.store.away = true // a population needs no store
	v := b.from("berlin")
	for i := range 25_000 {
		v.Subject = identity.Subject{Issuer: "https://idp.test", Sub: fmt.Sprint(i % 10)}
		v.Header.Set("User-Agent", fmt.Sprintf("agent %d", i))
		b.engine.Assess(t.Context(), v)
	}
	if _, _, distinct := b.opt.Population.Frequency(policy.FeatureAgent, "x"); distinct > 20_000 {
		t.Errorf("%d values are kept", distinct)
	}
}
