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

// stage runs one stage of an item within a limit of computing time, in a thread that it owns. Its context ends with the
// cause score.ErrOverrun when the time is over.
func stage[T any](p *Pipeline, name string, limit time.Duration, do func(context.Context) (T, error)) (T, error) {
	var o struct {
		value T
		err   error
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	r := &running{stage: name, limit: limit, made: time.Now()}
	done := make(chan struct{})
	s := &staged{run: func() {
		defer close(done)
		defer r.end()
		defer func() {
			if why := recover(); why != nil {
				o.err = panicked{why, string(debug.Stack())}
			}
		}()
		r.begin()
		o.value, o.err = do(ctx)
	}}
	p.threads.begin(s)
	if p.await(r, s, done, cancel) {
		return o.value, o.err
	}
	var none T
	return none, fmt.Errorf("%s: %w", name, errAbandoned)
}

// await waits for the end of a stage, which it tells to end when its time is over. It reports false where the stage is
// given up: what that finds is not looked at any more.
func (p *Pipeline) await(r *running, s *staged, done <-chan struct{}, tell context.CancelCauseFunc) bool {
	every := min(max(r.limit/8, time.Millisecond), time.Second)
	look := time.NewTimer(min(every, slowAfter))
	defer look.Stop()
	for slow := false; ; {
		select {
		case <-done:
			return true
		case <-look.C:
		}
		if slow = slow || p.threads.replace(s); slow {
			look.Reset(every)
		} else {
			look.Reset(min(every, slowAfter))
		}
		switch {
		case r.over(r.limit):
			tell(score.ErrOverrun)
		case r.over(r.limit + r.limit/graceFactor):
			p.abandon(r)
			return false
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

	made      time.Time
	began     atomic.Int64 // how long after that, in nanoseconds; 0: it waits for a thread
	thread    atomic.Int32 // 0 before it begins, and once it has ended
	used      atomic.Int64 // computing time of the thread when it began
	ended     bool         // it was told to end, as its limit asks
	abandoned time.Time
}

func (r *running) begin() {
	runtime.LockOSThread()
	r.began.Store(max(1, int64(time.Since(r.made))))
	r.used.Store(int64(cpuTime(unix.CLOCK_THREAD_CPUTIME_ID)))
	r.thread.Store(int32(unix.Gettid()))
}

func (r *running) end() {
	r.thread.Store(0)
	runtime.UnlockOSThread()
}

// took is for how long the stage has run by the clock.
func (r *running) took() time.Duration {
	began := r.began.Load()
	if began == 0 {
		return 0
	}
	return time.Since(r.made) - time.Duration(began)
}

// over reports whether the stage has gone beyond a limit, once for each.
func (r *running) over(limit time.Duration) bool {
	used, wall := r.computed(), r.took()
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
