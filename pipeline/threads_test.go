package pipeline

import (
	"context"
	"errors"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"clawback/queue"
	"clawback/score"
	"clawback/verdict"
)

// Messages that take long, be it that they compute or that they wait for an engine, hold up no other one, even where
// they are more than there are threads.
func TestRun_slowMessagesHoldUpNobody(t *testing.T) {
	f := newFixture(t)
	ctx, cancel := context.WithCancel(t.Context())
	release := make(chan struct{})
	var inside atomic.Int32
	f.p.o.Scorer = scorerFunc(func(_ context.Context, m score.Message) (score.Result, error) {
		if m.Sender == "warehouse@contoso.example" {
			return result(verdict.Clean), nil
		}
		if inside.Add(1)%8 == 0 {
			spin(func() bool { return closed(release) })
		}
		<-release
		return result(verdict.Clean), nil
	})
	slow := int32(3 * runtime.GOMAXPROCS(0))
	for range slow {
		f.put(envelope(), demoReport(t, "01-credential-phish.eml"))
	}
	ended := make(chan error, 1)
	go func() { ended <- f.p.Run(ctx) }()
	for inside.Load() < slow {
		time.Sleep(time.Millisecond)
	}
	id := f.put(envelope(), demoReport(t, "04-colleague.eml"))
	for finished := false; !finished; time.Sleep(time.Millisecond) {
		_, err := f.queue.Get(t.Context(), id)
		finished = errors.Is(err, queue.ErrNotFound)
	}
	close(release)
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// A thread goes from one stage to the next, and no stage is run twice or by two.
func TestThreads_runEachStageOnce(t *testing.T) {
	const stages = 1000
	threads := &threads{most: 2}
	var running, most, ran atomic.Int32
	done := make(chan struct{}, stages)
	for range stages {
		threads.begin(&staged{run: func() {
			n := running.Add(1)
			for was := most.Load(); n > was && !most.CompareAndSwap(was, n); was = most.Load() {
			}
			runtime.Gosched()
			running.Add(-1)
			ran.Add(1)
			done <- struct{}{}
		}})
	}
	for range stages {
		<-done
	}
	if ran.Load() != stages || most.Load() > 2 {
		t.Errorf("%d were run, %d at once; want %d, 2 at once", ran.Load(), most.Load(), stages)
	}
}

// Another thread takes the place of one whose stage takes long, and of no other.
func TestThreads_replace(t *testing.T) {
	threads := &threads{most: 1}
	hold, done := make(chan struct{}), make(chan string, 3)
	long := &staged{run: func() { <-hold; done <- "long" }}
	next := &staged{run: func() { done <- "next" }}
	threads.begin(long)
	threads.begin(next)
	began := func(ago time.Duration) {
		threads.mu.Lock()
		defer threads.mu.Unlock()
		long.began = time.Now().Add(-ago)
	}
	began(-time.Hour)
	if threads.replace(next) || threads.replace(long) {
		t.Error("one was replaced that waits, or has just begun")
	}
	if began(slowAfter); !threads.replace(long) {
		t.Error("one that takes long was not replaced")
	}
	if got := <-done; got != "next" {
		t.Errorf("%s has ended first", got)
	}
	close(hold)
	if got := <-done; got != "long" {
		t.Errorf("%s has ended then", got)
	}
	last := &staged{run: func() { done <- "last" }}
	threads.begin(last)
	got := <-done
	threads.mu.Lock()
	defer threads.mu.Unlock()
	if got != "last" || threads.alive != 1 {
		t.Errorf("%s has ended last; %d threads count", got, threads.alive)
	}
}

// Who looks at a stage that has just ended takes no place from its thread, which has gone on: with each such look there
// would be one thread more than there are processors for.
func TestThreads_replaceWhatHasEnded(t *testing.T) {
	threads := &threads{most: 1}
	done := make(chan struct{}, 1)
	for range 100 {
		s := &staged{run: func() { done <- struct{}{} }}
		threads.begin(s)
		<-done
		for idle := 0; idle == 0; runtime.Gosched() {
			threads.mu.Lock()
			idle, s.began = len(threads.idle), time.Now().Add(-time.Hour)
			threads.mu.Unlock()
		}
		if threads.replace(s) {
			t.Fatal("the thread of a stage that has ended was replaced")
		}
	}
	threads.mu.Lock()
	defer threads.mu.Unlock()
	if threads.alive != 1 || len(threads.idle) != 1 {
		t.Errorf("%d threads count, %d are idle; want 1", threads.alive, len(threads.idle))
	}
}
