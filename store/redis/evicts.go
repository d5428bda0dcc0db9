package redis

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// How often the servers are asked what they do when their memory is full, and how soon again if they do not say.
const (
	lookEvery = 5 * time.Minute
	lookAgain = 10 * time.Second
)

// Run looks now and then whether a server would throw away what the log holds (see Evicts), until ctx ends. It returns nil.
func (s *Store) Run(ctx context.Context) error {
	for {
		wait := lookEvery
		if found, err := s.look(ctx); err != nil { // noted for Status, and counted
			wait = lookAgain
		} else {
			s.evicts.Store(&found)
		}
		if !pause(ctx, wait) {
			return nil
		}
	}
}

// Evicts names a server that throws keys away when its memory is full, and what to do about it; empty: none does, as far as Run
// has seen. It may throw revocations away without a word, and edges that start later let in whom they ended.
func (s *Store) Evicts() string {
	if found := s.evicts.Load(); found != nil {
		return *found
	}
	return ""
}

func (s *Store) look(ctx context.Context) (found string, err error) {
	const doing = "asking what is thrown away"
	masters, err := s.masters(ctx, doing)
	if err != nil {
		return "", err
	}
	for _, m := range masters {
		var info string
		err := s.call(ctx, doing, func(ctx context.Context) (err error) {
			info, err = m.client.Info(ctx, "memory").Result()
			return err
		})
		if err != nil {
			return "", err
		}
		if policy := evicting(info); policy != "" {
			return fmt.Sprintf("%s has maxmemory-policy %s: when its memory is full it throws revocations away, and edges that start later let in whom they ended; set it to noeviction",
				s.at(m), policy), nil
		}
	}
	return "", nil
}

// at names a master.
func (s *Store) at(m master) string {
	if m.addr == "" {
		return s.options.String()
	}
	return s.options.String() + ", node " + m.addr
}

// evicting is the policy by which a server throws keys away; empty: it does not, or it does not say.
func evicting(info string) (policy string) {
	bounded := false
	for line := range strings.Lines(info) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		switch name {
		case "maxmemory":
			bounded = value != "0"
		case "maxmemory_policy":
			policy = value
		}
	}
	if !bounded || policy == "noeviction" {
		return ""
	}
	return policy
}
