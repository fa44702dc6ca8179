package confined

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// process is one child, and its two pipes. One request at a time uses it.
type process struct {
	cmd     *exec.Cmd
	in, out *os.File
	ended   chan struct{} // closed when it has ended
	exit    error         // how; to be read after ended is closed
	jobs    int           // requests that it has answered
	filter  string        // why there is no filter of system calls; "" when there is one
}

const (
	startTime = 20 * time.Second       // until a child says hello: it takes some 20 ms
	pipeSize  = 1 << 20                // bytes on their way, where the kernel allows it: large files cost fewer turns
	tick      = 200 * time.Millisecond // between two looks at what a request has used
)

// start runs a child and waits until it is ready.
func start(program Program) (*process, error) {
	p := &process{ended: make(chan struct{})}
	if err := p.run(program); err != nil {
		return nil, fmt.Errorf("start the process that looks into files: %w", err)
	}
	var h hello
	b := &budget{ctx: context.Background(), wall: time.Now().Add(startTime), child: p, cpu: startTime, now: time.Now}
	err := readFrame(reader{p.out, b}, 1<<10, &h)
	if err == nil && h.Version != version {
		err = fmt.Errorf("it speaks version %d, not %d: the program was replaced while it ran", h.Version, version)
	}
	if err != nil {
		p.kill()
		return nil, fmt.Errorf("start the process that looks into files: %w", p.why(err))
	}
	p.filter = h.Filter
	return p, nil
}

// run starts the program with nothing but two pipes: no environment, no other open file, in a process group of its own,
// so that a terminal's signals do not reach it.
func (p *process) run(program Program) error {
	theirIn, in, err := os.Pipe()
	if err != nil {
		return err
	}
	defer theirIn.Close()
	out, theirOut, err := os.Pipe()
	if err != nil {
		in.Close()
		return err
	}
	defer theirOut.Close()
	p.in, p.out = in, out
	for _, f := range []*os.File{in, out} {
		widen(f)
	}
	// Opened here: the thread that starts the child may open nothing to write.
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		p.close()
		return err
	}
	defer null.Close()
	p.cmd = &exec.Cmd{Path: string(program), Args: []string{"clawback", argument}, Env: environment(), Dir: "/",
		Stdin: theirIn, Stdout: theirOut, Stderr: null,
		SysProcAttr: &syscall.SysProcAttr{Setpgid: true}}
	if err := startRestricted(p.cmd); err != nil {
		p.close()
		return err
	}
	// Where the machine has no memory left, a child goes before the daemon.
	_ = os.WriteFile(fmt.Sprintf("/proc/%d/oom_score_adj", p.cmd.Process.Pid), []byte("1000"), 0)
	go func() {
		p.exit = p.cmd.Wait()
		close(p.ended)
	}()
	return nil
}

// startRestricted starts a program on a thread that is restricted before, and ends with it.
func startRestricted(cmd *exec.Cmd) error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with this goroutine
		restrictThread()
		started <- cmd.Start()
	}()
	return <-started
}

func widen(f *os.File) {
	if raw, err := f.SyscallConn(); err == nil {
		_ = raw.Control(func(fd uintptr) { _, _ = unix.FcntlInt(fd, unix.F_SETPIPE_SZ, pipeSize) })
	}
}

func (p *process) close() {
	_ = p.in.Close()
	_ = p.out.Close()
}

// kill ends the child at once and waits until it is gone.
func (p *process) kill() {
	p.endNow()
	p.close()
}

func (p *process) endNow() {
	_ = p.cmd.Process.Kill()
	<-p.ended
}

func (p *process) hasEnded() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// why adds to an error how the child ended, where it did so by itself.
func (p *process) why(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.EPIPE) {
		return fmt.Errorf("%w (%v)", errEnded, p.exit)
	}
	return err
}

// cpu is the computing time that the child has used so far.
func (p *process) cpu() (time.Duration, error) {
	if p.hasEnded() {
		return 0, errEnded
	}
	var t unix.Timespec
	clock := int32(^p.cmd.Process.Pid<<3 | 2) // clock_getcpuclockid(3): CPUCLOCK_SCHED of a process
	if err := unix.ClockGettime(clock, &t); err != nil {
		return 0, err
	}
	return time.Duration(t.Nano()), nil
}

// What can become of a request.
var (
	errEnded   = errors.New("the process ended")
	errCPU     = errors.New("it took more computing time than any honest file needs")
	errSlow    = errors.New("it was not done in time")
	errStopped = errors.New("the message's time was over")

	errNotStarted = errors.New("there is no process for it")
)

// budget is what a request may use. The computing time is what counts; the wall clock is for a child that does not
// compute.
type budget struct {
	ctx   context.Context
	child *process
	cpu   time.Duration // computing time of the child at which its budget ends
	wall  time.Time
	now   func() time.Time
	next  time.Time // when to look at it again
}

// spent says which bound was reached.
func (b *budget) spent(now time.Time) error {
	if used, err := b.child.cpu(); err == nil && used > b.cpu {
		return errCPU
	}
	switch {
	case b.ctx.Err() != nil:
		return errStopped
	case now.After(b.wall):
		return errSlow
	}
	return nil
}

// due reports whether it is time to look at the budget again.
func (b *budget) due(now time.Time) bool {
	if now.Before(b.next) {
		return false
	}
	b.next = now.Add(tick)
	return true
}

// reader reads from a child until the budget is spent.
type reader struct {
	pipe *os.File
	*budget
}

func (r reader) Read(p []byte) (int, error) { return r.carry(p, r.pipe.SetReadDeadline, r.pipe.Read) }

// writer writes to a child until the budget is spent.
type writer struct {
	pipe *os.File
	*budget
}

func (w writer) Write(p []byte) (done int, err error) {
	for done < len(p) && err == nil {
		var n int
		n, err = w.carry(p[done:], w.pipe.SetWriteDeadline, w.pipe.Write)
		done += n
	}
	return done, err
}

// carry reads or writes something. It looks at the budget now and then, also where the child goes on byte by byte.
func (b *budget) carry(p []byte, until func(time.Time) error, do func([]byte) (int, error)) (int, error) {
	for {
		now := b.now()
		if b.due(now) {
			if err := b.spent(now); err != nil {
				return 0, err
			}
		}
		_ = until(time.Now().Add(b.next.Sub(now)))
		n, err := do(p)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			err = nil
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}
