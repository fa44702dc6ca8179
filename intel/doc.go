// Package intel puts together what a verdict rests on: scorer, own rules, policies, engines beside it, and corrections.
//
// The scorer is pure: it is handed all that it knows. This package keeps what may change while the daemon runs, and
// hands it to the scorer with each message.
//
// Reads: the configuration, rules/*.toml, the policies and corrections in the store, the engines' answers.
//
// Writes: policies and corrections, as values of the store, each together with its entry in the audit.
//
// Invariants:
//
//	I1 a message is judged by one set of rules and policies, never by half of an old and half of a new one
//	I2 a reload puts all rules in force, or none of them
//	I3 what was added or corrected is durable before the answer says so, and in force for the next message
//	I4 an engine that cannot be asked is named in the verdict, and holds up no message for longer than its time limit
//	I5 a correction of a record takes the place of an earlier one: nothing is learnt twice
//
// On failure: a policy that cannot be read from the store ends the start, for to leave out a block or an allowance
// would be a silent change of every verdict.
package intel
