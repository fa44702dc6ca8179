package main

import (
	"fmt"
	"os"

	"clawback/journal"
)

type unwrapCmd struct {
	Files []string `arg:"" name:"file" help:"Journal reports, as they arrived (message/rfc822)."`
}

func (c unwrapCmd) Run(a *app) error {
	return a.each(c.Files, func(name string) error {
		u, err := unwrap(name)
		if err != nil {
			return err
		}
		if a.json {
			return a.printJSON(u)
		}
		return u.WriteText(a.out)
	})
}

func unwrap(name string) (journal.Unwrapped, error) {
	f, err := os.Open(name)
	if err != nil {
		return journal.Unwrapped{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return journal.Unwrapped{}, err
	}
	if !info.Mode().IsRegular() {
		return journal.Unwrapped{}, fmt.Errorf("not a regular file")
	}
	report, err := journal.Parse(f, info.Size())
	if err != nil {
		return journal.Unwrapped{}, err
	}
	return report.Describe(name), nil
}
