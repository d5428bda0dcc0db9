package risk

import (
	"math"
	"sync"
	"time"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/policy"
)

const (
	// failuresHalve is how long it takes until a failed login counts half.
	failuresHalve = 10 * time.Minute
	// maxFailing bounds the names that failures are counted for.
	maxFailing = 50_000
)

// Failures counts failed logins by subject, network and autonomous system, as this edge has seen them. Counts halve every
// ten minutes. It is safe for concurrent use.
type Failures struct {
	mu    sync.Mutex // guards count
	count map[string]decaying
}

type decaying struct {
	n  float64
	at time.Time
}

func (d decaying) now(t time.Time) float64 {
	if passed := t.Sub(d.at); passed > 0 {
		return d.n * math.Exp2(-float64(passed)/float64(failuresHalve))
	}
	return d.n
}

// NewFailures returns counts of nothing.
func NewFailures() *Failures { return &Failures{count: map[string]decaying{}} }

// names are what failures are counted for; one that is not known is empty.
func names(who identity.Subject, s *policy.Sighting) (subject, network, asn string) {
	if !who.IsZero() {
		d := identity.Digest("edgeauth failures", who.Issuer, who.Sub)
		subject = "s" + string(d[:])
	}
	if !s.Network.Prefix.IsZero() {
		network = "n" + string(s.Network.Prefix[:])
	}
	if !s.Network.ASN.IsZero() {
		asn = "a" + string(s.Network.ASN[:])
	}
	return subject, network, asn
}

func (f *Failures) add(who identity.Subject, s *policy.Sighting, at time.Time) {
	subject, network, asn := names(who, s)
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, name := range [...]string{subject, network, asn} {
		if name != "" {
			f.count[name] = decaying{f.count[name].now(at) + 1, at}
		}
	}
	if len(f.count) > maxFailing {
		f.forget(at)
	}
}

// forget drops what has decayed, and if that is not enough, all that is below what it takes.
func (f *Failures) forget(at time.Time) {
	for least := 0.1; len(f.count) > maxFailing*9/10; least *= 2 {
		for name, d := range f.count {
			if d.now(at) < least {
				delete(f.count, name)
			}
		}
	}
}

// Near returns how many logins failed lately of a subject, and from where a sighting is; -1: it is not known who or where.
func (f *Failures) Near(who identity.Subject, s *policy.Sighting, at time.Time) policy.Failures {
	subject, network, asn := names(who, s)
	f.mu.Lock()
	defer f.mu.Unlock()
	of := func(name string) float64 {
		if name == "" {
			return -1
		}
		return f.count[name].now(at)
	}
	return policy.Failures{Subject: of(subject), Network: of(network), ASN: of(asn)}
}
