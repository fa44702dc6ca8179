package daemon

import (
	"context"

	"clawback/config"
	"clawback/intel/indicator"
	"clawback/intel/rejudge"
	"clawback/internal/failpoint"
	"clawback/store"
	"clawback/store/index"
)

// indexed is the store, with searches by the index.
type indexed struct {
	*store.Store
	index *index.Index
}

// Records lists what a filter selects.
func (s indexed) Records(ctx context.Context, f store.RecordFilter) ([]store.Record, error) {
	return s.index.Records(ctx, f)
}

// Scan is Records a step at a time.
func (s indexed) Scan(ctx context.Context, f store.RecordFilter, cursor string) (store.RecordPage, error) {
	return s.index.Scan(ctx, f, cursor)
}

// ProbeTerms answers which messages carry any of many terms.
func (s indexed) ProbeTerms(ctx context.Context, p store.Probe) (store.Hits, error) {
	return s.index.ProbeTerms(ctx, p)
}

// openIndex opens the index of the store.
func (d *daemon) openIndex(ctx context.Context) (err error) {
	d.index, err = index.Open(ctx, d.cfg.StateDir, d.store, indexPace(index.Options{Log: d.log, Fail: failpoint.Hit}))
	return err
}

// found is the store as searches see it.
func (d *daemon) found() indexed { return indexed{d.store, d.index} }

// openIndicators opens what bad mail is known by beside the scorer.
func (d *daemon) openIndicators(ctx context.Context) (err error) {
	d.indicators, err = indicator.New(ctx, indicator.Options{
		Store: d.found(), Judge: d.judge, Log: d.log,
		Tenants: func() []config.Tenant { return d.live.config().Tenants },
		Plan:    func(t *config.Tenant) store.Planner { return store.Planner(d.pipelineOptions().Plan(t)) },
		Wake:    func() { d.engine.Wake() },
	})
	return err
}

// rejudgeOptions wire what judges delivered messages again.
func (d *daemon) rejudgeOptions() rejudge.Options {
	return rejudge.Options{
		Store: d.found(), Judge: d.judge, Indicators: d.indicators, Log: d.log,
		Config:  func() config.Rejudge { return d.live.config().Rejudge },
		Tenants: func() []config.Tenant { return d.live.config().Tenants },
		Plan:    func(t *config.Tenant) store.Planner { return store.Planner(d.pipelineOptions().Plan(t)) },
		Wake:    func() { d.engine.Wake() },
	}
}
