package main

import (
	"fmt"
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
	o := demo.Options{Binary: binary, Reports: c.Reports, Keep: c.Keep, Limit: c.Limit, Out: a.raw}
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
