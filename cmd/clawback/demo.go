package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/term"

	"clawback/internal/demo"
)

type demoCmd struct {
	Reports string `type:"existingdir" placeholder:"DIR" help:"Show these journal reports (*.eml) instead of the made-up ones."`
	Keep    bool   `help:"Leave everything running at the end, and say what to try next."`

	Limit time.Duration `hidden:"" help:"After this what is not as expected counts as failed; 28s if not given."`
}

func (c demoCmd) Run(a *app) error {
	binary, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	// A terminal that is closed ends it in order too.
	ctx, stop := signal.NotifyContext(a.ctx, syscall.SIGHUP)
	defer stop()
	out, ctx, release := untilClosed(ctx, a.raw)
	defer release()
	o := demo.Options{Binary: binary, Reports: c.Reports, Keep: c.Keep, Limit: c.Limit, Out: out}
	if f, is := a.raw.(*os.File); is && isTerminal(f) && os.Getenv("TERM") != "dumb" {
		o.Live, o.Colour = true, os.Getenv("NO_COLOR") == "" // https://no-color.org
		o.Width = func() (columns, lines int) {
			columns, lines, err := term.GetSize(int(f.Fd()))
			if err != nil {
				return 0, 0
			}
			return columns, lines
		}
	}
	return demo.Run(ctx, o)
}

// openOutput is an output whose reader may go away.
type openOutput struct {
	io.Writer
	closed func()
}

func (o openOutput) Write(p []byte) (int, error) {
	n, err := o.Writer.Write(p)
	if errors.Is(err, syscall.EPIPE) {
		o.closed()
	}
	return n, err
}

// untilClosed gives a context that ends when nobody reads the output any more, as in "clawback demo | head": what runs
// is ended then, and its directory removed, where SIGPIPE would end this process alone. release undoes it.
func untilClosed(ctx context.Context, w io.Writer) (out io.Writer, open context.Context, release func()) {
	pipe := make(chan os.Signal, 1) // while it is asked for, the write fails and the process lives; nobody reads it
	signal.Notify(pipe, syscall.SIGPIPE)
	open, cancel := context.WithCancel(ctx)
	return openOutput{w, cancel}, open, func() { signal.Stop(pipe); cancel() }
}
