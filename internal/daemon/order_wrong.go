//go:build failpoint

package daemon

import (
	"time"

	"clawback/internal/failpoint"
	"clawback/smtpd"
)

// arrange can put C1 in the wrong order (failpoint c1.answer-early), so that the crash tests can prove that they see it.
func arrange(tx smtpd.Transaction) smtpd.Transaction { return hasty{tx} }

type hasty struct{ smtpd.Transaction }

// Commit answers first and makes durable later when the failpoint is set.
func (h hasty) Commit() (string, error) {
	if failpoint.Hit("c1.answer-early") == nil {
		return h.Transaction.Commit()
	}
	go func() {
		time.Sleep(20 * time.Millisecond)
		h.Transaction.Commit()
	}()
	return "early", nil
}
