// Package intent has the rules of one intent: the states of the messages that it has moved or tried to, what it can be
// held for, and how it is opened for another round, called off or undone.
//
// In: an intent as the store has it. Out: the intent as it is to be written, which policy decides and the engine
// writes; or the restore that undoes it.
//
// Reads: nothing. Writes: nothing; every function is pure.
//
// Invariants:
//
//	I1  What may have happened is never forgotten: a message in doubt (Trying, Missing) stays listed through rounds.
//	I2  Where a message lay first is kept through all rounds, so that a restore finds the way back.
//	I3  An intent in doubt (Unknown) is not ended here: it is marked as called off, and ends when it has been
//	    verified.
//
// On failure: there is none.
//
// Standards: Exchange Online, Recoverable Items (how long a purged message can be recovered).
package intent
