package job

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"clawback/config"
	"clawback/retract/policy"
	"clawback/store"
	"clawback/store/memory"
	"clawback/verdict"
)

// bed is a runner over a store in memory, stepped by hand.
type bed struct {
	*Runner
	st    *store.Store
	t     *testing.T
	rests map[string]*rest
}

func newBed(t *testing.T, engine func(*store.Store) Engine) *bed {
	t.Helper()
	st, err := store.New(&memory.Engine{}, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	return &bed{New(Options{Store: st, Engine: engine(st)}), st, t, map[string]*rest{}}
}

// steps does steps until nothing is left to do at once, n at most, and says how many.
func (b *bed) steps(n int) int {
	for i := range n {
		if wait := b.stepAll(b.t.Context(), b.t.Context(), b.rests); wait > 0 {
			return i
		}
	}
	return n
}

func (b *bed) status(id string) Status {
	b.t.Helper()
	s, err := b.Job(b.t.Context(), id)
	if err != nil {
		b.t.Fatal(err)
	}
	return s
}

// records applies n records, those received last first among which fit are of the sender that is searched for.
func (b *bed) records(n int, fits func(i int) bool) {
	for i := range n {
		v, from := verdict.Verdict{Disposition: verdict.Clean}, "bob@x"
		if fits(i) {
			from = "eve@x"
		}
		_, _, err := b.st.Apply(b.t.Context(), store.Application{Key: fmt.Sprint(i), Tenant: tenant, Record: store.Record{
			MessageID: fmt.Sprintf("<%d@x>", i), Content: fmt.Sprint(i), Sender: from, From: from, Verdict: v, FirstHand: true,
			Received: time.Unix(int64(1e9-i), 0), Variants: []store.Variant{{SHA256: fmt.Sprint(i), Verdict: v}}}}, nil)
		if err != nil {
			b.t.Fatal(err)
		}
	}
}

func writing(st *store.Store) Engine { return writer{st: st} }

// A search of which the first steps find nothing goes on to its end: a job is not ended by where its records lie.
func TestJob_goesOnWhereNothingFits(t *testing.T) {
	b := newBed(t, writing)
	const n = 2*scanRows + 7
	b.records(n, func(i int) bool { return i > n-4 }) // the oldest three
	j, err := b.StartJob(t.Context(), Spec{Who: "ada", Action: config.Trash, Filter: &store.RecordFilter{Sender: "eve@"}})
	if err != nil {
		t.Fatal(err)
	}
	b.steps(20)
	if s := b.status(j.ID); s.State != store.JobCompleted || s.Counters.Records != 3 ||
		s.Counters.Outcomes[store.Done] != 3 {
		t.Errorf("job %s (%s), counters %+v", s.State, s.Error, s.Counters)
	}
}

// searches counts the pages of searches.
type searches struct {
	*store.Store
	pages int
}

func (s *searches) Scan(ctx context.Context, f store.RecordFilter, cursor string) (store.RecordPage, error) {
	s.pages++
	return s.Store.Scan(ctx, f, cursor)
}

// A job that is started with what was found is about these records and no others, and does not search again, whatever
// their number.
func TestJob_isAboutWhatWasFound(t *testing.T) {
	for _, n := range []int{0, 1, listPage, listPage + 1} {
		b := newBed(t, func(st *store.Store) Engine { return writer{st: st} })
		counted := &searches{Store: b.st}
		b.Runner.o.Store = counted
		b.records(n, func(int) bool { return true })
		spec := Spec{Who: "ada", Action: config.Trash, Filter: &store.RecordFilter{Sender: "eve@"}}
		found, err := b.FindRecords(t.Context(), spec)
		if err != nil || len(found.IDs) != n || found.Bounded {
			t.Fatalf("found are %d of %d, bounded %t, %v", len(found.IDs), n, found.Bounded, err)
		}
		walk := counted.pages
		b.records(n+5, func(int) bool { return true }) // five more that the search would find
		spec.Found = found.IDs
		j, err := b.StartJob(t.Context(), spec)
		if err != nil {
			t.Fatal(err)
		}
		b.steps(100)
		s := b.status(j.ID)
		if s.State != store.JobCompleted || s.Counters.Records != n || s.Counters.Outcomes[store.Done] != n {
			t.Errorf("of %d records: job %s (%s), counters %+v", n, s.State, s.Error, s.Counters)
		}
		if counted.pages != walk {
			t.Errorf("of %d records: %d pages were searched to find them, and %d after that", n, walk, counted.pages-walk)
		}
		if s.Filter == nil || s.Filter.Sender != "eve@" {
			t.Errorf("the job does not say what was searched for: %+v", s.Filter)
		}
	}
}

// What is found is what a preview counts, for a search as for a list, with ids twice and ids of nothing.
func TestFindRecords_asThePreviewCounts(t *testing.T) {
	b := newBed(t, writing)
	b.records(7, func(i int) bool { return i != 3 })
	all, err := b.FindRecords(t.Context(), Spec{Action: config.Trash, Filter: &store.RecordFilter{}})
	if err != nil || len(all.IDs) != 7 {
		t.Fatalf("found are %v, %v", all.IDs, err)
	}
	for name, spec := range map[string]Spec{
		"a search": {Action: config.Trash, Filter: &store.RecordFilter{Sender: "eve@"}},
		"a list":   {Action: config.Trash, Records: []string{all.IDs[0], "rnone", all.IDs[1], all.IDs[0]}},
		"nothing":  {Action: config.Trash, Filter: &store.RecordFilter{Sender: "nobody@"}},
	} {
		found, err := b.FindRecords(t.Context(), spec)
		p, perr := b.PreviewJob(t.Context(), spec)
		if err != nil || perr != nil || len(found.IDs) != p.Records || found.Bounded != p.Bounded {
			t.Errorf("%s: found are %d, and %d are previewed (%v, %v)", name, len(found.IDs), p.Records, err, perr)
		}
	}
	if _, err := b.FindRecords(t.Context(), Spec{Action: "burn", Filter: &store.RecordFilter{}}); err == nil {
		t.Error("a job that makes no sense finds something")
	}
}

// A list that was not received whole is not worked on, and says so after a restart.
func TestJob_listCutShort(t *testing.T) {
	b := newBed(t, writing)
	j, err := b.st.PutJob(t.Context(), store.JobChange{Job: store.Job{ID: "j1", Action: "trash", State: store.JobReceiving, Found: 2}, Records: []string{"r1", "r2"}})
	if err != nil {
		t.Fatal(err)
	}
	b.setReceiving(j.ID, true)
	b.steps(3)
	if s := b.status("j1"); s.State != store.JobReceiving {
		t.Errorf("while it is received the job is %s", s.State)
	}
	b.setReceiving(j.ID, false)
	b.steps(3)
	if s := b.status("j1"); s.State != store.JobFailed || s.Counters.Mailboxes > 0 ||
		!strings.Contains(s.Error, "start it again") {
		t.Errorf("job %s (%s), counters %+v", s.State, s.Error, s.Counters)
	}
}

// A long list is written a page at a time, each id once, and none is lost or doubled.
func TestJob_longList(t *testing.T) {
	b := newBed(t, writing)
	var ids []string
	for i := range 2*listPage + 1 {
		ids = append(ids, fmt.Sprintf("r%05d", i), fmt.Sprintf("r%05d", i))
	}
	j, err := b.StartJob(t.Context(), Spec{Who: "ada", Action: config.Trash, Records: ids})
	if err != nil {
		t.Fatal(err)
	}
	list, err := b.st.JobRecords(t.Context(), j.ID, 0, len(ids))
	if err != nil || j.Found != 2*listPage+1 || len(list) != j.Found ||
		list[listPage] != fmt.Sprintf("r%05d", listPage) {
		t.Errorf("%d ids, found %d, %v", len(list), j.Found, err)
	}
	b.steps(100)
	if s := b.status(j.ID); s.State != store.JobFailed || s.Counters.Refused != j.Found ||
		len(s.Refusals) != maxRefusals {
		t.Errorf("job %s (%s), counters %+v, %d refusals", s.State, s.Error, s.Counters, len(s.Refusals))
	}
}

// pending orders intents that stay pending.
type pending struct {
	writer
	orders int
}

func (p *pending) Order(ctx context.Context, o policy.Order) ([]store.Intent, error) {
	p.writer.mu.Lock()
	defer p.writer.mu.Unlock()
	p.orders++
	in := store.Intent{ID: store.IntentID(o.Record, "a@x", store.Retract), Record: o.Record, Address: "a@x", Tenant: tenant,
		Kind: store.Retract, Job: o.Job, Outcome: store.Pending, Action: string(o.Action), NotBefore: time.Now()}
	return []store.Intent{in}, p.st.Update(ctx, store.Change{Intents: []store.Intent{in}})
}

// No more intents of a job than the window are due at once, whatever its size.
func TestJob_ordersNoMoreThanTheWindow(t *testing.T) {
	var p *pending
	b := newBed(t, func(st *store.Store) Engine { p = &pending{writer: writer{st, &sync.Mutex{}}}; return p })
	b.records(window+5*orderPage, func(int) bool { return true })
	j, err := b.StartJob(t.Context(), Spec{Who: "ada", Action: config.Trash, Filter: &store.RecordFilter{}})
	if err != nil {
		t.Fatal(err)
	}
	b.steps(200)
	if s := b.status(j.ID); p.orders < window || p.orders >= window+orderPage || s.Counters.Waiting == 0 {
		t.Errorf("%d were ordered, counters %+v", p.orders, s.Counters)
	}
}

// failing is a store whose tallies cannot be read.
type failing struct{ *store.Store }

func (failing) JobTally(context.Context, string) (store.JobTally, error) {
	return store.JobTally{}, store.ErrClosed
}

// A list of jobs does not count what has ended.
func TestJobs_endedAreNotCountedAnew(t *testing.T) {
	b := newBed(t, writing)
	_, err := b.st.PutJob(t.Context(), store.JobChange{Job: store.Job{ID: "j1", State: store.JobCompleted, Found: 0,
		Final: &store.JobTally{Outcomes: map[store.Outcome]int{store.Done: 7}}}})
	if err != nil {
		t.Fatal(err)
	}
	list, err := New(Options{Store: failing{b.st}, Engine: writer{st: b.st}}).Jobs(t.Context())
	if err != nil || len(list) != 1 || list[0].Counters.Mailboxes != 7 {
		t.Errorf("listed %+v, %v", list, err)
	}
}

// What no order can be begun for ends nothing: the page is done again.
func TestJob_brokenStoreLosesNothing(t *testing.T) {
	b := newBed(t, func(st *store.Store) Engine { return broken{writer{st: st}} })
	b.records(3, func(int) bool { return true })
	j, err := b.StartJob(t.Context(), Spec{Who: "ada", Action: config.Trash, Filter: &store.RecordFilter{}})
	if err != nil {
		t.Fatal(err)
	}
	b.steps(10)
	if s := b.status(j.ID); s.State != store.JobProcessing || s.Counters.Waiting != 3 || s.Counters.Refused > 0 {
		t.Errorf("job %s, counters %+v", s.State, s.Counters)
	}
}

type broken struct{ writer }

func (broken) Order(context.Context, policy.Order) ([]store.Intent, error) {
	return nil, errors.Join(store.ErrStorage)
}
