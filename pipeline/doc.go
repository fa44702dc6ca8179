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
//
// On failure: see the table in docs/flow.md. A stage that panics or runs over its time is tried three times, then the item
// is quarantined and bounced. Trouble of queue or store ends Run: the daemon restarts from what is durable.
package pipeline
