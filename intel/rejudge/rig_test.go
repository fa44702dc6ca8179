package rejudge

import (
	"context"
	"errors"
	"testing"
	"time"

	"clawback/config"
	"clawback/retract/policy"
	"clawback/store"
	"clawback/store/memory"
	"clawback/store/storetest"
	"clawback/verdict"
)

// rig is a Runner over a store in memory, with a judge that is told what to answer.
type rig struct {
	*Runner
	t       *testing.T
	s       *faulty
	now     time.Time
	n       int
	rules   string
	says    map[string]verdict.Verdict // by record; none: its original is not kept any more
	panics  map[string]bool
	read    []string                       // records whose originals were read
	raised  map[string]verdict.Disposition // by record: what an indicator makes of it
	cfg     config.Rejudge
	actions config.Actions // of the tenants, as are
	mode    string
	percent float64  // of the brake that one campaign may have
	off     bool     // the schedule of the first tenant is switched off
	planned []string // disposition of each record that was planned
	// Records that what has changed does not concern.
	untouched map[string]bool
}

// faulty is a store that fails after so many writes, and counts its scans.
type faulty struct {
	*store.Store
	after   int // -1: never
	scans   int
	noScans bool // no scan succeeds
}

var errKilled = errors.New("killed here")

func (f *faulty) fails() bool {
	if f.after == 0 {
		return true
	}
	f.after--
	return false
}

func (f *faulty) Rejudge(ctx context.Context, j store.Rejudgement) (store.Record, bool, error) {
	if f.fails() {
		return store.Record{}, false, errKilled
	}
	return f.Store.Rejudge(ctx, j)
}

func (f *faulty) Update(ctx context.Context, c store.Change) error {
	if f.fails() {
		return errKilled
	}
	return f.Store.Update(ctx, c)
}

func (f *faulty) Scan(ctx context.Context, filter store.RecordFilter, cursor string) (store.RecordPage, error) {
	if f.scans++; f.noScans {
		return store.RecordPage{}, errKilled
	}
	return f.Store.Scan(ctx, filter, cursor)
}

func newRig(t *testing.T) *rig {
	t.Helper()
	g := &rig{t: t, now: storetest.Start, rules: "1", says: map[string]verdict.Verdict{}, panics: map[string]bool{},
		raised: map[string]verdict.Disposition{}, actions: config.DefaultActions(), mode: "live",
		untouched: map[string]bool{},
		cfg: config.Rejudge{After: []time.Duration{5 * time.Minute, 12 * time.Hour, 24 * time.Hour},
			Rate: config.Off}}
	s, err := store.New(&memory.Engine{}, store.Options{Now: func() time.Time { return g.now }})
	must(t, err)
	g.s = &faulty{Store: s, after: -1}
	t.Cleanup(func() { s.Close() })
	g.open()
	return g
}

// open makes a Runner as a process does that was started again.
func (g *rig) open() {
	g.t.Helper()
	var err error
	g.Runner, err = New(g.t.Context(), Options{Store: g.s, Judge: g, Indicators: g,
		Now: func() time.Time { return g.now }, Config: func() config.Rejudge { return g.cfg },
		Tenants: func() []config.Tenant {
			live := config.Tenant{Mode: g.mode, Domains: []string{"contoso.example"}, Actions: g.actions}
			live.Brake.CampaignPercent = g.percent
			contoso, fabrikam := live, live
			contoso.ID, contoso.Rejudge = storetest.Contoso, !g.off
			fabrikam.ID, fabrikam.Rejudge = storetest.Fabrikam, true
			return []config.Tenant{contoso, fabrikam}
		},
		Plan: func(t *config.Tenant) store.Planner {
			return func(rec store.Record, have []store.Intent) []store.Intent {
				if rec.Rejudged != nil { // else it is asked what would be done
					g.planned = append(g.planned, rec.Verdict.Disposition.String())
				}
				return policy.Plan(t, g.now)(rec, have)
			}
		}})
	must(g.t, err)
}

// Version implements Judge.
func (g *rig) Version(string) (rules, knowledge string) { return g.rules, "k" }

// Touched implements Judge.
func (g *rig) Touched(rec store.Record, form store.Variant) bool {
	return form.Verdict.Rules != g.rules && !g.untouched[rec.ID]
}

// Again implements Judge.
func (g *rig) Again(_ context.Context, rec store.Record, _ string) (verdict.Verdict, error) {
	if g.panics[rec.ID] {
		panic("a fault of the scorer's")
	}
	v, kept := g.says[rec.ID]
	if !kept {
		return v, errors.New("its original is not kept any more")
	}
	g.read = append(g.read, rec.ID)
	v.Rules, v.Knowledge = g.rules, "k"
	return v, nil
}

// Raised implements Indicators.
func (g *rig) Raised(rec store.Record, _ store.Variant, v verdict.Verdict) verdict.Verdict {
	v.Disposition = max(v.Disposition, g.raised[rec.ID])
	return v
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// mail stores a message that comes now, judged by the version of now.
func (g *rig) mail(tenant string, d verdict.Disposition, edit func(*store.Record)) store.Record {
	g.t.Helper()
	g.n++
	a := storetest.Report(tenant, g.n)
	v := verdict.Verdict{Disposition: d, Rules: g.rules, Knowledge: "k"}
	a.Record.Received = g.now
	a.Record.Verdict, a.Record.Variants[0].Verdict, a.Record.Variants[0].FirstHand = v, v, true
	a.Record.Variants[0].Report = a.Key
	if edit != nil {
		edit(&a.Record)
		a.Record.Verdict = a.Record.Variants[0].Verdict
	}
	rec, _, err := g.s.Apply(g.t.Context(), a, func(store.Record, []store.Intent) []store.Intent { return nil })
	must(g.t, err)
	return rec
}

// saying has the judge say something else of a record.
func (g *rig) saying(rec store.Record, d verdict.Disposition) store.Record {
	g.says[rec.ID] = verdict.Verdict{Disposition: d, Reasons: []verdict.Reason{{ID: "new", Text: "It is so."}}}
	return rec
}

// pass lets time go by, in steps as the daemon makes them.
func (g *rig) pass(d time.Duration) {
	g.t.Helper()
	for end := g.now.Add(d); g.now.Before(end); {
		g.now = g.now.Add(min(10*time.Minute, end.Sub(g.now)))
		g.settle()
	}
}

// settle does all that there is to do now.
func (g *rig) settle() {
	g.t.Helper()
	for n := 0; ; n++ {
		more, err := g.step(g.t.Context())
		must(g.t, err)
		if !more {
			return
		}
		if n > 10_000 {
			g.t.Fatal("it never comes to an end")
		}
	}
}

func (g *rig) get(rec store.Record) store.Record {
	g.t.Helper()
	now, err := g.s.Record(g.t.Context(), rec.ID)
	must(g.t, err)
	return now
}

func (g *rig) wants(what string, rec store.Record, want verdict.Disposition) {
	g.t.Helper()
	if got := g.get(rec).Verdict.Disposition; got != want {
		g.t.Errorf("%s: it is %s, want %s", what, got, want)
	}
}

// changes is how often verdicts were replaced, by the audit.
func (g *rig) changes() int {
	g.t.Helper()
	acts, err := g.s.Audit(g.t.Context(), store.AuditFilter{What: "verdict.changed"})
	must(g.t, err)
	return len(acts)
}

// notices are the kinds of what a person is told.
func (g *rig) notices() (kinds []string) {
	g.t.Helper()
	list, err := g.s.Notices(g.t.Context(), "")
	must(g.t, err)
	for _, n := range list {
		kinds = append(kinds, n.Kind)
	}
	return kinds
}
