//go:build failpoint

package daemon

import (
	"time"

	"clawback/internal/failpoint"
	"clawback/smtpd"
)

// commitOrder can put C1 into the wrong order (failpoint c1.answer-early): the crash tests prove that they see it.
func commitOrder(tx smtpd.Transaction) smtpd.Transaction { return answerEarly{tx} }

type answerEarly struct{ smtpd.Transaction }

// Commit answers first and commits later when the failpoint is set.
func (a answerEarly) Commit() (string, error) {
	if failpoint.Hit("c1.answer-early") == nil {
		return a.Transaction.Commit()
	}
	go func() {
		time.Sleep(20 * time.Millisecond)
		a.Transaction.Commit()
	}()
	return "early", nil
}
