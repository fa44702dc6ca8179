// Package brake bounds how many mailboxes are acted upon: for one message, in an hour, in an hour by the last hour's
// mail, and of these a part for one campaign. What passes a limit waits for a person.
//
// In: an intent that is about to move a message, the tenant's limits, and the store's count of what was acted upon.
// Out: a reservation, or the limit that one more mailbox would pass (Overrun), with a sentence for a person.
//
// Reads: the counts, through Ledger. Writes: nothing; a reservation lasts until the store counts the mailbox (C3) or
// the step is over.
//
// Invariants:
//
//	I1  Reservations are made under one lock, so that a race of workers cannot overshoot a limit.
//	I2  What a person asked for or approved passes, and is not counted.
//	I3  A campaign cannot use up what the limits in all leave to others.
//
// On failure: a count that cannot be read is an error, never a free pass.
//
// Standards: docs/policies.md.
package brake
