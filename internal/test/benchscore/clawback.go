package main

import (
	"bytes"
	"context"
	"fmt"
	"syscall"
	"time"

	"clawback/score"
	"clawback/score/attach/confined"
	"clawback/verdict"
)

// clawback judges within this process, as bench-score does: Microsoft's verdict is not used. Attached files are looked
// into in a child, as the daemon does it.
type clawback struct {
	scorer *score.Scorer
	files  *confined.Pool // nil: within this process too
}

func newClawback(program confined.Program) (c clawback, err error) {
	var o score.Options
	if !*inline {
		if c.files, err = confined.Open(confined.Options{Program: program, Processes: 1}); err != nil {
			return c, err
		}
		o.Inspector = c.files
	}
	c.scorer, err = score.New(o)
	return c, err
}

func (c clawback) close() {
	if c.files != nil {
		_ = c.files.Close()
	}
}

func (clawback) name() string { return "clawback" }

func (c clawback) judge(ctx context.Context, m message) (bool, error) {
	result, err := c.scorer.Score(ctx, score.Message{
		Original: bytes.NewReader(m.body), Size: int64(len(m.body)), Sender: m.sender, Recipients: m.recipients,
	})
	return result.Disposition != verdict.Clean && result.Disposition != verdict.Bulk, err
}

func (c clawback) cpu() (time.Duration, error) {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return 0, fmt.Errorf("read CPU time: %w", err)
	}
	total := time.Duration(used.Utime.Nano() + used.Stime.Nano())
	if c.files != nil {
		total += c.files.CPU()
	}
	return total, nil
}
