// Package graphsim is a Microsoft Graph that behaves as the real one does, faults included; for tests and
// `clawback demo`.
//
// It serves, over HTTPS with a certificate authority of its own, the login endpoint and the part of Graph v1.0 that
// retraction needs: users, groups, contacts, organization, mail folders and messages. It is nasty by default: it
// throttles, answers each 5xx and cuts connections before or after acting, answers HTML and empty error objects,
// revokes tokens, answers 404 to ids that are there, fails some messages' moves for good; and its login service
// throttles, asks to wait, and is away. Which call is hit depends on the seed and the call alone, so that a failure can
// be replayed. It also asserts: see Violations.
//
// Reads: nothing.
// Writes: the certificate of its authority to Options.CAFile, when that is named.
//
// Invariants:
//
//	I1  A call is applied or not as its Call says; an answer that was lost is logged as such.
//	I2  A call without a valid token changes nothing.
//	I3  The same seed and the same calls of a mailbox meet the same faults, whatever other mailboxes do.
//	I4  Every message keeps the list of its changes, so that a test can prove that nothing else was touched.
//
// On failure: a request that it does not understand is answered as Graph would, and noted as a violation.
//
// Standards: Microsoft Graph v1.0 (mail, users, groups, organization), OData 4.01 URL conventions (the part that is
// used), RFC 6749 section 4.4 (client credentials), RFC 9110 section 10.2.3 (Retry-After).
package graphsim
