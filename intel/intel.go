package intel

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"clawback/config"
	"clawback/score"
	"clawback/score/engines"
	"clawback/score/learn"
	"clawback/score/rules"
	"clawback/spool"
	"clawback/store"
	"clawback/verdict/history"
)

// Tables are where policies and corrections are kept. *store.Store has them.
type Tables interface {
	Policies(ctx context.Context, tenant string) ([]store.Policy, error)
	Correction(ctx context.Context, tenant, record string) (store.Correction, error)
	Corrections(ctx context.Context, tenant string) ([]store.Correction, error)
	CorrectedTenants(ctx context.Context) ([]string, error)
	Update(ctx context.Context, c store.Change) error
}

// Records is what was judged before. *store.Store is one.
type Records interface {
	Record(ctx context.Context, id string) (store.Record, error)
	Records(ctx context.Context, f store.RecordFilter) ([]store.Record, error)
	Read(ctx context.Context, record, report string) ([]history.Entry, error)
}

// Options wire a Judge.
type Options struct {
	Tables  Tables
	Records Records
	Tenant  func(id string) (*config.Tenant, bool) // as the configuration has it
	Scorer  func(*config.Config) score.Options     // what the scorer is made with, but for the rules
	Open    func(spool.Ref) (Body, error)          // the octets of a report
	Ages    engines.Engine                         // knows when domains were registered; nil: nobody may be asked
	// Told of each message for which an engine was not there; nil: nobody is.
	Away func(engine, why string)
	Now  func() time.Time // nil: time.Now
}

// Body is the octets of a report. *spool.Body is one.
type Body interface {
	io.ReaderAt
	Size() int64
	Close() error
}

// Judge judges messages by all that is known now. It may be used by several goroutines.
type Judge struct {
	o       Options
	viewing chan struct{} // holds the one message that is being taken apart for a person

	mu       sync.RWMutex
	cfg      *config.Config            // owned by mu, as all below
	rules    *rules.Set                //
	scorer   *score.Scorer             // replaced whole whenever rules, configuration or policies change
	engines  engines.Set               //
	added    map[string][]Policy       // by tenant, in order of their ids
	tenants  map[string]*config.Tenant // with the policies that were added; of this configuration
	versions map[string]string         // of each tenant's configuration and policies
	lessons  map[string]*lessons       // by tenant

	policySets policySets // that were in force

	writing sync.Mutex // one change of policies or corrections at a time
	testing sync.Mutex // one backtest at a time
}

// New makes a Judge with what is in the store and in the configuration.
func New(ctx context.Context, cfg *config.Config, o Options) (*Judge, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	j := &Judge{o: o, viewing: make(chan struct{}, 1), added: map[string][]Policy{}, lessons: map[string]*lessons{}}
	ready, err := j.Prepare(cfg)
	if err != nil {
		return nil, err
	}
	if err := j.readPolicies(ctx); err != nil {
		return nil, err
	}
	if err := j.readLessons(ctx); err != nil {
		return nil, err
	}
	ready.Use()
	return j, nil
}

// Ready is a configuration whose rules were checked.
type Ready struct {
	judge  *Judge
	cfg    *config.Config
	rules  *rules.Set
	scorer *score.Scorer
}

// Prepare reads and checks the rules of a configuration, and changes nothing. The error names every problem, with file,
// line and column.
func (j *Judge) Prepare(cfg *config.Config) (Ready, error) {
	set, err := LoadRules(cfg.Score)
	if err != nil {
		return Ready{}, err
	}
	s, err := j.newScorer(cfg, set)
	return Ready{j, cfg, set, s}, err
}

// LoadRules reads the operator's own rules; nil where none are configured.
func LoadRules(c config.Score) (*rules.Set, error) {
	if c.RulesDir == "" {
		return nil, nil
	}
	return rules.Load(c.RulesDir)
}

func (j *Judge) newScorer(cfg *config.Config, set *rules.Set) (*score.Scorer, error) {
	o := j.o.Scorer(cfg)
	o.Rules = set
	s, err := score.New(o)
	if err != nil {
		return nil, fmt.Errorf("make scorer: %w", err)
	}
	return s, nil
}

// Use puts the configuration and its rules in force.
func (r Ready) Use() {
	j := r.judge
	asked := newEngines(r.cfg.Engines)
	if s := r.cfg.Score; j.o.Ages != nil && s.DomainAgeMalicious+s.DomainAgeSuspicious > 0 {
		asked.Engines = append(asked.Engines, j.o.Ages)
	}
	j.writing.Lock() // a change of policies makes a new scorer too
	defer j.writing.Unlock()
	j.mu.Lock()
	defer j.mu.Unlock()
	j.cfg, j.rules, j.scorer, j.engines = r.cfg, r.rules, r.scorer, asked
	j.merge()
}

// knowledge is all that one verdict rests on, taken at one time.
type knowledge struct {
	scorer  *score.Scorer
	engines engines.Set
	tenant  *config.Tenant
	learnt  *learn.Model
	version string // of the tenant's policies and corrections
}

func (j *Judge) of(t *config.Tenant) knowledge {
	j.mu.RLock()
	defer j.mu.RUnlock()
	k := knowledge{scorer: j.scorer, engines: j.engines, tenant: t}
	if t == nil {
		return k
	}
	if merged, ok := j.tenants[t.ID]; ok {
		k.tenant, k.version = merged, j.versions[t.ID]
	}
	if l := j.lessons[t.ID]; l != nil && l.model.Ready() {
		k.learnt = l.model
		k.version += fmt.Sprintf("+learnt-%d-%d", l.model.Bad, l.model.Good)
	}
	return k
}

// Score asks the engines beside the scorer, then the scorer.
func (j *Judge) Score(ctx context.Context, m score.Message) (score.Result, error) {
	k := j.of(m.Tenant)
	m.Tenant, m.Learnt = k.tenant, k.learnt
	if len(k.engines.Engines) > 0 {
		if asked, err := k.scorer.EngineMessage(m); err == nil { // else the scorer cannot read it either, and says so
			m.Findings, m.Degraded = k.engines.Ask(ctx, asked)
			j.reportUnavailable(m.Degraded)
		}
	}
	result, err := k.scorer.Score(ctx, m)
	result.Knowledge += k.version
	return result, err
}

// Version is that of the rules and of the knowledge that a tenant's mail is judged by now, as verdicts name them.
func (j *Judge) Version(tenant string) (rules, knowledge string) {
	t, ok := j.o.Tenant(tenant)
	if !ok {
		return "", ""
	}
	k := j.of(t)
	rules, knowledge = k.scorer.Version()
	return rules, knowledge + k.version
}

// reportUnavailable tells of engines that could not be asked. Each is named first in what the verdict is degraded by.
func (j *Judge) reportUnavailable(degraded []string) {
	if j.o.Away == nil {
		return
	}
	for _, d := range degraded {
		engine, why, _ := strings.Cut(d, ": ")
		j.o.Away(engine, why)
	}
}

// Rules are the rules in force, in order.
func (j *Judge) Rules() []rules.Rule {
	set := j.ruleSet()
	if set == nil {
		return []rules.Rule{}
	}
	return set.Rules()
}

func (j *Judge) ruleSet() *rules.Set {
	j.mu.RLock()
	defer j.mu.RUnlock()
	return j.rules
}

// tenant finds a tenant by its GUID.
func (j *Judge) tenant(id string) (*config.Tenant, error) {
	t, ok := j.o.Tenant(id)
	if !ok {
		return nil, Refuse(ErrInvalid, "tenant %q: %w", id, errUnknownTenant)
	}
	return t, nil
}

var errUnknownTenant = errors.New("is not in the configuration")
