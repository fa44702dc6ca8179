// Package smtpload sends mail to a server over STARTTLS, by BDAT or DATA, over many sessions at once, and measures.
//
// Run is the loader of the benches and of the crash test: its result lists every message that got a 250, which is what
// the server has to have kept, whatever happened to it afterwards. Conn is one connection, for tests that speak SMTP
// line by line.
//
// Reads, Writes: its sockets.
//
// Invariants:
//   - I1: a message is listed as accepted only after its whole final reply was read.
//   - I2: a message that was sent, but whose reply was not read, is listed as unanswered: the server may have kept it.
//
// On failure: a connection that breaks ends its session, and the error is in the result; the others go on.
//
// Standards: RFC 5321, 2920 (PIPELINING), 3030 (CHUNKING), 3207 (STARTTLS).
package smtpload
