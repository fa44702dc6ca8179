package main

import (
	"cmp"
	"context"
	"time"

	"clawback/api"
	"clawback/api/client"
	"clawback/config"
	"clawback/score"
	"clawback/score/attach/confined"
	"clawback/score/learn"
)

// yardstick is what files are judged by, without a daemon.
type yardstick struct {
	scorer *score.Scorer
	tenant *config.Tenant // whose mail the files are taken for; nil: nobody's
	learnt *learn.Model   // nil: nothing
	files  *confined.Pool // what looks into attached files
}

// use makes the scorer.
func (y *yardstick) use(o score.Options) (err error) {
	o.Inspector = y.files
	y.scorer, err = score.New(o)
	return err
}

func (y *yardstick) close() { _ = y.files.Close() }

// filesOptions are those of score.Files.
func (a *app) filesOptions(y *yardstick, workers int) score.FilesOptions {
	return score.FilesOptions{Workers: workers, Tenant: y.tenant, Learnt: y.learnt, Stdin: a.in}
}

// askingTakes is how long a daemon may take to say what it knows.
const askingTakes = 10 * time.Second

// addKnown adds to a tenant what the configuration's daemon knows beyond the file: policies that were added while it
// runs, and what corrections have taught. Where it cannot be asked, the verdicts rest on the file alone, and a person
// is told so.
func (y *yardstick) addKnown(a *app, cfg *config.Config, t config.Tenant) {
	ctx, cancel := context.WithTimeout(a.ctx, askingTakes)
	defer cancel()
	asking := *a
	asking.ctx, asking.client = ctx, client.New(cfg.Control.Socket)
	policies, err := every(&asking, api.ListPolicies, ofTenant{t.ID}.query)
	var model api.Model
	if err == nil {
		model, err = client.Do(ctx, asking.client, api.ShowModel, api.TenantRef{Tenant: t.ID})
	}
	if err != nil {
		a.warnf("clawback: judged by %s alone, without the policies that were added to a running daemon and without "+
			"what it has learned: %v\n", cfg.File, err)
		y.tenant = inForce(&t, time.Now())
		return
	}
	for _, p := range policies {
		if !p.InFile { // those of the file are as the file has them now
			t.Policies = append(t.Policies[:len(t.Policies):len(t.Policies)], policyConfig(p))
		}
	}
	y.tenant, y.learnt = inForce(&t, time.Now()), modelOf(model)
}

// policyConfig is a policy as the scorer takes it.
func policyConfig(p api.Policy) config.Policy {
	return config.Policy{Kind: p.Kind, Pattern: p.Pattern, Field: cmp.Or(p.Field, "any"), Verify: p.Verify,
		Note: p.Note, Expires: p.Expires}
}

// modelOf is what a tenant's corrections have taught, as the scorer takes it.
func modelOf(m api.Model) *learn.Model {
	out := &learn.Model{Bad: m.Unwanted, Good: m.Good, Tokens: make(map[string]learn.Counts, len(m.Tokens))}
	for token, n := range m.Tokens {
		out.Tokens[token] = learn.Counts{Bad: n.Unwanted, Good: n.Good}
	}
	return out
}
