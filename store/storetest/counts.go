package storetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"clawback/store"
	"clawback/verdict"
)

// testCounts runs random histories and requires after each that the counters equal a recount.
func testCounts(t *testing.T, b *bench) {
	for seed := range uint64(5) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			b := &bench{open: b.open}
			w := &walker{t: t, b: b, s: b.start(t), rnd: rand.New(rand.NewPCG(seed, 1)), alone: true}
			for i := range 300 {
				w.step()
				if i%60 == 0 {
					w.s = b.restart(t, w.s)
				}
			}
			snapshot(t, w.s)
		})
	}
	t.Run("many at once", func(t *testing.T) { testTogether(t, &bench{open: b.open}) })
	t.Run("validated", func(t *testing.T) {
		s := (&bench{open: b.open}).start(t)
		must(t, s.Validated(t.Context(), Contoso, Start))
		must(t, s.Validated(t.Context(), Contoso, Start.Add(-time.Hour)))
		if c := ok(s.Counts(t.Context(), "")); !c.ConnectorValidated.Equal(Start) {
			t.Errorf("connector validated at %v, want %v", c.ConnectorValidated, Start)
		}
	})
}

// testTogether lets several walkers loose on one store: they meet conflicts, and leave nothing wrong.
func testTogether(t *testing.T, b *bench) {
	s := b.start(t)
	var wg sync.WaitGroup
	for seed := range uint64(8) {
		wg.Go(func() {
			w := &walker{t: t, b: b, s: s, rnd: rand.New(rand.NewPCG(seed, 2))}
			for range 150 {
				w.step()
			}
		})
	}
	wg.Wait()
	snapshot(t, b.restart(t, s))
}

// walker makes random calls on a store. Another one may be at the same rows.
type walker struct {
	t   *testing.T
	b   *bench
	s   Store
	rnd *rand.Rand

	alone bool
}

// try reports an error, but for those that mean that somebody else was first. It says whether there was none.
func (w *walker) try(err error) bool {
	w.t.Helper()
	raced := errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrNotFound)
	if err != nil && (w.alone || !raced) {
		w.t.Error(err)
	}
	return err == nil
}

func (w *walker) step() {
	w.b.advance(time.Duration(w.rnd.IntN(120)) * time.Second)
	switch w.rnd.IntN(10) {
	case 0, 1, 2, 3:
		w.report()
	case 4, 5, 6, 7:
		w.work()
	case 8:
		w.rejudge()
	case 9:
		_, err := w.s.Expire(w.t.Context(), store.Retention{
			Records: w.b.now().Add(-time.Hour), Attempts: w.b.now().Add(-time.Hour),
			Applied: w.b.now().Add(-3 * time.Hour),
		})
		w.try(err)
	}
}

// report applies a new report, a fork, one not first-hand, or one that was applied before.
func (w *walker) report() {
	a := Report([]string{Contoso, Fabrikam}[w.rnd.IntN(2)], w.rnd.IntN(40))
	a.Record.Received, a.History[0].At = w.b.now(), w.b.now()
	a.Record.Variants[0].Verdict.Disposition = verdict.Disposition(w.rnd.IntN(7))
	if w.rnd.IntN(3) == 0 {
		a.Key += " fork"
		a.Record.Variants[0].SHA256 += "fork"
		a.Record.Recipients[0].Address = "bert@contoso.example"
	}
	if w.rnd.IntN(5) == 0 {
		a.Key, a.Network, a.Record.FirstHand = a.Key+" forged", "", false
	}
	_, _, err := w.s.Apply(w.t.Context(), a, PlanAll)
	w.try(err)
}

// work begins and completes an attempt with a random outcome.
func (w *walker) work() {
	list := ok(w.s.Due(w.t.Context(), w.b.now(), store.DueFilter{Limit: 5})).Intents
	if len(list) == 0 {
		return
	}
	in := list[w.rnd.IntN(len(list))]
	in, attempt, err := w.s.Begin(w.t.Context(), in,
		store.Attempt{Operation: []string{store.OpMove, "find"}[w.rnd.IntN(2)]})
	if !w.try(err) || w.rnd.IntN(4) == 0 {
		return // its answer never comes
	}
	outcomes := []store.Outcome{store.Pending, store.Done, store.Gone, store.NotFound, store.Mismatch, store.Failed,
		store.Held, store.Skipped}
	in.Outcome = outcomes[w.rnd.IntN(len(outcomes))]
	in.NotBefore = w.b.now().Add(time.Duration(w.rnd.IntN(1000)) * time.Second)
	_, err = w.s.Complete(w.t.Context(), in, attempt)
	w.try(err)
}

// rejudge gives a record another verdict and its held intents another chance.
func (w *walker) rejudge() {
	list := ok(w.s.Records(w.t.Context(), store.RecordFilter{}))
	if len(list) == 0 {
		return
	}
	rec := list[w.rnd.IntN(len(list))]
	rec.Verdict.Disposition = verdict.Disposition(w.rnd.IntN(7))
	intents := ok(w.s.Intents(w.t.Context(), rec.ID))
	for i := range intents {
		if intents[i].Outcome == store.Held {
			intents[i].Outcome = store.Pending
		}
	}
	w.try(w.s.Update(w.t.Context(), store.Change{Record: &rec, Intents: intents, Act: &store.Act{What: "rejudge"}}))
}
