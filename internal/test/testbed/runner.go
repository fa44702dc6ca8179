package testbed

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
)

// Daemon runs the daemon of a configuration file in this process until ctx ends, and has it read the file again at each
// signal.
type Daemon func(ctx context.Context, config string, log io.Writer, reload <-chan os.Signal) error

// runner is a daemon that runs: a process, or a goroutine of this one.
type runner interface {
	pid() int
	reload()
	stop() // in order
	kill() // at once
}

type process struct{ cmd *exec.Cmd }

// startProcess runs the program, and calls ended when it has ended.
func (b *Bed) startProcess(out *os.File, env []string, ended func(error)) (*process, error) {
	cmd := exec.Command(b.o.Binary, "serve", "--config", b.File("clawback.toml"))
	cmd.Env = append(os.Environ(), env...)
	if b.o.Socket != nil {
		passed, err := b.o.Socket.File()
		if err != nil {
			return nil, fmt.Errorf("pass the listening socket: %w", err)
		}
		defer passed.Close()
		// The process id that sd_listen_fds(3) compares is known to the process itself.
		cmd.Path, cmd.Args = "/bin/sh", append([]string{"sh", "-c", `LISTEN_PID=$$ exec "$0" "$@"`}, cmd.Args...)
		cmd.ExtraFiles = []*os.File{passed}
		cmd.Env = append(cmd.Env, "LISTEN_FDS=1", "LISTEN_FDNAMES=smtp")
	}
	cmd.Stdout, cmd.Stderr = out, out
	// Ctrl-C is for whoever runs the bed, which ends the daemon in order.
	// Where that one is killed, the kernel ends the daemon too.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the daemon: %w", err)
	}
	go func() { ended(cmd.Wait()) }()
	return &process{cmd}, nil
}

func (p *process) pid() int { return p.cmd.Process.Pid }
func (p *process) reload()  { p.cmd.Process.Signal(syscall.SIGHUP) }
func (p *process) stop()    { p.cmd.Process.Signal(syscall.SIGTERM) }
func (p *process) kill()    { p.cmd.Process.Kill() }

type inside struct {
	cancel context.CancelFunc
	hup    chan os.Signal
}

// startInside runs a daemon in this process, and calls ended when it has ended.
func startInside(run Daemon, config, log string, ended func(error)) *inside {
	ctx, cancel := context.WithCancel(context.Background())
	i := &inside{cancel, make(chan os.Signal, 1)}
	go func() {
		out, err := os.OpenFile(log, os.O_WRONLY|os.O_APPEND, 0o600)
		if err == nil {
			err = run(ctx, config, out, i.hup)
			out.Close()
		}
		ended(err)
	}()
	return i
}

func (i *inside) pid() int { return os.Getpid() }
func (i *inside) reload()  { i.hup <- syscall.SIGHUP }
func (i *inside) stop()    { i.cancel() }

func (i *inside) kill() { panic("testbed: a daemon in this process cannot be killed") }
