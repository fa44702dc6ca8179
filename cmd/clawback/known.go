package main

import (
	"context"
	"net/url"
	"time"

	"clawback/api"
	"clawback/config"
	"clawback/intel"
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

// addKnown adds to a tenant what the configuration's daemon knows beyond the file: policies that were added while it runs, and
// what corrections have taught. Where it cannot be asked, the verdicts rest on the file alone, and a person is told so.
func (y *yardstick) addKnown(a *app, cfg *config.Config, t config.Tenant) {
	ctx, cancel := context.WithTimeout(a.ctx, askingTakes)
	defer cancel()
	client := api.NewClient(cfg.Control.Socket)
	query := "?" + url.Values{"tenant": {t.ID}}.Encode()
	var policies []intel.Policy
	model := &learn.Model{}
	err := client.Get(ctx, "/v1/policies"+query, &policies)
	if err == nil {
		err = client.Get(ctx, "/v1/feedback/model"+query, model)
	}
	if err != nil {
		a.warnf("clawback: judged by %s alone, without the policies that were added to a running daemon and without what it has learnt: %v\n", cfg.File, err)
		y.tenant = inForce(&t, time.Now())
		return
	}
	for _, p := range policies {
		if !p.InFile() { // those of the file are as the file has them now
			t.Policies = append(t.Policies[:len(t.Policies):len(t.Policies)], p.Config())
		}
	}
	y.tenant, y.learnt = inForce(&t, time.Now()), model
}
