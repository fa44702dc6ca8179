//go:build !failpoint

package daemon

import "clawback/queue"

// commitOrder leaves C1 in its order: first durable, then the 250.
func commitOrder(tx queue.Draft) queue.Draft { return tx }
