// Package pipeline is the order of the stages; the only package that knows it.
//
// It claims items from the queue and carries each through: unwrap (journal), attribute, score, commit (C2), finish.
//
// Reads: the queue, the spool's bytes, the configuration of the tenants, sender history.
//
// Writes: the store (C2), the end of each item in the queue.
//
// Invariants:
//
//	I1 an item leaves the queue only after C2, after C5, or into quarantine
//	I2 a report that is not attributed to its tenant drives nothing and bounces nothing
//	I3 a message that the scorer could not judge is never CLEAN: its item waits and is tried again
//	I4 own mail that is journaled back causes neither bounce nor retraction
//	I5 a message that costs more than it may is committed with the verdict of what was read (stage.go), never CLEAN
//	I6 whatever a stage does, Run returns when it is to stop, and the watchdog hears of a stage that goes on
//	   (progress.go)
//
// On failure: see the table in docs/flow.md. A stage that panics is tried three times, then the item is quarantined and
// bounced. An item that ends the process is found out by the queue. Trouble of queue or store ends Run: the daemon
// restarts from what is durable.
package pipeline
