package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/edgeauth/edgeauth/admin/api"
)

// explainer answers the governance API as `edgeauth explain` answers the command line, with what this edge itself knows.
type explainer struct {
	tree  *tree
	known func(context.Context, wireSubject) known
}

// Explain implements api.Explainer.
func (x explainer) Explain(ctx context.Context, in *api.Question) (api.Explanation, error) {
	if in.Who != nil && x.tree.nameOf(in.Who.Issuer) == "" {
		return api.Explanation{}, fmt.Errorf("%w: subject.issuer: is none of those that are configured", api.ErrQuestion)
	}
	f := flagsOf(in)
	q, err := f.question(x.tree.cfg)
	if err != nil {
		return api.Explanation{}, fmt.Errorf("%w: %s", api.ErrQuestion, inFields(err.Error()))
	}
	if q.who != nil {
		q.who.session.Claims = in.Claims // a name may hold what separates names from values in a flag
	}
	q.places, q.tell = x.tree.watch.places, x.known
	a, err := q.answer(ctx)
	if err != nil {
		return api.Explanation{}, err
	}
	text, err := json.Marshal(a)
	return api.Explanation{Action: a.Verdict.Action, Reason: a.Verdict.Reason, JSON: text}, err
}

func flagsOf(in *api.Question) *explainFlags {
	f := &explainFlags{
		url: in.URL, method: in.Method, username: in.Username, groups: in.Groups, email: in.Email, level: string(in.Level), acr: in.ACR, amr: in.AMR,
		ip: in.Client, device: in.Device, agent: in.UserAgent, ja4: in.JA4,
	}
	if in.Who != nil {
		f.user = in.Who.Issuer + "|" + in.Who.Sub
	}
	for name := range in.Claims {
		f.claims = append(f.claims, name+"=")
	}
	if in.EmailUnverified && f.email != "" {
		f.email = "?" + f.email
	}
	if f.method == "" {
		f.method = "GET"
	}
	if f.device == "" {
		f.device = "new"
	}
	if !in.At.IsZero() {
		f.at = in.At.Format(time.RFC3339Nano)
	}
	switch {
	case in.NoAuthTime:
		f.authTime = "none"
	case !in.AuthTime.IsZero():
		f.authTime = in.AuthTime.Format(time.RFC3339Nano)
	}
	return f
}

// inFields says in the words of the API what is said in those of the command line.
func inFields(text string) string {
	return strings.NewReplacer("--url", "url", "--user-agent", "user_agent", "--username", "username", "--user", "subject", "--provider", "subject.provider",
		"--level", "level", "--claim", "claims", "--auth-time", "auth_time", "--at", "at", "--ip", "client", "--device", "device").Replace(text)
}
