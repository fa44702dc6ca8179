// Package retract is the engine of retraction: the state machine that carries intents out, and a person's orders.
//
// For each tenant a scheduler reads what is due and starts workers, each of which carries one intent a step further:
// verify what is in doubt, resolve the address, find the messages, prove that they are the record's, look at the brake,
// act. A restore is an intent like any other. What all states of a step share is in step.go; each state is a type in a
// file of its own. What is decided, proven and bounded has rooms of its own: retract/policy, retract/match,
// retract/brake and retract/limit.
//
// In: intents that are due, from the store (C2, or an order). Out: moves in mailboxes, and what came of them, written
// to the store (C3, C4).
//
// Reads: intents, records and counts from the store; the tenant's configuration; stored originals, where a message can
// be proven in no other way; the mailbox system through exchange.Mailboxes.
//
// Writes: intents and attempts at C3 and C4; operators' acts. Moves messages, through exchange.Mailboxes.
//
// Invariants:
//
//	I1  The right message or none: nothing is moved that retract/match has not proven, or a person has not approved by
//	    id.
//	I2  No action lowers a message's rank (exchange.Rank). Only a restore does, for what a retraction took.
//	I3  Before each call that changes something, the attempt is durable and the intent says Unknown (C3). It says so
//	    until the answer is durable (C4). Unknown is verified, never repeated: a crash and a lost answer are one case.
//	I4  No automatism touches a pinned record, an exempt mailbox, or anything while the tenant is in dry-run mode.
//	I5  What the brake lets through is counted at C3; a race of workers cannot overshoot.
//	I6  No request is sent before the server's Retry-After is over, whichever call met it, after a restart either; nor
//	    to the login service before its own is. It counts as no failure, nor does what a whole service that is away
//	    fails.
//	I7  Policy and machine may write one intent at the same time: the policy's decision and the machine's finding are
//	    both kept.
//	I8  Nothing is begun for a bulk job that is paused or being called off (Suspend), as retract/job says.
//	I9  What a person has brought back is never taken again by itself: a message that an intent has moved, and that
//	    lies in sight again. What may be such a one is held.
//
// On failure: a Fault becomes an outcome of the intent, or a later try, by the tables of schedule.go. Authentication
// trouble pauses the tenant, and so does a service that is away, with one alert each. A person is told of what goes on
// failing. When the store cannot be written nothing new is begun.
//
// Standards: Microsoft Graph, message: move, permanentDelete, immutable ids; Microsoft Graph throttling limits (Outlook
// service limits).
package retract
