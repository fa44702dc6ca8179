package main

import (
	"bytes"
	"context"
	"fmt"
	"syscall"
	"time"

	"clawback/score"
	"clawback/verdict"
)

// clawback judges within this process, as bench-score does: Microsoft's verdict is not used.
type clawback struct{ scorer *score.Scorer }

func newClawback() (clawback, error) {
	s, err := score.New(score.Options{})
	return clawback{s}, err
}

func (clawback) name() string { return "clawback" }

func (c clawback) judge(ctx context.Context, m message) (bool, error) {
	result, err := c.scorer.Score(ctx, score.Message{
		Original: bytes.NewReader(m.body), Size: int64(len(m.body)), Sender: m.sender, Recipients: m.recipients,
	})
	return result.Disposition != verdict.Clean && result.Disposition != verdict.Bulk, err
}

func (clawback) cpu() (time.Duration, error) {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return 0, fmt.Errorf("read CPU time: %w", err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano()), nil
}
