// Package confined looks into attached files in child processes of the same program, which can do nothing else.
//
// Archives, documents and pictures are what a stranger made for a decoder. Whatever one of them makes a decoder do ends
// with the child: it has no network, no files, no environment, bounded memory and computing time, and is killed when a
// bound is reached. Children are kept and used again, each for one message at a time; a message without such files
// needs none.
//
// Reads what a child answers, as foreign data: bounded and checked.
//
// Writes nothing.
//
// Invariants:
//   - I1 Inspect gives a report for every file, whatever a child does. A file that ended its child, or that its child
//     had to be killed over, has the report of its name with Stopped or NotRead.
//   - I2 a file is looked into with the bounds of attach.Limits, which do not depend on the machine; then with a bound
//     on computing time; the wall clock is the last one, for a child that does not compute.
//   - I3 a child can write to its parent and nowhere else (confine.go). What a kernel lacks is left out, and told.
//
// On failure: a file that cannot be looked into is no error; that no child can be started is logged, at Open it is an
// error.
//
// Standards: seccomp(2), landlock(7), getrlimit(2).
package confined

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"clawback/score/attach"
)

// Options of a Pool.
type Options struct {
	Program   Program // what is started, as Main gives it
	Processes int     // at once; 0: 4
	// Computing time for the files of a message; 0: 10 s, several times what attach.Limits allow on a slow machine.
	CPU time.Duration
	// The same by the clock, for a child that does not compute; 0: 50 s. What the files wait for a child is not
	// counted: how long that is follows from others' mail.
	Wall time.Duration
	Log  *slog.Logger     // nil: none
	Now  func() time.Time // nil: time.Now

	// Alert tells a person of a trouble; nil: the log does. It must not block.
	Alert func(event, text string, attrs ...any)
}

func (p *Pool) alert(event, text string, attrs ...any) {
	if p.o.Alert != nil {
		p.o.Alert(event, text, attrs...)
		return
	}
	p.o.Log.Error(text, append([]any{"event", "alert." + event}, attrs...)...)
}

// maxJobs is how many messages a child is used for: what a file may have done to it ends there.
const maxJobs = 1000

// Pool is a few children. Its methods may be called from several goroutines.
type Pool struct {
	o     Options
	slots chan struct{} // one for each child that is in use

	mu     sync.Mutex
	idle   []*process // owned by mu; the last one used is the last
	inUse  map[*process]bool
	closed bool
	spent  time.Duration // computing time of children that are gone
}

// Open starts the first child.
func Open(o Options) (*Pool, error) {
	o.Processes = cmp.Or(o.Processes, 4)
	o.CPU = cmp.Or(o.CPU, 10*time.Second)
	o.Wall = cmp.Or(o.Wall, 50*time.Second)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	p := &Pool{o: o, slots: make(chan struct{}, o.Processes), inUse: map[*process]bool{}}
	first, err := start(o.Program)
	if err != nil {
		return nil, err
	}
	if first.filter != "" {
		o.Log.Warn("no filter of system calls for what looks into files", "event", "inspector.unfiltered",
			"error", first.filter)
	}
	p.idle = []*process{first}
	return p, nil
}

// Close ends the children. Files of messages that are being looked into count as not read.
func (p *Pool) Close() error {
	p.mu.Lock()
	idle := p.idle
	p.idle, p.closed = nil, true
	for child := range p.inUse { // who uses it ends it
		_ = child.cmd.Process.Kill()
	}
	p.mu.Unlock()
	for _, child := range idle {
		child.kill()
	}
	return nil
}

// Inspect looks into the files of a message, those that need a decoder in a child, and takes what they used off the
// limits.
func (p *Pool) Inspect(ctx context.Context, files []attach.File, limits *attach.Limits) []attach.Report {
	b := batch{pool: p, ctx: ctx, limits: limits, reports: make([]attach.Report, len(files)), cpu: p.o.CPU,
		wall: p.o.Wall}
	for i, f := range files {
		if attach.Plain(f) {
			b.reports[i] = attach.Inspect(f, limits)
			continue
		}
		b.files, b.places = append(b.files, f), append(b.places, i)
	}
	b.run()
	return b.reports
}

// CPU is the computing time of all children so far, but for those in use: for measuring.
func (p *Pool) CPU() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	total := p.spent
	for _, child := range p.idle {
		used, _ := child.cpu()
		total += used
	}
	return total
}

// acquire gives a child that nobody uses, a new one where there is none.
func (p *Pool) acquire(ctx context.Context) (*process, error) {
	select {
	case p.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, errStopped
	}
	for {
		child, err := p.pop()
		if err == nil && child == nil {
			child, err = start(p.o.Program)
		}
		if err != nil {
			<-p.slots
			return nil, err
		}
		if !child.hasEnded() {
			p.mu.Lock()
			p.inUse[child] = true
			p.mu.Unlock()
			return child, nil
		}
		child.close()
	}
}

// pop gives an idle child, nil where there is none.
func (p *Pool) pop() (*process, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, fmt.Errorf("%w: the daemon is stopping", errStopped)
	}
	n := len(p.idle)
	if n == 0 {
		return nil, nil
	}
	child := p.idle[n-1]
	p.idle = p.idle[:n-1]
	return child, nil
}

// release takes a child back after a message. One that failed, or has served long enough, is ended.
func (p *Pool) release(child *process, failed bool) {
	defer func() { <-p.slots }()
	child.jobs++
	used, err := child.cpu()
	p.mu.Lock()
	delete(p.inUse, child)
	keep := !failed && !p.closed && child.jobs < maxJobs && err == nil && used < maxCPU*time.Second/2
	if keep {
		p.idle = append(p.idle, child)
	} else {
		p.spent += used
	}
	p.mu.Unlock()
	if !keep {
		child.kill()
	}
}

// maxStopped is how many files of a message may end a child before the others are left alone: two cannot be chance.
const maxStopped = 2

// batch is the files of one message that need a child.
type batch struct {
	pool    *Pool
	ctx     context.Context
	limits  *attach.Limits
	files   []attach.File // those that there is no report of
	places  []int         // of their reports
	reports []attach.Report
	cpu     time.Duration // computing time for the next attempt
	wall    time.Duration // by the clock, for all attempts that are left
	retried bool          // the first of the files has ended a child already
	stopped int           // files that ended a child, or that it had to be killed over
}

func (b *batch) run() {
	for len(b.files) > 0 {
		if b.stopped == maxStopped {
			b.leave("Other files of the message had to be stopped.")
			return
		}
		err := b.attempt()
		switch {
		case err == nil:
		case errors.Is(err, errNotStarted):
			b.leave("No process could be started that looks into it.")
		case errors.Is(err, errCPU):
			b.stop("Looking into it took more computing time than any honest file needs, and was stopped.")
			b.cpu /= 2
		case errors.Is(err, errEnded), errors.Is(err, errMalformed):
			b.ended()
		default:
			b.leave("It could not be looked into in time.")
		}
	}
}

// attempt hands the files that are left to a child.
func (b *batch) attempt() error {
	child, err := b.pool.acquire(b.ctx)
	if err != nil {
		if errors.Is(err, errStopped) {
			return err
		}
		b.pool.alert("inspector.failed", "No process that looks into attached files could be started: they are "+
			"not looked into.",
			"error", err)
		return fmt.Errorf("%w: %v", errNotStarted, err) // that a child ends at its start is no file's doing
	}
	err = b.exchange(child)
	if err != nil {
		kind := attach.Sniff(b.files[0].Body) // exchange has taken off those that were answered
		child.endNow()
		err = child.why(err)
		b.pool.o.Log.Warn("the process that looked into a file was ended", "event", "inspector.ended", "kind", kind,
			"error", err)
	}
	b.pool.release(child, err != nil)
	return err
}

// exchange sends a child the files, and takes the answers off the batch as they come.
func (b *batch) exchange(child *process) error {
	used, err := child.cpu()
	if err != nil {
		return fmt.Errorf("%w: %w", errEnded, err)
	}
	now := b.pool.o.Now
	begun := now()
	defer func() { b.wall -= now().Sub(begun) }()
	limit := &budget{ctx: b.ctx, child: child, cpu: used + b.cpu, wall: begun.Add(b.wall), now: now,
		next: begun.Add(tick)}
	if err := b.send(bufio.NewWriterSize(writer{child.in, limit}, 64<<10)); err != nil {
		return err
	}
	from := bufio.NewReaderSize(reader{child.out, limit}, 64<<10)
	for len(b.files) > 0 {
		var a answer
		if err := readFrame(from, maxAnswer, &a); err != nil {
			return err
		}
		if !plausible(a, *b.limits) {
			return errMalformed
		}
		*b.limits = a.Limits
		b.done(a.Report)
	}
	if from.Buffered() > 0 {
		return errMalformed
	}
	return nil
}

func (b *batch) send(to *bufio.Writer) error {
	r := request{Limits: *b.limits}
	for _, f := range b.files {
		size := len(f.Body)
		f.Body = nil
		r.Files = append(r.Files, header{f, size})
	}
	if err := writeFrame(to, r); err != nil {
		return err
	}
	for _, f := range b.files {
		if _, err := to.Write(f.Body); err != nil {
			return err
		}
	}
	return to.Flush()
}

// done takes the report of the first file.
func (b *batch) done(r attach.Report) {
	b.reports[b.places[0]] = r
	b.files, b.places, b.retried = b.files[1:], b.places[1:], false
}

// ended: the first file ended the child. Something from outside may have, so it has a second chance.
func (b *batch) ended() {
	if !b.retried {
		b.retried = true
		return
	}
	b.stop("Looking into it ended the process that did it, twice.")
}

func (b *batch) stop(why string) {
	r := attach.Unopened(b.files[0])
	r.Stopped = why
	b.stopped++
	b.done(r)
}

// leave gives up on all files that are left.
func (b *batch) leave(why string) {
	for len(b.files) > 0 {
		r := attach.Unopened(b.files[0])
		r.NotRead = []string{why}
		b.done(r)
	}
}
