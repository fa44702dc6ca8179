// Package fault is the vocabulary of failures of the mailbox system: what happened, and what is to be done about it.
//
// One vocabulary serves retries, metrics and the command line. A [Fault] has a [Class] (retry it after a while, give
// up, gone, unknown, authentication) and a code; decisions are made by these, never by the sentence beside them. A
// [Gate], which a caller puts into a context, is asked before each request: an implementation sends nothing that a
// server asked not to.
//
// Reads: nothing. Writes: nothing.
//
// Invariants:
//
//	I1  A Fault holds no token, no subject and no body.
//	I2  Unknown means that the request may have been carried out: it is verified before it is repeated.
//
// On failure: it is the failure.
//
// Standards: Microsoft Graph error responses; throttling guidance (Retry-After).
package fault
