package pipeline

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"clawback/queue"
	"clawback/queue/memory"
	"clawback/score"
	"clawback/store"
	"clawback/verdict"
)

// inFlight is as many items as the daemon has in flight at once.
const inFlight = 256

// crowd has a scorer hold every item until all are being scored, then calls the stop, and lets go when it is told to.
type crowd struct {
	all   sync.WaitGroup
	letGo chan struct{}
}

func (c *crowd) score(context.Context, score.Message) (score.Result, error) {
	c.all.Done()
	<-c.letGo
	return result(verdict.Clean), nil
}

// fillWith puts so many reports, of a message each, and gives the items' ids.
func (f *fixture) fillWith(n int) (ids []string) {
	f.t.Helper()
	report := demoReport(f.t, "01-credential-phish.eml")
	for i := range n {
		one := bytes.ReplaceAll(report, []byte("<demo-01."), fmt.Appendf(nil, "<run-%d.", i))
		one = bytes.ReplaceAll(one, []byte("c1a0"), fmt.Appendf(nil, "%04x", i))
		ids = append(ids, f.put(envelope(), one))
	}
	return ids
}

// onEveryEngine runs a test on the queue of one machine and on the one in memory.
func onEveryEngine(t *testing.T, run func(t *testing.T, f *fixture)) {
	t.Run("bolt", func(t *testing.T) { run(t, newFixture(t)) })
	t.Run("memory", func(t *testing.T) { run(t, newMemoryFixture(t, memory.New(nil), "")) })
}

// stopAmidst runs the pipeline, and stops it when all of its items are being scored. With held they stay so for ever.
func (f *fixture) stopAmidst(held bool) (c *crowd) {
	f.t.Helper()
	ctx, cancel := context.WithCancel(f.t.Context())
	defer cancel()
	c = &crowd{letGo: make(chan struct{})}
	c.all.Add(inFlight)
	f.p.o.InFlight, f.p.o.Scorer = inFlight, scorerFunc(c.score)
	if f.p.o.Grace = time.Hour; held {
		f.p.o.Grace = time.Nanosecond
	}
	go func() {
		c.all.Wait()
		cancel()
		if !held {
			close(c.letGo)
		}
	}()
	if err := f.p.Run(ctx); err != nil {
		f.t.Fatal(err)
	}
	return c
}

// once fails unless each message was applied once, as many as there are.
func (f *fixture) once(want int) {
	f.t.Helper()
	counts, err := f.store.Counts(f.t.Context(), "")
	if err != nil || counts.Processed != want || counts.Records != want {
		f.t.Errorf("%d reports are processed, %d records, %v; want %d of each", counts.Processed, counts.Records, err,
			want)
	}
	records, err := f.store.Records(f.t.Context(), store.RecordFilter{Limit: 2 * want})
	if err != nil || len(records) != want {
		f.t.Fatalf("%d records, %v; want %d", len(records), err, want)
	}
	for _, r := range records {
		if len(r.Variants) != 1 || r.MoreVariants > 0 {
			f.t.Errorf("record %s has %d forms", r.ID, len(r.Variants))
		}
	}
}

// left are the states of what is in the queue still.
func (f *fixture) left(ids []string) map[queue.State]int {
	f.t.Helper()
	left := map[queue.State]int{}
	for _, id := range ids {
		it, err := f.queue.Get(f.t.Context(), id)
		if errors.Is(err, queue.ErrNotFound) {
			continue
		}
		if err != nil || it.Crashes != 0 {
			f.t.Errorf("item %s: %d crashes, %v", id, it.Crashes, err)
		}
		left[it.State]++
	}
	return left
}

// A stop while as many items are scored as can be finishes all of them, each once, and begins no other.
func TestRun_stopFinishesAllThatIsInFlight(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, f *fixture) {
		ids := f.fillWith(inFlight + 20)
		f.stopAmidst(false)
		if left := f.left(ids); left[queue.Ready] != 20 || len(left) != 1 {
			t.Errorf("left are %v, want 20 that are ready", left)
		}
		f.once(inFlight)
	})
}

// What ends after the grace of a stop, such as that a file could not be read because its process was ended with the
// daemon, is no verdict: nothing of it is written, and the next start judges the message.
func TestRun_whatEndsAfterTheStopIsNotWritten(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, f *fixture) {
		ids := f.fillWith(inFlight)
		stuck := f.stopAmidst(true)
		close(stuck.letGo)
		f.p.settled(t)
		f.once(0)
		if left := f.left(ids); left[queue.Ready] != inFlight || len(left) != 1 {
			t.Errorf("left are %v, want %d that are ready", left, inFlight)
		}
	})
}

// Where none of them ends in time, all are given back and the stop ends; the next start finishes each once, and what
// the stuck ones find after all changes nothing.
func TestRun_stopGivesBackAllThatIsStuck(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, f *fixture) {
		ids := f.fillWith(inFlight)
		stuck := f.stopAmidst(true)
		if left := f.left(ids); left[queue.Ready] != inFlight {
			t.Errorf("left are %v, want %d that are ready", left, inFlight)
		}
		next := New(f.p.o)
		next.o.Scorer, next.o.Grace = scorerFunc(func(context.Context, score.Message) (score.Result, error) {
			return result(verdict.Clean), nil
		}), time.Hour
		ctx, cancel := context.WithCancel(t.Context())
		var ended sync.WaitGroup
		ended.Add(inFlight)
		next.o.Done = func(store.Record) { ended.Done() }
		go func() { ended.Wait(); cancel() }()
		if err := next.Run(ctx); err != nil {
			t.Fatal(err)
		}
		if left := f.left(ids); len(left) != 0 {
			t.Errorf("after the next start are left %v", left)
		}
		f.once(inFlight)
		close(stuck.letGo)
		f.p.settled(t)
		f.once(inFlight)
	})
}

// settled waits until no worker is at any item.
func (p *Pipeline) settled(t *testing.T) {
	t.Helper()
	for range 200_000 {
		if len(p.progress.left()) == 0 {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatal("workers are at items still")
}
