package intel

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"clawback/score"
	"clawback/score/rules"
	"clawback/store"
	"clawback/verdict"
)

// BacktestOrder says what is to be tried on which messages.
type BacktestOrder struct {
	Tenant string            `json:"tenant,omitempty"` // GUID; "": all
	Since  time.Time         `json:"since"`
	Limit  int               `json:"limit,omitempty"` // newest messages; 0: 20,000
	Rules  []string          `json:"rules,omitempty"` // ids; empty: all
	Files  map[string]string `json:"files,omitempty"` // name and text of rule files to try; none: the rules in force
}

// maxBacktest is how many messages one backtest reads, unless more are asked for.
const maxBacktest = 20_000

// Backtest is what rules would have done.
type Backtest struct {
	Since      time.Time `json:"since"`
	Messages   int       `json:"messages"`   // that were read
	Unreadable int       `json:"unreadable"` // whose originals are not kept any more
	More       bool      `json:"more"`       // there are older ones than the limit let in
	Rules      []Effect  `json:"rules"`
}

// trial is one backtest under way.
type trial struct {
	judge    *Judge
	rules    []rules.Rule
	watching *score.Scorer   // all rules observe
	acting   []*score.Scorer // for each rule one in which it alone acts

	mu      sync.Mutex
	out     Backtest // owned by mu
	effects []Effect // owned by mu
}

// Backtest judges stored messages again and says what each rule would have done to them. It changes nothing.
func (j *Judge) Backtest(ctx context.Context, o BacktestOrder) (Backtest, error) {
	if !j.testing.TryLock() {
		return Backtest{}, Refuse(ErrBusy, "another backtest is under way: try again when it has ended")
	}
	defer j.testing.Unlock()
	list, err := j.tried(o)
	if err != nil {
		return Backtest{}, err
	}
	if o.Limit <= 0 {
		o.Limit = maxBacktest
	}
	t := &trial{judge: j, rules: list, out: Backtest{Since: o.Since}}
	if err := t.prepare(); err != nil {
		return Backtest{}, err
	}
	if err := t.run(ctx, o); err != nil {
		return Backtest{}, err
	}
	for i := range t.effects {
		t.effects[i].sorted()
	}
	t.out.Rules = t.effects
	return t.out, nil
}

// tried are the rules of an order.
func (j *Judge) tried(o BacktestOrder) ([]rules.Rule, error) {
	list := slices.Clone(j.Rules())
	if len(o.Files) > 0 {
		var err error
		if list, err = parseAll(o.Files); err != nil {
			return nil, err
		}
	}
	if len(o.Rules) > 0 {
		list = slices.DeleteFunc(list, func(r rules.Rule) bool { return !slices.Contains(o.Rules, r.ID) })
	}
	if len(list) == 0 {
		return nil, Refuse(ErrInvalid, "there is no such rule to try: name a folder of rules, or set score.rules_dir "+
			"and reload")
	}
	return list, nil
}

func parseAll(files map[string]string) ([]rules.Rule, error) {
	var list []rules.Rule
	var wrong []error
	for name, text := range files {
		more, err := rules.Parse(name, text)
		list, wrong = append(list, more...), append(wrong, err)
	}
	slices.SortStableFunc(list, func(a, b rules.Rule) int { return strings.Compare(a.File, b.File) })
	if err := errors.Join(wrong...); err != nil {
		return nil, Refuse(ErrInvalid, "%w", err)
	}
	return list, nil
}

// prepare makes the scorers.
func (t *trial) prepare() error {
	var err error
	if t.watching, err = t.scorer(-1); err != nil {
		return err
	}
	t.acting = make([]*score.Scorer, len(t.rules)) // made when they are needed
	for _, r := range t.rules {
		t.effects = append(t.effects, Effect{ID: r.ID, Mode: r.Mode, File: r.File, Line: r.Line,
			By: map[string]int{}, Changed: map[string]int{}, Samples: []Sample{}})
	}
	return nil
}

// scorer is one in which a single rule acts, or none.
func (t *trial) scorer(acts int) (*score.Scorer, error) {
	list := slices.Clone(t.rules)
	for i := range list {
		list[i].Mode = "observe"
		if i == acts {
			list[i].Mode = "act"
		}
	}
	set, err := rules.New(list)
	if err != nil {
		return nil, err
	}
	return t.judge.newScorer(t.judge.config(), set)
}

// run judges the records that the order names, on half of the cores: the daemon goes on taking mail.
func (t *trial) run(ctx context.Context, o BacktestOrder) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	work := make(chan store.Record)
	var workers sync.WaitGroup
	for range max(1, runtime.GOMAXPROCS(0)/2) {
		workers.Go(func() {
			for rec := range work {
				if err := t.one(ctx, rec); err != nil {
					cancel(err)
				}
			}
		})
	}
	err := t.feed(ctx, o, work)
	close(work)
	workers.Wait()
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// feed hands out records, the newest first.
func (t *trial) feed(ctx context.Context, o BacktestOrder, work chan<- store.Record) error {
	f := store.RecordFilter{Tenant: o.Tenant, Since: o.Since, Limit: 200}
	for left := o.Limit; ; {
		page, err := t.judge.o.Records.Records(ctx, f)
		if err != nil && !errors.Is(err, store.ErrBound) {
			return fmt.Errorf("read records: %w", err)
		}
		for _, rec := range page {
			if left--; left < 0 {
				t.out.More = true
				return nil
			}
			select {
			case work <- rec:
			case <-ctx.Done():
				return nil
			}
		}
		if len(page) < f.Limit {
			return nil
		}
		f.After = page[len(page)-1].ID
	}
}

// one tries all rules on one record.
func (t *trial) one(ctx context.Context, rec store.Record) error {
	o, err := t.judge.reopen(ctx, rec)
	if store.Unavailable(err) {
		return err
	}
	if err != nil { // its bytes are past their retention
		t.mu.Lock()
		defer t.mu.Unlock()
		t.out.Unreadable++
		return nil
	}
	defer o.Close()
	base, err := t.watching.Score(ctx, o.message)
	if err != nil {
		return fmt.Errorf("judge record %s: %w", rec.ID, err)
	}
	t.mu.Lock()
	t.out.Messages++
	t.mu.Unlock()
	for i, r := range t.rules {
		if err := t.effect(ctx, i, try{rec, o.message, base, r}); err != nil {
			return err
		}
	}
	return nil
}

// try is one rule on one message.
type try struct {
	rec     store.Record
	message score.Message
	base    score.Result
	rule    rules.Rule
}

func (y try) matched() bool {
	return slices.ContainsFunc(y.base.Reasons, func(r verdict.Reason) bool { return r.ID == "rule."+y.rule.ID })
}

// failed: the scorer names a rule that could not be run among what degraded its verdict.
func (y try) failed() bool {
	return slices.ContainsFunc(y.base.Degraded,
		func(s string) bool { return strings.HasPrefix(s, "run rule "+y.rule.ID+":") })
}

// effect notes what the rule of this index does.
func (t *trial) effect(ctx context.Context, i int, y try) error {
	if !y.matched() {
		if y.failed() {
			t.mu.Lock()
			t.effects[i].Failed++
			t.mu.Unlock()
		}
		return nil
	}
	s, err := t.actor(i)
	if err != nil {
		return err
	}
	would, err := s.Score(ctx, y.message)
	if err != nil {
		return fmt.Errorf("judge record %s: %w", y.rec.ID, err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.effects[i].add(y, would.Disposition)
	return nil
}

// actor is the scorer in which this rule acts.
func (t *trial) actor(i int) (s *score.Scorer, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.acting[i] == nil {
		t.acting[i], err = t.scorer(i)
	}
	return t.acting[i], err
}
