package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"clawback/store"
)

func testJobs(t *testing.T, b *bench) {
	t.Run("rows", func(t *testing.T) { testJobRows(t, &bench{open: b.open}) })
	t.Run("tally", func(t *testing.T) { testJobTally(t, &bench{open: b.open}) })
	t.Run("scan", func(t *testing.T) { testScan(t, &bench{open: b.open}) })
}

// testJobRows writes a job and its ids a page at a time, across a restart, and drops it.
func testJobRows(t *testing.T, b *bench) {
	s := b.start(t)
	j := ok(s.PutJob(t.Context(), store.JobChange{Job: store.Job{ID: "j1", Who: "ada", State: store.JobDiscovering,
		Created: Start},
		Act: &store.Act{Who: "ada", What: "start bulk retract", Object: "j1"}}))
	var want []string
	for page := range 3 {
		var ids []string
		for n := range 500 {
			ids = append(ids, fmt.Sprintf("r%d-%d", page, n))
		}
		want = append(want, ids...)
		j.Found = len(want)
		first := j
		j = ok(s.PutJob(t.Context(), store.JobChange{Job: j, Records: ids}))
		if _, err := s.PutJob(t.Context(), store.JobChange{Job: first, Records: ids}); !errors.Is(err,
			store.ErrConflict) {
			t.Errorf("a row that was written since: %v, want a conflict", err)
		}
	}
	s = b.restart(t, s)
	if diff := cmp.Diff(j, ok(s.Job(t.Context(), "j1"))); diff != "" {
		t.Errorf("job (-want +got):\n%s", diff)
	}
	for _, from := range []int{0, 499, 1499, 1500} {
		if diff := cmp.Diff(want[from:min(from+700, 1500)], ok(s.JobRecords(t.Context(), "j1", from, 700)),
			equateEmpty()); diff != "" {
			t.Errorf("ids from %d (-want +got):\n%s", from, diff)
		}
	}
	other := ok(s.PutJob(t.Context(), store.JobChange{Job: store.Job{ID: "j11", Found: 1,
		Created: Start.Add(time.Second)}, Records: []string{"r"}}))
	must(t, s.DropJob(t.Context(), "j1"))
	if _, err := s.Job(t.Context(), "j1"); !errors.Is(err, store.ErrNotFound) ||
		len(ok(s.JobRecords(t.Context(), "j1", 0, 9))) > 0 {
		t.Errorf("the dropped job: %v", err)
	}
	if diff := cmp.Diff([]store.Job{other}, ok(s.Jobs(t.Context()))); diff != "" ||
		len(ok(s.JobRecords(t.Context(), "j11", 0, 9))) != 1 {
		t.Errorf("another job (-want +got):\n%s", diff)
	}
}

func equateEmpty() cmp.Option {
	return cmp.Transformer("empty", func(l []string) []string {
		if len(l) == 0 {
			return nil
		}
		return l
	})
}

// testJobTally changes an intent of a job in every way that counts. That each tally equals a recount is verified when
// the store is closed.
func testJobTally(t *testing.T, b *bench) {
	s := b.start(t)
	j := ok(s.PutJob(t.Context(), store.JobChange{Job: store.Job{ID: "j1"}}))
	rec := apply(t, s, Report(Contoso, 1))
	id := store.IntentID(rec.ID, rec.Recipients[0].Address, store.Retract)
	for _, step := range []struct {
		name   string
		change func(*store.Intent)
		want   store.JobTally
	}{
		{"not the job's", func(*store.Intent) {}, store.JobTally{}},
		{"the job's", func(in *store.Intent) { in.Job = "j1" }, tallyOf(store.Pending, 0, 0)},
		{"absent", func(in *store.Intent) { in.Misses = 2 }, tallyOf(store.Pending, 1, 0)},
		{"not found, and looked for again",
			func(in *store.Intent) { in.Outcome, in.NotBefore = store.NotFound, Start }, tallyOf(store.NotFound, 0, 1)},
		{"done",
			func(in *store.Intent) { in.Outcome, in.NotBefore = store.Done, time.Time{} }, tallyOf(store.Done, 0, 0)},
		{"held in doubt", func(in *store.Intent) {
			in.Outcome, in.Hold, in.NotBefore = store.Held, store.HoldIdentity, Start
		}, tallyOf(store.Held, 0, 1)},
		{"held by the brake", func(in *store.Intent) { in.Hold = "brake" }, tallyOf(store.Held, 0, 0)},
		{"of a job that is not known", func(in *store.Intent) { in.Job = "j2" }, store.JobTally{}},
		{"back again", func(in *store.Intent) { in.Job = j.ID }, tallyOf(store.Held, 0, 0)},
	} {
		in := ok(s.Intent(t.Context(), id))
		step.change(&in)
		must(t, s.Update(t.Context(), store.Change{Intents: []store.Intent{in}}))
		if diff := cmp.Diff(step.want, ok(s.JobTally(t.Context(), "j1"))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", step.name, diff)
		}
	}
	s = b.restart(t, s)
	b.advance(48 * time.Hour)
	_, err := s.Expire(t.Context(), store.Retention{})
	must(t, err)
}

func tallyOf(o store.Outcome, absent, returns int) store.JobTally {
	return store.JobTally{Outcomes: map[store.Outcome]int{o: 1}, Absent: absent, Returns: returns}
}

// testScan searches a step at a time: a step in which nothing fits does not end the search, and neither does a record
// that expires where it stopped.
func testScan(t *testing.T, b *bench) {
	s := b.start(t)
	ids := map[string]string{}
	for n := range 9 {
		a := Report([]string{Contoso, Fabrikam}[n%2], n)
		a.Record.Received = Start.Add(time.Duration(n) * time.Minute)
		if n == 0 || n == 4 {
			a.Record.Subject = fmt.Sprint("Offer   ", n)
		}
		rec := apply(t, s, a)
		ids[rec.ID] = rec.Subject[len("Invoice "):]
	}
	for _, step := range []struct{ scan, limit int }{{1, 9}, {2, 9}, {9, 1}, {20, 20}} {
		got, cursor, steps := "", "", 0
		for {
			page := ok(s.Scan(t.Context(), store.RecordFilter{Subject: "offer", Scan: step.scan, Limit: step.limit},
				cursor))
			got += subjects(ids, page.Records)
			if cursor = page.Next; cursor == "" {
				break
			}
			if steps++; steps > 20 {
				t.Fatalf("scan %+v does not end", step)
			}
		}
		if got != "40" {
			t.Errorf("scan %+v found %q, want 40", step, got)
		}
	}
	if _, err := s.Scan(t.Context(), store.RecordFilter{}, "%"); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("a cursor that is none: %v", err)
	}
}
