// Package brake bounds how many verdicts of delivered messages are replaced without a person, and says what counts.
//
// What counts is what a change does in the mailboxes: what takes messages away, what leaves them there that would have
// been taken, and what does neither have a limit each, so that changes which anybody can bring about do not hold those
// that matter. Of each limit one campaign has a part, as in package retract/brake.
//
// In: a tenant's policy, a record as it is and as it would be. Out: the effect, and the limit that it would pass.
//
// Reads, Writes: nothing; whoever counts keeps the Tally.
//
// Invariants:
//   - I1 A change that does nothing in any mailbox uses nothing of what the others are allowed.
//   - I2 A campaign cannot use up what is left to others.
//
// On failure: there is none.
//
// Standards: docs/operations.md.
package brake
