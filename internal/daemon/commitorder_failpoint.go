//go:build failpoint

package daemon

import (
	"context"
	"time"

	"clawback/internal/failpoint"
	"clawback/queue"
)

// commitOrder can put C1 into the wrong order (failpoint c1.answer-early): the crash tests prove that they see it.
func commitOrder(tx queue.Draft) queue.Draft { return answerEarly{tx} }

type answerEarly struct{ queue.Draft }

// Commit answers first and commits later when the failpoint is set.
func (a answerEarly) Commit(ctx context.Context) (string, error) {
	if failpoint.Hit("c1.answer-early") == nil {
		return a.Draft.Commit(ctx)
	}
	go func() {
		time.Sleep(20 * time.Millisecond)
		a.Draft.Commit(ctx)
	}()
	return "early", nil
}
