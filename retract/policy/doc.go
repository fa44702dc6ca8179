// Package policy decides what is to be done about a record: which recipients' mailboxes get an intent, with which
// action, and what a person must approve.
//
// In: a record with its verdict, the intents that it has, and the tenant's configuration (Plan); or a person's Order.
// Out: the intents that are new or changed. The store calls Plan inside C2 and Rejudge; the engine calls it where a
// mailbox's group is known, and for the members of a group.
//
// Reads: nothing but what it is given. Writes: nothing; every function is pure, so that the same record, intents and
// configuration give the same plan, and planning twice changes nothing.
//
// Invariants:
//
//	I1  Nothing is planned for a pinned record, or for one that is not scored.
//	I2  What a person asked for is not changed by a verdict.
//	I3  An intent that is in doubt is redirected or called off, never ended: what its attempt did is verified first.
//	I4  Never automatic: a message that only carries a bad one, one that the verdict leaves to a person, one that no
//	    first-hand report tells of, one of a protected sender. These are held.
//	I5  In dry-run mode nothing is pending: the intent is skipped, and says what it would have done.
//
// On failure: there is none.
//
// Standards: docs/policies.md.
package policy
