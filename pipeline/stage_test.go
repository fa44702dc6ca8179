package pipeline

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"clawback/queue"
	"clawback/score"
	"clawback/store"
	"clawback/verdict"
)

// spin computes until it may stop, as a parser does that has lost its way.
func spin(stop func() bool) {
	for n := 1; ; n++ {
		if n&0xfff == 0 && stop() {
			return
		}
	}
}

// quick is a pipeline whose stages have little time.
func quick(t *testing.T) *fixture {
	f := newFixture(t)
	f.p.o.Limit = 20 * time.Millisecond
	return f
}

// endless gives what a stage asks whether it may stop at last, which is when the test ends.
func endless(t *testing.T) func() bool {
	var over atomic.Bool
	t.Cleanup(func() { over.Store(true) })
	return over.Load
}

func TestStage_givesWhatItFound(t *testing.T) {
	f := quick(t)
	got, err := stage(f.p, "test", time.Minute, func(context.Context) (int, error) { return 7, errors.New("half") })
	if got != 7 || err == nil || overran(err) {
		t.Errorf("%d, %v", got, err)
	}
}

func TestStage_panicIsAnError(t *testing.T) {
	f := quick(t)
	_, err := stage(f.p, "test", time.Minute, func(context.Context) (int, error) { panic("oh") })
	var p panicked
	if !errors.As(err, &p) || !strings.Contains(p.stack, "TestStage_panicIsAnError") {
		t.Errorf("%v", err)
	}
}

// A stage that computes beyond its limit is told to end, and why.
func TestStage_isToldToEnd(t *testing.T) {
	f := quick(t)
	_, err := stage(f.p, "test", 20*time.Millisecond, func(ctx context.Context) (int, error) {
		spin(func() bool { return ctx.Err() != nil })
		return 0, context.Cause(ctx)
	})
	if !errors.Is(err, score.ErrOverrun) || errors.Is(err, errAbandoned) {
		t.Errorf("%v", err)
	}
}

// What counts is what it computes: waiting for a busy machine, or for a disk, is no overrun.
func TestStage_waitingIsNotComputing(t *testing.T) {
	f := quick(t)
	_, err := stage(f.p, "test", 100*time.Millisecond, func(ctx context.Context) (int, error) {
		select {
		case <-time.After(300 * time.Millisecond):
			return 0, nil
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		}
	})
	if err != nil {
		t.Error(err)
	}
}

// In the end the clock on the wall counts too.
func TestStage_doesNotWaitForEver(t *testing.T) {
	f := quick(t)
	_, err := stage(f.p, "test", 10*time.Millisecond, func(ctx context.Context) (int, error) {
		<-ctx.Done()
		return 0, context.Cause(ctx)
	})
	if !errors.Is(err, score.ErrOverrun) {
		t.Error(err)
	}
}

// A stage that does not end is given up, and the watchdog hears of it unless it ends after all.
func TestProbe_stageThatDoesNotEnd(t *testing.T) {
	f := quick(t)
	var over atomic.Bool
	_, err := stage(f.p, "test", 20*time.Millisecond,
		func(context.Context) (int, error) { spin(over.Load); return 0, nil })
	if !errors.Is(err, errAbandoned) {
		t.Fatal(err)
	}
	if err := f.p.Probe(t.Context()); err != nil {
		t.Errorf("at once: %v", err)
	}
	f.p.progress.mu.Lock()
	f.p.progress.abandoned[0].abandoned = time.Now().Add(-2 * stuckTime)
	f.p.progress.mu.Unlock()
	if err := f.p.Probe(t.Context()); err == nil || !strings.Contains(err.Error(), "stage test") {
		t.Errorf("after a while: %v", err)
	}
	over.Store(true)
	for f.p.Probe(t.Context()) != nil {
		time.Sleep(time.Millisecond)
	}
}

func TestProbe_workerThatDoesNotComeOn(t *testing.T) {
	f := quick(t)
	it := queue.Item{ID: "q1"}
	f.p.progress.begin(it, 0)
	if err := f.p.Probe(t.Context()); err != nil {
		t.Errorf("at once: %v", err)
	}
	f.p.progress.items[it.ID] = time.Now().Add(-time.Second)
	if err := f.p.Probe(t.Context()); err == nil || !strings.Contains(err.Error(), "q1") {
		t.Errorf("beyond its bound: %v", err)
	}
	f.p.progress.end(it)
	if err := f.p.Probe(t.Context()); err != nil {
		t.Errorf("once it has ended: %v", err)
	}
}

type scorerFunc func(context.Context, score.Message) (score.Result, error)

func (f scorerFunc) Score(ctx context.Context, m score.Message) (score.Result, error) {
	return f(ctx, m)
}

// A message that costs more than any honest one is committed with the verdict of what was read: neither deferred, nor
// quarantined, nor CLEAN.
func TestJudge_overrunIsCommitted(t *testing.T) {
	stop := endless(t)
	for name, scorer := range map[string]scorerFunc{
		"ends when it is told to": func(ctx context.Context, _ score.Message) (score.Result, error) {
			spin(func() bool { return ctx.Err() != nil })
			return score.Unread("A part of it was not looked at."), nil
		},
		"fails when it is told to": func(ctx context.Context, _ score.Message) (score.Result, error) {
			spin(func() bool { return ctx.Err() != nil })
			return score.Result{}, fmt.Errorf("read message: %w", context.Cause(ctx))
		},
		"does not end at all": func(context.Context, score.Message) (score.Result, error) {
			spin(stop)
			return result(verdict.Clean), nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := quick(t)
			f.p.o.Scorer = scorer
			id := f.put(envelope(), demoReport(t, "01-credential-phish.eml"))
			f.work()
			if it, err := f.queue.Get(t.Context(), id); !errors.Is(err, queue.ErrNotFound) {
				t.Errorf("the item is %s: %s", it.State, it.Reason)
			}
			records, err := f.store.Records(t.Context(), store.RecordFilter{})
			if err != nil || len(records) != 1 {
				t.Fatalf("%d records, %v", len(records), err)
			}
			v := records[0].Verdict
			if v.Disposition != verdict.Suspicious || len(v.Reasons) != 1 || v.Reasons[0].ID != "overrun.message" {
				t.Errorf("%v, %v", v.Disposition, v.Reasons)
			}
		})
	}
}

// The item that the process ended with, again and again, while nothing else was scored: nobody reads it any more.
func TestJudge_itemThatEndsTheProcess(t *testing.T) {
	f := newFixture(t)
	f.scorer = func(score.Message) (score.Result, error) {
		t.Error("it was scored once more")
		return result(verdict.Clean), nil
	}
	f.put(envelope(), demoReport(t, "01-credential-phish.eml"))
	items, err := f.queue.Claim(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	items[0].CrashesAlone, items[0].Reason = queue.MaxCrashes, "the process ended while it was scored"
	if err := f.p.work(t.Context(), items[0]); err != nil {
		t.Fatal(err)
	}
	it, err := f.queue.Get(t.Context(), items[0].ID)
	if err != nil || it.State != queue.Quarantined || it.Cause != queue.CauseCrash {
		t.Errorf("%+v, %v; want it quarantined because of a crash", it, err)
	}
	if list, err := f.queue.Bounces(t.Context(), queue.BounceFilter{}); err != nil || len(list) != 1 {
		t.Errorf("%d bounces, %v; want one", len(list), err)
	}
}

// What is being scored is noted, and no longer once it has ended.
func TestWork_notesWhatIsScored(t *testing.T) {
	f := newFixture(t)
	f.scorer = func(score.Message) (score.Result, error) { return result(verdict.Clean), nil }
	notes := &notedQueue{Queue: f.queue}
	f.p.o.Queue = notes
	id := f.put(envelope(), demoReport(t, "01-credential-phish.eml"))
	f.work()
	if got := strings.Join(notes.calls, " "); got != "start "+id+" finish "+id+" end "+id {
		t.Errorf("%s; want start, finish, end", got)
	}
}

// notedQueue notes in which order an item is begun and ended.
type notedQueue struct {
	queue.Queue
	calls []string
}

func (q *notedQueue) StartScoring(ctx context.Context, id string) (func(), error) {
	end, err := q.Queue.StartScoring(ctx, id)
	q.calls = append(q.calls, "start "+id)
	return func() { q.calls = append(q.calls, "end "+id); end() }, err
}

func (q *notedQueue) Finish(ctx context.Context, id string) error {
	q.calls = append(q.calls, "finish "+id)
	return q.Queue.Finish(ctx, id)
}

// A stop does not wait for a worker that does not come on: its item is given back, and the process can end.
func TestRun_stopsWhateverAWorkerDoes(t *testing.T) {
	f := newFixture(t)
	stop := endless(t)
	ctx, cancel := context.WithCancel(t.Context())
	f.p.o.Grace = 50 * time.Millisecond
	f.p.o.Scorer = scorerFunc(func(context.Context, score.Message) (score.Result, error) {
		cancel()
		spin(stop)
		return result(verdict.Clean), nil
	})
	id := f.put(envelope(), demoReport(t, "01-credential-phish.eml"))
	ended := make(chan error, 1)
	go func() { ended <- f.p.Run(ctx) }()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(time.Minute):
		t.Fatal("Run has not returned")
	}
	if it, err := f.queue.Get(t.Context(), id); err != nil || it.State != queue.Ready || it.Crashes != 0 {
		t.Errorf("%+v, %v; want it ready", it, err)
	}
}
