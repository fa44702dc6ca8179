//go:build !failpoint

package daemon

import "clawback/smtpd"

// commitOrder leaves C1 in its order: first durable, then the 250.
func commitOrder(tx smtpd.Transaction) smtpd.Transaction { return tx }
