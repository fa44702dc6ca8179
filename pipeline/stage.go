package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"clawback/score"
)

// A stage reads what a stranger wrote, so it has a bound on its computing time: the same message has the same verdict
// however busy the machine is. The stages are bounded by their own limits long before; this is for what these do not
// foresee. The clock on the wall is for a stage that does not compute, and giving up on one that does not end is the
// last net.

const (
	wallFactor  = 10 // times its computing time that a stage may take by the clock
	graceFactor = 4  // the part of its time that a stage has to end, once it is told to
)

// errAbandoned is of a stage that went on after it was told to end. Its goroutine may still run.
var errAbandoned = errors.New("it did not end when its time was over")

// stage runs one stage of an item within a limit of computing time, in a goroutine and thread of its own. Its context
// ends with the cause score.ErrOverrun when the time is over.
func stage[T any](p *Pipeline, name string, limit time.Duration, do func(context.Context) (T, error)) (T, error) {
	type outcome struct {
		value T
		err   error
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	r := &running{stage: name, limit: limit, began: time.Now()}
	done := make(chan outcome, 1)
	go func() {
		var o outcome
		defer func() { done <- o }()
		defer r.end()
		defer func() {
			if why := recover(); why != nil {
				o.err = panicked{why, string(debug.Stack())}
			}
		}()
		r.begin()
		o.value, o.err = do(ctx)
	}()
	look := time.NewTicker(min(max(limit/8, time.Millisecond), time.Second))
	defer look.Stop()
	for {
		select {
		case o := <-done:
			return o.value, o.err
		case <-look.C:
		}
		switch {
		case r.over(limit):
			cancel(score.ErrOverrun)
		case r.over(limit + limit/graceFactor):
			p.abandon(r)
			var none T
			return none, fmt.Errorf("%s: %w", name, errAbandoned)
		}
	}
}

// panicked is a stage that panicked.
type panicked struct {
	why   any
	stack string
}

func (p panicked) Error() string { return fmt.Sprintf("panic: %v", p.why) }

// running is a stage that runs, and the thread that it has.
type running struct {
	stage string
	limit time.Duration
	began time.Time

	thread    atomic.Int32 // 0 before it begins, and once it has ended
	used      atomic.Int64 // computing time of the thread when it began
	ended     bool         // it was told to end, as its limit asks
	abandoned time.Time
}

func (r *running) begin() {
	runtime.LockOSThread()
	r.used.Store(int64(cpuTime(unix.CLOCK_THREAD_CPUTIME_ID)))
	r.thread.Store(int32(unix.Gettid()))
}

func (r *running) end() {
	r.thread.Store(0)
	runtime.UnlockOSThread()
}

// over reports whether the stage has gone beyond a limit, once for each.
func (r *running) over(limit time.Duration) bool {
	used, wall := r.computed(), time.Since(r.began)
	if used <= limit && wall <= wallFactor*limit {
		return false
	}
	first := limit == r.limit
	if first && r.ended {
		return false
	}
	r.ended = r.ended || first
	return true
}

// computed is the computing time that the stage has used.
func (r *running) computed() time.Duration {
	thread := r.thread.Load()
	if thread == 0 {
		return 0
	}
	const perThread, scheduled = 4, 2 // CPUCLOCK_PERTHREAD_MASK and CPUCLOCK_SCHED of the kernel
	return cpuTime(^thread<<3|perThread|scheduled) - time.Duration(r.used.Load())
}

func cpuTime(clock int32) time.Duration {
	var t unix.Timespec
	if unix.ClockGettime(clock, &t) != nil {
		return 0
	}
	return time.Duration(t.Nano())
}

// bounded stops a parser that reads on after its time.
type bounded struct {
	ctx  context.Context
	r    io.ReaderAt
	read atomic.Int64 // bytes since it last let others go first
}

func bound(ctx context.Context, r io.ReaderAt) *bounded { return &bounded{ctx: ctx, r: r} }

// yieldEvery is how many bytes a stage reads before it lets others go first. Judging a large report takes seconds of
// computing, and small ones that arrive meanwhile are not to wait. It is more than most reports have: a stage owns its
// thread, so that each time costs a change of threads, and at every read these were a quarter of all that the daemon
// computed.
const yieldEvery = 1 << 20

func (b *bounded) ReadAt(p []byte, off int64) (int, error) {
	if b.ctx.Err() != nil {
		return 0, context.Cause(b.ctx)
	}
	if b.read.Add(int64(len(p))) >= yieldEvery {
		b.read.Store(0)
		runtime.Gosched()
	}
	return b.r.ReadAt(p, off)
}
