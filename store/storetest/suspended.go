package storetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"clawback/journal"
	"clawback/store"
)

// pausable is a store with a job that can be paused.
type pausable struct {
	Store
	t   *testing.T
	b   *bench
	job store.Job
}

func startPausable(t *testing.T, b *bench) *pausable {
	p := &pausable{Store: b.start(t), t: t, b: b}
	p.job = ok(p.PutJob(t.Context(), store.JobChange{Job: store.Job{ID: "j1", State: store.JobProcessing}}))
	return p
}

func (p *pausable) restart() { p.Store = p.b.restart(p.t, p.Store) }

// pause has the job paused by who, or with "" go on.
func (p *pausable) pause(who string) {
	p.t.Helper()
	p.job.Paused = who
	p.job = ok(p.PutJob(p.t.Context(), store.JobChange{Job: p.job}))
}

// ofJob adds one pending intent of the job's.
func (p *pausable) ofJob(n int, due time.Time) store.Intent {
	p.t.Helper()
	in := pending(p.t, p, Contoso, n, 3, Start.Add(-time.Duration(n)*time.Minute), due)
	in.Job = p.job.ID
	must(p.t, p.Update(p.t.Context(), store.Change{Intents: []store.Intent{in}}))
	return ok(p.Intent(p.t.Context(), in.ID))
}

// due lists what is due, and how many intents were met in the index, those of paused jobs included.
func (p *pausable) due(now time.Time) (due []string, met int) {
	p.t.Helper()
	f := store.DueFilter{Skip: func(string) bool { met++; return false }}
	return numbers(ok(p.Due(p.t.Context(), now, f)).Intents), met
}

func (p *pausable) wantDue(what string, now time.Time, want ...string) {
	p.t.Helper()
	got, met := p.due(now)
	if !slices.Equal(got, want) {
		p.t.Errorf("%s: %q are due, want %q", what, got, want)
	}
	if again, fewer := p.due(now); !slices.Equal(again, want) || fewer != len(want) || met < fewer {
		p.t.Errorf("%s, asked again: %q are due, %d were looked at, want %q alone", what, again, fewer, want)
	}
}

func testSuspended(t *testing.T, b *bench) {
	t.Run("cost nothing while their job is paused", func(t *testing.T) { testPaused(t, &bench{open: b.open}) })
	t.Run("end, or are another's", func(t *testing.T) { testSuspendedChange(t, &bench{open: b.open}) })
	t.Run("job dropped", func(t *testing.T) { testSuspendedDropped(t, &bench{open: b.open}) })
	t.Run("thousands", func(t *testing.T) { testSuspendedMany(t, &bench{open: b.open}) })
	t.Run("commit fails", func(t *testing.T) { testSuspendedCrash(t, b.open) })
}

func testPaused(t *testing.T, b *bench) {
	p := startPausable(t, b)
	hour := Start.Add(time.Hour)
	p.ofJob(1, Start)
	p.ofJob(2, hour)
	pending(t, p, Contoso, 3, 3, Start.Add(-3*time.Minute), Start)
	p.wantDue("before", Start, "1", "3")
	p.pause("ada")
	p.wantDue("paused", Start, "3")
	p.restart()
	p.wantDue("paused, after a restart", Start, "3")
	if next := ok(p.NextDue(t.Context())); !next.Equal(hour) {
		t.Errorf("next due at %v, want %v", next, hour)
	}
	p.wantDue("one that becomes due meanwhile", hour, "3")
	if next := ok(p.NextDue(t.Context())); !next.IsZero() {
		t.Errorf("next due at %v, and all that waits is suspended", next)
	}
	p.ofJob(4, Start)
	p.wantDue("one that is new", hour, "3")
	p.restart()
	p.pause("")
	p.restart()
	p.wantDue("resumed", hour, "1", "2", "3", "4")
	p.pause("ada")
	p.wantDue("paused again", hour, "3")
	p.pause("")
	p.wantDue("with the clock set back", Start, "1", "3", "4")
	p.wantDue("with the clock mended", hour, "1", "2", "3", "4")
}

// testSuspendedChange writes suspended intents: one ends, one becomes another order's, one is put off.
func testSuspendedChange(t *testing.T, b *bench) {
	p := startPausable(t, b)
	ended, taken, later := p.ofJob(1, Start), p.ofJob(2, Start), p.ofJob(3, Start)
	p.pause("ada")
	p.wantDue("paused", Start)
	ended.Outcome, ended.Reason = store.Skipped, "called off"
	taken.Job = ""
	later.NotBefore = Start.Add(time.Hour)
	must(t, p.Update(t.Context(), store.Change{Intents: []store.Intent{ended, taken, later}}))
	p.wantDue("one is another order's", Start, "2")
	p.pause("")
	p.wantDue("resumed", Start, "2")
	p.wantDue("an hour later", Start.Add(time.Hour), "2", "3")
}

func testSuspendedDropped(t *testing.T, b *bench) {
	p := startPausable(t, b)
	p.ofJob(1, Start)
	p.pause("ada")
	p.wantDue("paused", Start)
	must(t, p.DropJob(t.Context(), p.job.ID))
	p.wantDue("its job is dropped", Start, "1")
}

// testSuspendedMany has more intents of a paused job in front of another one than are put aside in one commit.
func testSuspendedMany(t *testing.T, b *bench) {
	const many = 5000
	p := startPausable(t, b)
	a := Report(Contoso, 1)
	a.Record.Recipients = nil
	for i := range many {
		address := fmt.Sprintf("m%d@contoso.example", i)
		a.Record.Recipients = append(a.Record.Recipients, journal.Recipient{Address: address, Type: journal.To})
	}
	_, _, err := p.Apply(t.Context(), a, func(rec store.Record, have []store.Intent) []store.Intent {
		list := PlanAll(rec, have)
		for i := range list {
			list[i].Job = p.job.ID
		}
		return list
	})
	must(t, err)
	pending(t, p, Contoso, 2, 1, Start.Add(-time.Minute), Start)
	p.pause("ada")
	if got := all(t, p, 100); !slices.Equal(numbers(got), []string{"2"}) {
		t.Errorf("%d are due while the job is paused, want one", len(got))
	}
	p.wantDue("all are put aside", Start, "2")
	p.pause("")
	if got := all(t, p, 1000); len(got) != many+1 || got[many].Reason != "2" {
		t.Errorf("%d are due when it is resumed, want %d", len(got), many+1)
	}
}

// all lists all that is due, a page at a time.
func all(t *testing.T, s Store, limit int) (list []store.Intent) {
	t.Helper()
	for f := (store.DueFilter{Limit: limit}); ; {
		page := ok(s.Due(t.Context(), Start, f))
		list = append(list, page.Intents...)
		if f.After = page.Next; f.After == "" {
			return list
		}
	}
}

// testSuspendedCrash fails the commit that puts intents aside, and the one that brings them back: the next start
// finds them where they are to be.
func testSuspendedCrash(t *testing.T, open Opener) {
	for name, resumed := range map[string]bool{"putting aside": false, "resuming": true} {
		t.Run(name, func(t *testing.T) {
			b := &bench{open: open}
			p := startPausable(t, b)
			p.ofJob(1, Start)
			p.pause("ada")
			if resumed {
				p.wantDue("paused", Start)
				p.pause("")
			}
			b.failAt("commit", errors.New("the disk is gone"))
			if _, err := p.Due(t.Context(), Start, store.DueFilter{}); err == nil {
				t.Error("no error of a commit that failed")
			}
			b.failAt("", nil)
			p.restart()
			var want []string
			if resumed {
				want = []string{"1"}
			}
			got, _ := p.due(Start)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("due after the crash (-want +got):\n%s", diff)
			}
			p.pause("")
			p.wantDue("resumed", Start, "1")
		})
	}
}
