// Package match is the identity check: whether a message of a mailbox is the one that a record is about.
//
// In: a candidate that has the record's Message-ID, the record, and its stored originals. Out: a Finding: the same,
// with what proves it; different, and never moved; or uncertain, and held for a person.
//
// Reads: the candidate's headers and content through exchange.Mailboxes; the records that have its ids; the originals.
// Writes: nothing.
//
// Invariants:
//
//	I1  A network message id decides wherever record and message both have one.
//	I2  An id that another record has makes the message that record's, whatever else is equal.
//	I3  Equal content is proof only where neither has an id; where exactly one has, the message is uncertain at most.
//	I4  Several ids prove nothing: one of them may be a stranger's.
//	I5  The same id is no proof where the message speaks against it: another author or date, a subject that has
//	    nothing in common, a delivery long before the first report. Then it is uncertain.
//	I6  Where reports of the record contradict each other, the same id is proof only with the content of a form that
//	    got the record's verdict, and of no milder one. Who knows a journal address can make up a report.
//
// On failure: what cannot be read is an error, and proves nothing; without an original the message is uncertain at
// most.
//
// Standards: X-MS-Exchange-Organization-Network-Message-Id; RFC 5322, section 3.6.4 (Message-ID).
package match
