package main

import (
	"fmt"
	"os"

	"clawback/internal/demo"
)

type demoCmd struct {
	Reports string `type:"existingdir" placeholder:"DIR" help:"Show these journal reports (*.eml) instead of the made-up ones."`
	Keep    bool   `help:"Leave everything running at the end, and say what to try next."`
}

func (c demoCmd) Run(a *app) error {
	binary, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	live := isTerminal(a.raw)
	return demo.Run(a.ctx, demo.Options{Binary: binary, Reports: c.Reports, Keep: c.Keep, Out: a.raw, Live: live})
}
