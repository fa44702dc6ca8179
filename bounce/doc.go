// Package bounce composes the non-delivery report and delivers it to the alternate mailbox; it never bounces a bounce.
//
// A report that cannot be carried through is given up in the queue (C5), which leaves a bounce row there. This package
// reads the rows that are due, wraps the whole report into an RFC 3464 report and sends it by SMTP to the tenant's
// alternate mailbox, through the configured relay or the domain's MX, over verified TLS. Mail for the postmaster takes
// the same way to its configured address.
//
// Reads: due bounce rows of the queue, the report's bytes from the spool.
//
// Writes: the outcome of each attempt into the bounce row.
//
// Invariants:
//
//	I1 a bounce leaves the queue's list of work only after the next server answered 250
//	I2 the Message-ID follows from the bounce's identity, so that a copy sent after a lost answer can be told
//	I3 the reverse-path is null, so that nothing can be bounced back
//	I4 the report arrives byte-exact: as message/rfc822 where its bytes survive SMTP's lines, or where the mailbox's
//	   own server takes them as they are (BDAT with BINARYMIME), else base64 as application/octet-stream
//	I5 no byte leaves over a connection whose certificate was not verified (a loopback relay may be exempt)
//
// On failure: the bounce stays and is tried again after 1, 5, 15, 30 minutes, 1, 2, 4, 8 hours, then every 8 hours.
// After five days it counts as stuck: listed, alerted, and tried daily. It never expires.
//
// Standards: RFC 3464 (delivery status), RFC 6522 (multipart/report), RFC 3834 (automatic responses), RFC 5321, RFC
// 3207, RFC 3030 (CHUNKING, BINARYMIME).
package bounce
