//go:build !failpoint

package daemon

import "clawback/smtpd"

// arrange leaves C1 in its order: durable first, 250 after.
func arrange(tx smtpd.Transaction) smtpd.Transaction { return tx }
